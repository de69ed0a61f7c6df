"""Deciding: which cause the rules of the catalogue name for what was heard.

The most trusted kind of rule is asked first (`catalog.Level`); among rules of one
level that hold, the one with the longest matching words wins. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from pathlib import Path
from types import MappingProxyType

import msgspec

from tracer.causes.catalog import Cause, Level, Rule, read_causes
from tracer.causes.heard import Heard

UNKNOWN = "unknown"
_KEPT = 8192  # shapes of replies remembered


class Verdict(msgspec.Struct, frozen=True):
    """A cause, how it was found, and the words or the code that decided."""

    cause: str
    level: Level | None = None  # None: nothing decided
    words: tuple[str, ...] = ()
    variant: str = ""


class _Clause(msgspec.Struct, frozen=True):
    """One phrase of one rule, ready to be tried."""

    words: str
    cause: str
    rule: Rule


@cache
def catalog() -> Mapping[str, Cause]:
    """Every cause by id; read once. Raises ConfigError naming the file and the key."""
    return MappingProxyType(read_causes(Path(__file__).parent))


@cache
def outcome_cards() -> Mapping[str, Cause]:
    """The cards of outcomes that need no cause, by outcome; read once."""
    return MappingProxyType(read_causes(Path(__file__).parent / "outcomes"))


@cache
def _clauses() -> Mapping[Level, tuple[_Clause, ...]]:
    """The phrases of each level, longest first; equals in the order of the causes' names."""
    by_level: dict[Level, list[_Clause]] = {level: [] for level in reversed(Level)}
    for cause in catalog().values():
        for rule in cause.match:
            by_level[Level[rule.level.upper()]] += [
                _Clause(words, cause.id, rule) for words in rule.text or ("",)
            ]
    for found in by_level.values():
        found.sort(key=lambda clause: -len(clause.words) - _narrowness(clause.rule))
    return {level: tuple(found) for level, found in by_level.items()}


def _narrowness(rule: Rule) -> int:
    """Among rules without words the one that asks for more comes first."""
    return 0 if rule.text else bool(rule.status) + bool(rule.code) + bool(rule.command)


@lru_cache(maxsize=_KEPT)
def decide(heard: Heard) -> Verdict:
    """The cause of what was heard; `unknown` when no rule holds."""
    for level, clauses in _clauses().items():
        for clause in clauses:
            if clause.words in heard.text and _holds(clause.rule, heard):
                return _verdict(level, clause, heard)
    return Verdict(UNKNOWN)


def _holds(rule: Rule, heard: Heard) -> bool:
    text = heard.text
    return (
        (not rule.speaker or rule.speaker == heard.speaker)
        and (not rule.code or heard.code in rule.code)
        and (not rule.command or heard.command in rule.command)
        and (not rule.status or any(_is(wanted, heard.status) for wanted in rule.status))
        and (not rule.also or any(words in text for words in rule.also))
        and not any(words in text for words in rule.unless)
    )


def _is(wanted: str, status: str) -> bool:
    """Whether an enhanced status is the wanted one: exactly, in any class, or in a range."""
    if not status:
        return False
    if wanted[0] == "x":
        wanted, status = wanted[1:], status[1:]
    first, dash, last = wanted.rpartition("-")
    if not dash:
        return wanted == status
    stem, _, low = first.rpartition(".")
    head, _, detail = status.rpartition(".")
    return stem == head and int(low) <= int(detail) <= int(last)


def _verdict(level: Level, clause: _Clause, heard: Heard) -> Verdict:
    if clause.words:
        words: Iterable[str] = [clause.words] + [w for w in clause.rule.also if w in heard.text][:1]
    elif clause.rule.status:
        words = [heard.status]
    else:
        words = [heard.code]
    return Verdict(clause.cause, level, tuple(words), clause.rule.variant)
