"""Causes: why a message was not delivered, one TOML file each, and how one is recognised."""

from tracer.causes.catalog import Cause, Level, Severity, Side, Stage, Text, Urgency
from tracer.causes.decide import UNKNOWN, Verdict, catalog, decide, outcome_cards
from tracer.causes.heard import Heard, cut, hear, is_loopback, is_our_store

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
    "catalog",
    "cut",
    "decide",
    "hear",
    "is_loopback",
    "is_our_store",
    "outcome_cards",
]
