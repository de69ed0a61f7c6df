"""Causes: why a message was not delivered, one TOML file each, and how one is recognised."""

from tracer.causes.catalog import Cause, Level, Severity, Side, Stage, Text, Urgency
from tracer.causes.decide import (
    UNKNOWN,
    built_in,
    catalog,
    decide,
    decide_by,
    outcome_cards,
)
from tracer.causes.heard import cut, hear, is_loopback, is_our_store
from tracer.causes.reply import Heard
from tracer.causes.verdict import Verdict

__all__ = [
    "UNKNOWN",
    "Cause",
    "Heard",
    "Level",
    "Severity",
    "Side",
    "Stage",
    "Text",
    "Urgency",
    "Verdict",
    "built_in",
    "catalog",
    "cut",
    "decide",
    "decide_by",
    "hear",
    "is_loopback",
    "is_our_store",
    "outcome_cards",
]
