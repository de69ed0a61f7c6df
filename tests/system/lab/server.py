"""TCP servers in threads of this process: whatever happens to the lab, they end with it."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Callable
from typing import Self

LOOPBACK = "127.0.0.1"


class Dialogue(socketserver.StreamRequestHandler):
    """One connection as lines: read with `line()`, answer with `say()`."""

    wbufsize = -1

    def line(self) -> str:
        """The next line without its end; `EOFError` when the other side has gone."""
        read = self.rfile.readline(65536)
        if not read:
            raise EOFError
        return read.decode("utf-8", "replace").rstrip("\r\n")

    def say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")
        self.wfile.flush()

    def talk(self) -> None:
        """Speak the protocol until it ends; a closed connection may end it at any point."""
        raise NotImplementedError

    def handle(self) -> None:
        try:
            self.talk()
        except (EOFError, OSError):
            return

    def finish(self) -> None:
        # The other side may have left first; that is part of the play.
        with self.connection:  # TLS puts another socket in the place of the first
            try:
                super().finish()
            except OSError:
                return


class _Threads(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64


class Server:
    """A listening address whose connections are handed to dialogues made by `make`."""

    def __init__(self, make: Callable[..., Dialogue], address: str = LOOPBACK, port: int = 0):
        self._threads = _Threads((address, port), make)
        self.address, self.port = address, int(self._threads.server_address[1])
        self._thread = threading.Thread(
            target=self._threads.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )

    def start(self) -> Self:
        self._thread.start()
        return self

    def stop(self) -> None:
        self._threads.shutdown()
        self._threads.server_close()
