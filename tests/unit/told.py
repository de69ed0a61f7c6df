"""A delivery that is told about: what the tests of the card begin with."""

from __future__ import annotations

from tracer.explain import Told
from tracer.model import Outcome


def told(outcome: Outcome, reply: str = "", **known: str | int) -> Told:
    """A delivery to Jonas with most things known."""
    facts: dict[str, str | int] = {
        "sender": "orders@corp.example",
        "recipient": "j.berg@northwind.example",
        "subject": "Order 20418",
        "message_id": "20418.5b1e@corp.example",
        "host": "mx1",
        "relay": "mx.northwind.example[192.0.2.53]:25",
        "program": "postfix/smtp",
        "last_us": 1_795_330_651_000_000,
    }
    return Told(outcome, reply, **(facts | known))  # type: ignore[arg-type]
