"""Calling a provider's API: one host, TLS verified, limits kept, refusals told for people.

No redirect is followed and no address on another host is asked, whatever an answer says: the
key goes to the provider and nowhere else.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from email.message import Message
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from typing import Any, NoReturn
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from collectors.webhooks.reading import Unreadable, json_body
from tracer.errors import ConfigError, SourceUnavailable

log = logging.getLogger(__name__)

TIMEOUT_S = 30
"""Nothing heard for this long."""
LONGEST_S = 120
"""A whole answer."""
MOST_OCTETS = 32 * 1024 * 1024
TRIES = 6
LONGEST_WAIT_S = 900
"""More than this is not waited for, whoever asks for it."""
_CHUNK = 65_536
_AGAIN = frozenset({408, 429, 500, 502, 503, 504})
_LOOPBACK = ("127.", "localhost", "[::1]")
Sleep = Callable[[float], None]


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


class Api:
    """Requests to one provider, one after another and not too many a minute."""

    def __init__(
        self, title: str, url: str, *, per_minute: int, scope: str = "", sleep: Sleep = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        parts = urlsplit(url)
        is_near = parts.netloc.startswith(_LOOPBACK)
        if parts.scheme != "https" and not (parts.scheme == "http" and is_near):
            raise ConfigError(f"api_url must begin with https:// ({url}): it is given a key")
        self._title = title
        self._url = url
        self._origin = (parts.scheme, parts.netloc)
        self._scope = scope
        self._pause_s = 60 / per_minute
        self.sleep = sleep
        self._clock = clock
        self._next_at = 0.0
        self._opener = build_opener(_NoRedirects)
        self.headers: Mapping[str, str] = {}
        self.requests = 0

    def get(self, path: str, asked: Mapping[str, object] | None = None) -> Any:
        """The JSON at a path or at an address of the same host. Raises SourceUnavailable."""
        query = f"?{urlencode(asked)}" if asked else ""
        return self._answer(path + query, None)

    def post_form(self, url: str, fields: Mapping[str, str]) -> Any:
        """The JSON that a form is answered with. Raises SourceUnavailable."""
        return self._answer(url, urlencode(fields).encode())

    def _answer(self, path: str, body: bytes | None) -> Any:
        request = Request(self._address(path), data=body, headers=dict(self.headers))
        request.add_header("Accept", "application/json")
        for attempt in range(1, TRIES + 1):
            self._keep_pace()
            try:
                return self._read(request)
            except HTTPError as error:
                with error:
                    wait_s = self._refused(error, attempt)
            except (URLError, OSError, HTTPException) as error:
                wait_s = self._away(str(getattr(error, "reason", "") or error), attempt)
            self.sleep(wait_s)
        raise AssertionError("unreachable")  # pragma: no cover

    def _address(self, path: str) -> str:
        address = path if "://" in path else f"{self._url}/{path.lstrip('/')}"
        if urlsplit(address)[:2] != self._origin:
            raise SourceUnavailable(
                f"{self._title} named a next page on another host ({urlsplit(address).netloc}); "
                "the key is not sent there. Check api_url: it may be that of another region."
            )
        return address

    def _keep_pace(self) -> None:
        late_s = self._next_at - self._clock()
        if late_s > 0:
            self.sleep(late_s)
        self._next_at = self._clock() + self._pause_s

    def _read(self, request: Request) -> Any:
        self.requests += 1
        until = self._clock() + LONGEST_S
        content = bytearray()
        with self._opener.open(request, timeout=TIMEOUT_S) as answer:
            wanted = answer.headers.get("Content-Length", "")
            while chunk := answer.read(_CHUNK):
                content += chunk
                if len(content) > MOST_OCTETS or self._clock() > until:
                    raise SourceUnavailable(f"an answer of {self._title} is too large or too slow")
        if wanted.isdigit() and len(content) < int(wanted):
            raise HTTPException("the answer was cut off")
        try:
            return json_body(bytes(content))
        except Unreadable as error:
            raise SourceUnavailable(
                f"{self._title} did not answer with JSON ({error}). Check api_url."
            ) from error

    def _refused(self, error: HTTPError, attempt: int) -> float:
        if error.code not in _AGAIN:
            self._final(error)
        return self._away(
            f"it answered {error.code} {error.reason}", attempt, _retry_after(error.headers)
        )

    def _away(self, why: str, attempt: int, asked_s: float | None = None) -> float:
        """How long to wait before the next try; raises SourceUnavailable after the last."""
        wait_s = 2.0**attempt if asked_s is None else asked_s
        if attempt == TRIES or wait_s > LONGEST_WAIT_S:
            more = f", and asks to wait {asked_s:.0f} s" if asked_s else ""
            raise SourceUnavailable(
                f"{self._title} cannot be asked now: {why}{more}. What came is stored; run the "
                "same command again later, nothing is told twice."
            )
        log.warning("%s: %s; waiting %.0f s", self._title, why, wait_s)
        return wait_s

    def _final(self, error: HTTPError) -> NoReturn:
        scope = f" It must be allowed: {self._scope}." if self._scope else ""
        told = {
            401: "does not know the key. Check api_key or api_key_file.",
            403: f"does not let this key read events.{scope}",
            404: "has nothing at this address. Check api_url and api_account.",
        }.get(error.code, f"answered {error.code} {error.reason}. Check api_url and api_account.")
        said = error.read(500).decode("utf-8", "replace").strip()
        more = f" It said: {said}" if said else ""
        raise SourceUnavailable(f"{self._title} {told}{more}") from error


def _retry_after(headers: Message[str, str]) -> float | None:
    """Seconds that `Retry-After` asks for (a number, or a date against the answer's own)."""
    asked = headers.get("Retry-After", "").strip()
    if asked.isdigit():
        return float(asked)
    try:
        at, now = parsedate_to_datetime(asked), parsedate_to_datetime(headers.get("Date", ""))
        return max(0.0, (at - now).total_seconds())
    except (ValueError, TypeError):
        return None
