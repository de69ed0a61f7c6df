"""The shape of a provider's event API: a name, how to sign requests, and how to fetch.

    fetch(api, window) -> pages of items     each item as the provider's webhook would bring it
    store(engine, source, items, now_us)     what became of a page; by default as a webhook

A fetch may be repeated: what is known already changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Engine

from collectors.gaps.calling import Api
from collectors.gaps.storing import Stored, store_as_webhook
from tracer.model import DAY_US, SECOND_US, when


@dataclass(frozen=True, slots=True)
class Access:
    """What proves us to an API: its address without a slash at the end, key and account."""

    url: str
    key: str
    account: str = ""


@dataclass(frozen=True, slots=True)
class Window:
    """A span of time, both ends included, in microseconds."""

    since_us: int
    until_us: int

    @property
    def seconds(self) -> float:
        """Its length."""
        return (self.until_us - self.since_us) / SECOND_US

    def halves(self) -> tuple[Window, Window]:
        """Two windows that share no second."""
        middle = (self.since_us + self.until_us) // 2 // SECOND_US * SECOND_US
        return Window(self.since_us, middle), Window(middle + SECOND_US, self.until_us)

    def parts(self, days: int) -> Iterator[Window]:
        """Windows of so many days at most, oldest first."""
        start = self.since_us
        while start <= self.until_us:
            end = min(start + days * DAY_US - 1, self.until_us)
            yield Window(start, end)
            start = end + 1


def rfc3339(at_us: int) -> str:
    """`2025-11-22T10:00:00Z`, whole seconds."""
    at = when(at_us)
    return (at - timedelta(microseconds=at.microsecond)).strftime("%Y-%m-%dT%H:%M:%SZ")


Fetch = Callable[[Api, Access, Window], Iterator[list[Any]]]
Sign = Callable[[Api, Access], Mapping[str, str]]
Store = Callable[[Engine, str, str, list[Any], int], Stored]


@dataclass(frozen=True, slots=True)
class Repair:
    """A provider's event API.

    `account` says what must stand in `api_account`, "" where nothing must. `kept_days` is how
    far back the API remembers, `per_minute` how many requests it allows.
    """

    provider: str  # as in `provider = …`
    title: str
    url: str
    sign: Sign
    fetch: Fetch
    per_minute: int
    kept_days: int
    account: str = ""
    scope: str = ""  # what the key must be allowed, as the provider calls it
    store: Store = store_as_webhook
