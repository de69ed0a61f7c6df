"""Lines of SMTP over a socket, within a time and a size, whatever the other side does."""

from __future__ import annotations

import re
import socket
import ssl
import time

from tracer.diagnostics.smtp import Reply
from tracer.diagnostics.smtp_tls import peer_chain

_REPLY = re.compile(rb"([2-5][0-9]{2})([ -]?)(.*)", re.DOTALL)
_LONGEST_REPLY = 32 * 1024  # octets; RFC 5321, 4.5.3.1.5 has 512 for a line
_CHUNK = 4096


class NotSmtp(Exception):
    """What came is no reply of RFC 5321, 4.2; the text is its beginning."""


class Wire:
    """A connection that ends `seconds` after it began; every wait is cut there.

    Raises OSError (TimeoutError among them), EOFError when the host hangs up, NotSmtp.
    """

    def __init__(self, address: str, port: int, seconds: float) -> None:
        self._end = time.monotonic() + seconds
        self._pending = b""
        self._socket: socket.socket = socket.create_connection((address, port), seconds)
        self.transcript: list[str] = []

    @property
    def own_address(self) -> str:
        return str(self._socket.getsockname()[0])

    def ask(self, command: str) -> Reply:
        """Say a line and hear the reply."""
        self.say(command)
        return self.hear()

    def say(self, command: str) -> None:
        self._in_time()
        self._socket.sendall(command.encode("utf-8") + b"\r\n")
        self.transcript.append(f"> {command}")

    def hear(self) -> Reply:
        """The next reply, whole."""
        lines: list[str] = []
        size = 0
        while True:
            line = self._line(_LONGEST_REPLY - size)
            size += len(line)
            text = line.decode("utf-8", "replace").rstrip("\r\n")
            self.transcript.append(text)
            match = _REPLY.fullmatch(line.rstrip(b"\r\n"))
            if match is None:
                raise NotSmtp(text[:200])
            lines.append(match[3].decode("utf-8", "replace").strip())
            if match[2] != b"-":
                return Reply(int(match[1]), tuple(lines))

    def start_tls(self, context: ssl.SSLContext, host: str) -> None:
        """Go on under TLS. Raises ssl.SSLError too.

        What the host sent in plain text after its 220 is forgotten (CVE-2011-0411).
        """
        self._pending = b""
        self._in_time()
        self._socket = context.wrap_socket(self._socket, server_hostname=host)

    def session(self) -> tuple[str, str, tuple[bytes, ...]]:
        """TLS version, cipher, and the chain in DER."""
        assert isinstance(self._socket, ssl.SSLSocket)
        cipher = self._socket.cipher()
        return self._socket.version() or "", cipher[0] if cipher else "", peer_chain(self._socket)

    def leave(self, seconds: float) -> None:
        """Say QUIT, wait for the farewell (RFC 5321, 4.1.1.10), close."""
        self._end = time.monotonic() + seconds
        try:
            self.ask("QUIT")
        except (OSError, EOFError, NotSmtp):
            pass  # it closed first
        finally:
            self.close()

    def close(self) -> None:
        self._socket.close()

    def _line(self, most: int) -> bytes:
        while b"\n" not in self._pending:
            if len(self._pending) > most:
                raise NotSmtp("a reply without end")
            self._in_time()
            came = self._socket.recv(_CHUNK)
            if not came:
                raise EOFError
            self._pending += came
        line, _, self._pending = self._pending.partition(b"\n")
        return line

    def _in_time(self) -> None:
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("out of time")
        self._socket.settimeout(left)
