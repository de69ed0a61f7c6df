"""Similar cases: is it this message alone, or does mail to that place fail altogether?

Looks at what failed by the same cause within two days and has the other end in common:
the provider's servers, the recipients'
domain, the recipient, or the client that we refused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from enum import StrEnum

import msgspec
from sqlalchemy import Connection

from tracer.address import domain_of
from tracer.causes import is_our_store
from tracer.model import DAY_US, NULL_SENDER, Outcome, Row
from tracer.query import with_term
from tracer.store import failures
from tracer.store.failures import Failure
from tracer.store.row_ids import hop_of_row_id

WINDOW_US = 2 * DAY_US
MOST = 300
"""Failures by one cause that are looked through, newest first."""
MOST_DOMAINS = 2
_NO_HOST = frozenset({"", "none", "local", "virtual", "pipe", "discard", "error"})
_OF_ONE_RECIPIENT = frozenset(
    {
        "address_invalid", "mailbox_full", "recipient_disabled", "recipient_moved",
        "recipient_restricted", "recipient_unknown",
    }
)  # fmt: skip
_OF_CONTENT = frozenset(
    {
        "attachment_blocked", "domain_blocklisted", "malware", "message_malformed",
        "message_too_large", "spam_content",
    }
)  # fmt: skip
_KEPT_BACK = frozenset({Outcome.DISCARDED, Outcome.QUARANTINED, Outcome.JUNKED, Outcome.SUPPRESSED})
_SHARED_SUFFIXES = frozenset({"ac", "co", "com", "edu", "gov", "net", "org"})


class Shared(StrEnum):
    """What similar cases have in common beside the cause."""

    PROVIDER = "provider"  # servers of one domain
    DOMAIN = "domain"  # the recipients' domain
    RECIPIENT = "recipient"
    CLIENT = "client"  # who spoke to us


class Similar(msgspec.Struct, frozen=True):
    """Other messages that failed by the same cause at the same other end.

    `messages` and `senders` leave this message out; `is_more`: the walk stopped at its
    bound, so there are more. `first_us` and `last_us` are the times of the first and the
    last failure, this one included; `worked_us` is when mail last got through there, which says
    nothing where the message itself was the reason (`is_about_content`).
    `domains`: recipients' domains with their messages, the most first. `query` finds them
    all within [since_us, until_us).
    """

    cause: str
    shared: Shared
    name: str
    messages: int
    senders: int
    is_more: bool
    first_us: int
    last_us: int
    worked_us: int | None
    is_about_content: bool
    domains: tuple[tuple[str, int], ...]
    query: str
    since_us: int
    until_us: int


def similar(conn: Connection, row: Row, now_us: int) -> Similar | None:
    """The similar cases of a delivery; None where it has no cause or no other end to compare.

    They are those of the two days before `now_us`, or around the message if it is older.
    """
    shared, name = _in_common(row)
    if not row.cause or not name:
        return None
    until_us = max(min(now_us, row.received_us + DAY_US), row.received_us + 1)
    since_us = until_us - WINDOW_US
    walked = failures.failures(conn, row.cause, since_us, until_us, MOST)
    same = _SAME[shared]
    alike = [failure for failure in walked if same(failure) == name]
    return _counted(conn, row, shared, name, alike, len(walked) >= MOST, (since_us, until_us))


def _counted(
    conn: Connection, row: Row, shared: Shared, name: str, alike: list[Failure], is_more: bool,
    window: tuple[int, int],
) -> Similar:  # fmt: skip
    own = hop_of_row_id(row.id)
    others = [failure for failure in alike if failure.hop_id != own]
    times = [row.updated_us, *(failure.at_us for failure in alike)]
    to_domain = {(failure.hop_id, domain_of(failure.recipient)) for failure in others}
    domains = tuple(Counter(domain for _, domain in to_domain if domain).most_common())
    return Similar(
        row.cause,
        shared,
        name,
        len({failure.hop_id for failure in others}),
        len({failure.sender.lower() for failure in others} - {"", NULL_SENDER}),
        is_more,
        min(times),
        max(times),
        failures.last_worked(
            conn,
            _places(row, shared, domains),
            *window,
            relay=name if shared is Shared.PROVIDER else "",
        ),
        row.cause in _OF_CONTENT or row.status in _KEPT_BACK,
        domains,
        with_term(with_term("", "cause", row.cause), _KEYS[shared], name),
        *window,
    )


def _places(row: Row, shared: Shared, domains: tuple[tuple[str, int], ...]) -> list[failures.Place]:
    """Where to look for mail that got through."""
    if shared is Shared.CLIENT:
        return [failures.from_client(row.client)]
    if shared is Shared.RECIPIENT:
        return [failures.to_recipient(row.recipient)]
    asked = [domain_of(row.recipient), *(domain for domain, _ in domains[:MOST_DOMAINS])]
    return [failures.to_domain(domain) for domain in dict.fromkeys(filter(None, asked))]


def _in_common(row: Row) -> tuple[Shared, str]:
    """The other end of a delivery, by the widest name that still means one party."""
    if row.status is Outcome.REJECTED:
        return Shared.CLIENT, row.client
    if row.cause in _OF_ONE_RECIPIENT:
        return Shared.RECIPIENT, row.recipient.lower()
    known = "" if is_our_store(row.relay) else provider(row.relay)
    return (Shared.PROVIDER, known) if known else (Shared.DOMAIN, domain_of(row.recipient))


def provider(relay: str) -> str:
    """The domain that a server's name belongs to: "protection.example"; "" without a name."""
    name = relay.partition("[")[0].partition(":")[0].lower().rstrip(".")
    labels = name.split(".")
    if name in _NO_HOST or len(labels) < 2 or labels[-1].isdigit():
        return ""
    suffixed = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SHARED_SUFFIXES
    return ".".join(labels[-3 if suffixed else -2 :])


_SAME: dict[Shared, Callable[[Failure], str]] = {
    Shared.PROVIDER: lambda failure: provider(failure.relay),
    Shared.DOMAIN: lambda failure: domain_of(failure.recipient),
    Shared.RECIPIENT: lambda failure: failure.recipient.lower(),
    Shared.CLIENT: lambda failure: failure.client,
}
_KEYS = {
    Shared.PROVIDER: "relay",
    Shared.DOMAIN: "todomain",
    Shared.RECIPIENT: "to",
    Shared.CLIENT: "ip",
}
