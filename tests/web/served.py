"""An app's pages on a free port of this machine, for browsers and other programs in tests."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from flask import Flask
from werkzeug.serving import make_server

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """The address of the pages, as long as the block lasts."""
    server = make_server("127.0.0.1", 0, _files_at_once(app), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _files_at_once(app: WSGIApplication) -> WSGIApplication:
    """werkzeug's server leaves a file open whose browser turned to another page meanwhile."""

    def call(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        given = app(environ, start_response)
        if not environ["PATH_INFO"].startswith("/static/"):
            return given
        try:
            return [b"".join(given)]
        finally:
            if close := getattr(given, "close", None):
                close()

    return call
