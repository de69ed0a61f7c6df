"""The knowledge base of causes as data: a list with how often each was seen, and one entry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection

from tracer.causes import Cause, Text, catalog
from tracer.causes import words as say
from tracer.explain import label
from tracer.model import DAY_US
from tracer.store import failures

RECENT_US = 2 * DAY_US
LONG_US = 30 * DAY_US


class Seen(NamedTuple):
    """How many deliveries each cause has, of mail received in the last 48 hours and 30 days."""

    recently: Mapping[str, int]
    lately: Mapping[str, int]


NOTHING = Seen({}, {})


def seen(conn: Connection, now_us: int) -> Seen:
    """Counted up to now."""
    return Seen(
        failures.by_cause(conn, now_us - RECENT_US),
        failures.by_cause(conn, now_us - LONG_US),
    )


def causes(lang: str, counted: Seen) -> list[dict[str, Any]]:
    """Every cause as {id, title, side, severity, last_48h, last_30d}, by id."""
    return [
        {
            "id": id,
            "title": label(id, lang),
            "side": cause.side,
            "severity": cause.severity,
            "last_48h": counted.recently.get(id, 0),
            "last_30d": counted.lately.get(id, 0),
        }
        for id, cause in sorted(catalog().items())
    ]


def cause(held: Cause, lang: str, counted: Seen) -> dict[str, Any]:
    """One cause whole: texts with general nouns in the places of names."""
    (head,) = (each for each in causes(lang, counted) if each["id"] == held.id)
    own = held.text(lang)
    return head | {
        "urgency": held.urgency,
        "side_at_our_door": held.side_at_our_door or held.side,
        **written(own, lang),
        "at_our_door": written(own.at_our_door, lang) if own.at_our_door else None,
        "variants": variants(held),
        "examples": [example.reply for example in held.example],
        "not_examples": [example.reply for example in held.not_example],
        "reference": [{"text": source.text, "url": source.url} for source in held.reference],
        "checks": list(held.checks),
    }


def written(text: Text, lang: str) -> dict[str, Any]:
    """What a text says of any message."""
    values = say.names(lang, {}, say.Manner.FOR_GOOD)
    return {
        "headline": say.fill(text.headline, values),
        "steps": [
            {
                "what": say.fill(step.verb, values),
                "how": say.fill(step.rest, values),
                "when": step.stage,
            }
            for step in text.steps
        ],
        "tell_user": say.fill(text.tell_user, values),
        "tell_their_admin": say.fill(text.tell_their_admin, values),
    }


def variants(held: Cause) -> list[str]:
    """The kinds that a cause's rules tell apart, each once."""
    return sorted({rule.variant for rule in held.match if rule.variant})
