"""A mail host on loopback that says what it is told to, with faults to order.

with MailHost(certificate=authority.issue_cert("mx.example.com")) as host:
    …                       # speak to host.address, host.port
    assert host.heard == ["EHLO …", "STARTTLS", …]
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Mapping
from types import TracebackType

import trustme

USUAL = {
    "": "220 mx.example.com ESMTP",
    "EHLO": "250-mx.example.com\r\n250-SIZE 26214400\r\n250 STARTTLS",
    "STARTTLS": "220 ready",
    "MAIL": "250 2.1.0 Ok",
    "RCPT": "250 2.1.5 Ok",
    "RSET": "250 2.0.0 Ok",
    "QUIT": "221 2.0.0 Bye",
}
SILENCE = "!silence"  # in the place of a reply: nothing comes, the connection stays
HANG_UP = "!hang up"


class MailHost:
    """Replies by the first word of a command; "" is the banner. Any reply may be SILENCE or
    HANG_UP; `drip_s` sends the banner octet by octet, so many seconds apart; `delay_s` is
    waited before each reply and before the TLS handshake."""

    def __init__(
        self,
        replies: Mapping[str, str] | None = None,
        *,
        address: str = "127.0.0.1",
        port: int = 0,
        certificate: trustme.LeafCert | None = None,
        drip_s: float = 0.0,
        delay_s: float = 0.0,
    ) -> None:
        self.replies = {**USUAL, **(replies or {})}
        self.heard: list[str] = []
        self.connections = 0
        self._drip_s = drip_s
        self._delay_s = delay_s
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if certificate is not None:
            certificate.configure_cert(self._context)
        self._listener = socket.create_server((address, port))
        self._open: list[socket.socket] = []
        self._is_over = threading.Event()
        self.address, self.port = self._listener.getsockname()[:2]

    def __enter__(self) -> MailHost:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._is_over.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        for one in (self._listener, *self._open):
            one.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._converse(connection)

    def _converse(self, connection: socket.socket) -> None:
        pending = b""
        if not self._say(connection, ""):
            connection.close()
            return
        while True:
            while b"\n" not in pending:
                came = connection.recv(4096)
                if not came:
                    return
                pending += came
            line, _, pending = pending.partition(b"\n")
            said = line.decode().strip()
            self.heard.append(said)
            word = said.partition(" ")[0].upper()
            if not self._say(connection, word) or word == "QUIT":
                connection.close()
                return
            if word == "STARTTLS" and self.replies[word].startswith("220"):
                if self._delay_s and self._is_over.wait(self._delay_s):
                    return
                connection = self._context.wrap_socket(connection, server_side=True)
                self._open.append(connection)

    def _say(self, connection: socket.socket, word: str) -> bool:
        reply = self.replies.get(word, "502 5.5.2 unknown")
        if self._delay_s and self._is_over.wait(self._delay_s):
            return False
        if reply == HANG_UP:
            return False
        if reply == SILENCE:
            self._is_over.wait()
            return False
        octets = reply.encode() + b"\r\n"
        if word == "" and self._drip_s:
            for place in range(len(octets)):
                if self._is_over.wait(self._drip_s):
                    return False
                connection.sendall(octets[place : place + 1])
            return True
        connection.sendall(octets)
        return not reply.startswith("421")
