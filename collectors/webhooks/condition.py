"""How a webhook source is doing: one word, and which of its secrets are old."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from collectors.webhooks.known import HookSource
from collectors.webhooks.proving import fingerprint_of
from tracer.model import SECOND_US
from tracer.store.receipts import Refusal, SourceFacts

HOUR_US = 3600 * SECOND_US
OLD_KEY_US = 7 * 24 * HOUR_US
"""A secret is old when another one has outlived it by a week."""


class Condition(StrEnum):
    """The first of these that fits."""

    REFUSED = "refused"  # the last request was turned away
    WAITING = "waiting"  # nothing came yet
    SILENT = "silent"  # nothing for longer than the settings allow
    FINE = "fine"


def condition(
    source: HookSource, facts: SourceFacts, refused: Sequence[Refusal], now_us: int
) -> Condition:
    """The condition of a source; `refused` is newest first."""
    if refused and refused[0].at_us > (facts.last_us or 0):
        return Condition.REFUSED
    if facts.last_us is None:
        return Condition.WAITING
    limit_us = source.silent_hours * HOUR_US
    is_silent = limit_us and now_us - facts.last_us > limit_us
    return Condition.SILENT if is_silent else Condition.FINE


def secrets_in_use(
    source: HookSource, facts: SourceFacts
) -> tuple[tuple[str, int | None, bool], ...]:
    """Each secret: its fingerprint, when it last matched, whether it is old."""
    used = dict(facts.keys)
    named = [fingerprint_of(secret) for secret in source.secrets or source.topic_arns]
    newest = max((used[name] for name in named if name in used), default=0)
    return tuple(
        (name, used.get(name), name in used and newest - used[name] > OLD_KEY_US) for name in named
    )
