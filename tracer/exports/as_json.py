"""Rows, traces and explanations as the contract's JSON.

Names are those of the types; a time `…_us` becomes `…_at`, RFC 3339 in UTC. Absent text is
"", absent numbers and times are null. The first fields of a row are the contract's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tracer.model import Leg, Row, Trace, when
from tracer.retry import retry

if TYPE_CHECKING:  # rows need no causes, and those take a while to load
    from tracer.explain import Explanation
    from tracer.similar import Similar

FIELDS = (
    "id", "received_at", "updated_at", "status", "cause", "sender", "recipient",
    "original_recipient", "subject", "message_id", "direction", "host", "queue_id", "queue_ids",
    "client", "relay", "size", "attempts", "delay_s", "reply", "enhanced_status", "source",
)  # fmt: skip


def time_text(at_us: int | None) -> str | None:
    """`2026-11-22T10:03:41.250000Z`; the fraction only where there is one."""
    return None if at_us is None else when(at_us).isoformat().replace("+00:00", "Z")


def plain(value: msgspec.Struct) -> dict[str, Any]:
    """A struct as a JSON object."""
    told: dict[str, Any] = {}
    for name, held in msgspec.structs.asdict(value).items():
        if name.endswith("_us"):
            told["at" if name == "at_us" else f"{name.removesuffix('_us')}_at"] = time_text(held)
        else:
            told[name] = held
    return told


def row(value: Row) -> dict[str, Any]:
    """The delivery row of the contract, in its order."""
    values = plain(value)
    return {name: values[name] for name in FIELDS}


def leg(value: Leg) -> dict[str, Any]:
    """A hop with its deliveries; its events are listed beside, for the whole mail."""
    hop = plain(value.hop)
    hop["hop_id"] = str(value.hop.hop_id)  # more digits than a JavaScript number keeps
    return hop | {"deliveries": [plain(delivery) for delivery in value.deliveries]}


def trace(value: Trace, told: Explanation, alike: Similar | None) -> dict[str, Any]:
    """`message deliveries hops events explanation related similar retry`.

    `similar` and `retry` are null where a message has none.
    """
    expected = retry(value)
    return {
        "message": row(value.row),
        "deliveries": [row(sibling) for sibling in value.siblings],
        "hops": [leg(held) for held in value.legs],
        "events": [
            plain(event) | {"raw": event.raw} for held in value.legs for event in held.events
        ],
        "explanation": explanation(told),
        "related": [{"why": kin.why, **row(kin.row)} for kin in value.related],
        "similar": similar(alike) if alike else None,
        "retry": plain(expected) if expected else None,
    }


def similar(alike: Similar) -> dict[str, Any]:
    """Similar cases; a domain is {domain, messages}."""
    domains = [{"domain": domain, "messages": count} for domain, count in alike.domains]
    return plain(alike) | {"domains": domains}


def explanation(told: Explanation) -> dict[str, Any]:
    """The explanation; a step is {what, how}, a reference {text, url}."""
    return plain(told) | {
        "actor": told.side,
        "steps": [{"what": what, "how": how} for what, how in told.steps],
        "reference": [{"text": text, "url": url} for text, url in told.reference],
        "likeliest": [plain(likely) for likely in told.likeliest],
    }
