"""The shape of a provider's webhook: a name and three functions, none of which may do I/O.

    verify(request, keys) -> Proof          who sent it; raises WebhookRejected
    split(request) -> [Item, …]             the body's items, each with a pointer to it
    parse(item, request) -> [Reported, …]   what one item tells; may raise whatever it likes

It must not know any provider: those are listed in the package. An item that `parse` cannot
read becomes a dead letter; its siblings live.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from collectors.reported import Reported
from tracer.model import SECOND_US

HOUR_S = 3600
AHEAD_S = 300
"""A signed time may be this far in our future: clocks differ."""


@dataclass(frozen=True, slots=True)
class HookRequest:
    """A request as it came; header names in lower case, the body before anything read it."""

    method: str
    path: str
    headers: Mapping[str, str]
    query: str  # raw, without "?"
    body: bytes
    now_us: int
    remote: str = ""

    def header(self, name: str) -> str:
        """A header's value, "" for none."""
        return self.headers.get(name, "")

    @property
    def media_type(self) -> str:
        """The content type without its parameters, in lower case."""
        return self.header("content-type").partition(";")[0].strip().lower()


@dataclass(frozen=True, slots=True)
class Keys:
    """What a source is proven with; settings of the same names in docs/settings.md."""

    secrets: tuple[str, ...] = ()
    topic_arns: tuple[str, ...] = ()
    cert_dir: Path | None = None
    public_url: str = ""
    may_fetch: bool = True  # certificates of Amazon SNS


@dataclass(frozen=True, slots=True)
class Proof:
    """Who sent a request is known: by which secret, and what makes the request unique.

    `secret` is the one that matched, "" where none is needed. `nonce` is the provider's
    own id of the request; with `covers_body` false the signature says nothing of the body,
    so a nonce that comes again with another body is refused.
    """

    scheme: str
    secret: str = ""
    nonce: str = ""
    covers_body: bool = True


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a body; `pointer` (RFC 6901) tells where it stands, "" is the whole."""

    pointer: str
    value: Any


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that only the provider's hand-shake needs."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)


Verify = Callable[[HookRequest, Keys], Proof]
Split = Callable[[HookRequest], list[Item]]
Parse = Callable[[Item, HookRequest], list[Reported]]
Handshake = Callable[[HookRequest], Answer]
After = Callable[[HookRequest, Keys], str]
"""What is left to do once a request is stored; what it could not do, for people, or ""."""


def nothing_to_say(_: HookRequest) -> Answer:
    """To a HEAD, GET or OPTIONS that only wants to know whether somebody is there."""
    return Answer(204)


@dataclass(frozen=True, slots=True)
class Webhook:
    """A provider's webhook.

    `busy` is the status that makes the provider try again later; `parser` goes up by one
    when `parse` gets better, so that dead letters tell whether trying again is worth it.
    `needs` says what a source of this provider must have: "secrets", "topic_arns" or "".
    """

    name: str  # "sendgrid": the word of `provider = …`
    title: str  # "Twilio SendGrid": as people write it
    verify: Verify
    split: Split
    parse: Parse
    busy: int = 429
    needs: str = "secrets"
    methods: tuple[str, ...] = ("POST",)
    handshake: Handshake = nothing_to_say
    after: After | None = None
    parser: int = 1
    header: str = ""  # what its requests prove themselves with, for people
    may_wait: bool = False  # proving may ask another host, as for a certificate


def seconds(value: float) -> int:
    """Seconds as microseconds."""
    return int(value * SECOND_US)
