"""Fetching one page over HTTPS: from addresses that we chose, within a time and a size.

No redirect is followed, no proxy is used, and the system's resolver is not asked.
"""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import time
from collections.abc import Sequence
from typing import Any

from tracer.diagnostics.https import Fetched, Page
from tracer.diagnostics.outbound import Outbound, Refusal

SECONDS = 3.0
LARGEST = 64 * 1024
"""Octets of a policy; RFC 8461, 3.3 advises to set such a limit and names this one."""
_HEAD = 16 * 1024
_CHUNK = 8192
_TRIED = 2  # addresses


class _TooBig(Exception):
    pass


class HttpsDoor:
    """Pages of one run, for `tracer.diagnostics.world.Https`.

    `ca_file`: authorities to trust in place of the system's.
    """

    def __init__(
        self,
        outbound: Outbound,
        *,
        port: int = 443,
        seconds: float = SECONDS,
        ca_file: str = "",
    ) -> None:
        self._outbound = outbound
        self._port = port
        self._seconds = seconds
        self._ca_file = ca_file

    def fetch(self, host: str, addresses: Sequence[str], path: str) -> Page:
        """The page as the first of these addresses gives it; another is tried only where one
        cannot be connected to. Raises nothing."""
        url = f"https://{host}{path}"
        end = time.monotonic() + self._seconds
        page = Page(url=url, outcome=Fetched.NOT_PUBLIC)
        for address in addresses[:_TRIED]:
            refusal = self._outbound.refuses(address)
            if refusal:
                outcome = Fetched.OFF if refusal is Refusal.OFF else Fetched.NOT_PUBLIC
                page = Page(url=url, outcome=outcome, server=address)
                continue
            page = self._timed(host, address, path, end)
            if page.outcome not in (Fetched.REFUSED, Fetched.NO_ROUTE):
                break
        return page

    def _timed(self, host: str, address: str, path: str, end: float) -> Page:
        began, at_us = time.monotonic(), time.time_ns() // 1000
        known = self._answer(host, address, path, end)
        return Page(
            **{"status": 0} | known,
            url=f"https://{host}{path}",
            server=f"{host}[{address}]:{self._port}",
            at_us=at_us,
            took_ms=round((time.monotonic() - began) * 1000, 1),
        )

    def _answer(self, host: str, address: str, path: str, end: float) -> dict[str, Any]:
        try:
            raw = self._raw(host, address, path, end)
        except ssl.SSLCertVerificationError as error:
            return {"outcome": Fetched.CERTIFICATE, "note": error.verify_message}
        except ssl.SSLError as error:
            return {"outcome": Fetched.TLS, "note": error.reason or str(error)}
        except TimeoutError:
            return {"outcome": Fetched.TIMEOUT, "note": f"{self._seconds:g} s"}
        except ConnectionRefusedError as error:
            return {"outcome": Fetched.REFUSED, "note": str(error)}
        except ConnectionError as error:
            return {"outcome": Fetched.CLOSED, "note": str(error)}
        except OSError as error:
            return {"outcome": Fetched.NO_ROUTE, "note": str(error)}
        except _TooBig:
            return {"outcome": Fetched.TOO_BIG, "note": f"> {LARGEST}"}
        return _parsed(raw)

    def _raw(self, host: str, address: str, path: str, end: float) -> bytes:
        context = ssl.create_default_context(cafile=self._ca_file or None)
        with (
            socket.create_connection((address, self._port), _left(end)) as plain,
            context.wrap_socket(plain, server_hostname=host) as connection,
        ):
            ask = (
                f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n"
                "User-Agent: mailtracer\r\nAccept: text/plain\r\n\r\n"
            )
            connection.settimeout(_left(end))
            connection.sendall(ask.encode("ascii"))
            return _all(connection, end)


def _all(connection: ssl.SSLSocket, end: float) -> bytes:
    """Everything until the other side closes, or until the page is whole."""
    raw = b""
    while True:
        connection.settimeout(_left(end))
        came = connection.recv(_CHUNK)
        raw += came
        if not came or _is_whole(raw):
            return raw
        if len(raw) > LARGEST + _HEAD:
            raise _TooBig


def _is_whole(raw: bytes) -> bool:
    """Some servers keep the connection open although they were asked to close it."""
    head, blank, body = raw.partition(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n") if blank else ():
        name, _, value = line.partition(b":")
        if name == b"content-length" and value.strip().isdigit():
            return len(body) >= int(value)
    return False


def _parsed(raw: bytes) -> dict[str, Any]:
    response = http.client.HTTPResponse(_Heard(raw))  # type: ignore[arg-type]
    try:
        response.begin()
        body = response.read(LARGEST + 1)
    except (http.client.HTTPException, OSError, ValueError) as error:
        return {"outcome": Fetched.NOT_HTTP, "note": type(error).__name__}
    if len(body) > LARGEST:
        return {"outcome": Fetched.TOO_BIG, "note": f"> {LARGEST}"}
    return {
        "outcome": Fetched.OK,
        "status": response.status,
        "content_type": response.headers.get_content_type(),
        "location": response.headers.get("Location", ""),
        "body": body.decode("utf-8", "replace"),
    }


class _Heard:
    """Octets in the place of a socket, for the parser of http.client."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw

    def makefile(self, _mode: str) -> io.BytesIO:
        return io.BytesIO(self._raw)


def _left(end: float) -> float:
    left = end - time.monotonic()
    if left <= 0:
        raise TimeoutError("out of time")
    return left
