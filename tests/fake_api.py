"""A provider's event API on loopback that answers as was recorded, and can fail on demand."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True)
class Reply:
    """What is answered; `cut` closes the connection in the middle of the body."""

    value: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False


@dataclass
class FakeApi:
    """Its address and what was asked; `failures` are answered first, one a request."""

    url: str
    asked: list[Asked]
    failures: list[Reply]

    def paths(self) -> list[str]:
        """The paths that were asked, in order."""
        return [one.path for one in self.asked]


@contextmanager
def serving(answer: Callable[[Asked, str], Any]) -> Iterator[FakeApi]:
    """A server whose answers `answer(asked, url)` makes: a Reply, or a value for a 200."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._serve()

        def do_POST(self) -> None:
            self._serve()

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            parts = urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            one = Asked(self.command, parts.path, dict(parse_qsl(parts.query)), headers, body)
            fake.asked.append(one)
            made = fake.failures.pop(0) if fake.failures else answer(one, fake.url)
            self._reply(made if isinstance(made, Reply) else Reply(made))

        def _reply(self, reply: Reply) -> None:
            content = json.dumps(reply.value).encode()
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: len(content) // 2] if reply.cut else content)
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    fake = FakeApi(f"http://127.0.0.1:{server.server_port}", [], [])
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
