"""Deciding: which cause the rules of the catalogue name for what was heard.

The most trusted kind of rule is asked first (`catalog.Level`); among rules of one
level that hold, the one with the longest matching words wins, and among those of word
families the one whose families say most. Families are looked for only when no words
decide, because they cost more. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from tracer.causes.catalog import Cause, Level, Rule, read_causes
from tracer.causes.families import Needed, needed, spoken
from tracer.causes.reply import Heard
from tracer.causes.verdict import Verdict

UNKNOWN = "unknown"
_KEPT = 8192  # shapes of replies remembered

# Rank, level, words, cause, rule: one phrase of one rule. A bare tuple, for speed; ranks differ.
_Clause = tuple[int, Level, str, str, Rule]
# How RFC 5321 4.2.3 names the codes 450 and 550, whatever the reason.
_NAME_OF_CODE = re.compile(r"requested (?:mail )?action not taken[ :-]+mailbox unavailable[;,.:]?")
_GRAM = 4  # phrases are found by their first four letters


class _Meeting(NamedTuple):
    """One entry of a rule's `families`."""

    needed: Needed
    level: Level
    cause: str
    rule: Rule


@cache
def built_in() -> Mapping[str, Cause]:
    """Our own causes by id; read once. Raises ConfigError naming the file and the key."""
    return MappingProxyType(read_causes(Path(__file__).parent))


_IN_FORCE: list[Mapping[str, Cause]] = []  # empty: our own


def catalog() -> Mapping[str, Cause]:
    """Every cause by id that is decided by."""
    return _IN_FORCE[0] if _IN_FORCE else built_in()


def decide_by(causes: Mapping[str, Cause]) -> None:
    """Decide by other causes than our own (`tracer.site_rules`): said by a program when it starts.

    What was remembered of verdicts is forgotten.
    """
    _IN_FORCE[:] = [causes]
    for remembering in (_clauses, _meetings, decide):
        remembering.cache_clear()


@cache
def outcome_cards() -> Mapping[str, Cause]:
    """The cards of outcomes that need no cause, by outcome; read once."""
    return MappingProxyType(read_causes(Path(__file__).parent / "outcomes"))


@cache
def _clauses() -> Mapping[str, tuple[_Clause, ...]]:
    """Every phrase by its first letters; those too short for that, and rules without, under "".

    Rank is the order of asking: higher levels, then longer words, then the narrower
    rule, then the causes' names.
    """
    found = [
        (Level[rule.level.upper()], words, cause.id, rule)
        for cause in catalog().values()
        for rule in cause.match
        if not rule.families
        for words in rule.text or ("",)
    ]
    found.sort(key=lambda clause: (-clause[0], -len(clause[1]), -_narrowness(clause[3])))
    by_start: dict[str, list[_Clause]] = {"": []}
    for rank, clause in enumerate(found):
        start = clause[1][:_GRAM]
        by_start.setdefault(start if len(start) == _GRAM else "", []).append((rank, *clause))
    return {start: tuple(clauses) for start, clauses in by_start.items()}


def _asked(text: str) -> list[_Clause]:
    """The clauses whose words may be in a text, in the order of asking."""
    by_start = _clauses()
    asked = list(by_start[""])
    for start in {text[at : at + _GRAM] for at in range(len(text) - _GRAM + 1)}:
        if start in by_start:
            asked += by_start[start]
    asked.sort()
    return asked


def _narrowness(rule: Rule) -> int:
    """Among rules with equal words the one that asks for more comes first."""
    return sum(map(bool, (rule.also, rule.status, rule.code, rule.command, rule.speaker)))


@cache
def _meetings() -> tuple[_Meeting, ...]:
    """Every entry of families, in the order of asking."""
    found = [
        _Meeting(needed(entry), Level[rule.level.upper()], cause.id, rule)
        for cause in catalog().values()
        for rule in cause.match
        for entry in rule.families
    ]
    found.sort(key=lambda each: (-each.level, -each.needed.weight, -_narrowness(each.rule)))
    return tuple(found)


@lru_cache(maxsize=_KEPT)
def decide(heard: Heard) -> Verdict:
    """The cause of what was heard; `unknown` when no rule holds.

    What stands beside the name of a code counts first: it is the reason, if it decides anything.
    """
    reason = _NAME_OF_CODE.sub("", heard.text).strip()
    if reason and reason != heard.text:
        verdict = _decided(msgspec.structs.replace(heard, text=reason))
        if verdict.cause != UNKNOWN:
            return verdict
    return _decided(heard)


def _decided(heard: Heard) -> Verdict:
    asked = _asked(heard.text)
    strong = [clause for clause in asked if clause[1] >= Level.FAMILY]
    return (
        _by_words(strong, heard)
        or _by_families(heard, Level.FAMILY)
        or _by_words(asked[len(strong) :], heard)
        or _by_families(heard, Level.GUESS)
        or Verdict(UNKNOWN)
    )


def _by_words(asked: list[_Clause], heard: Heard) -> Verdict | None:
    text = heard.text
    for _, level, words, cause, rule in asked:
        if words in text and _holds(rule, heard) and may_be(cause, heard):
            return Verdict(cause, level, _deciding(words, rule, heard), rule.variant)
    return None


def _by_families(heard: Heard, level: Level) -> Verdict | None:
    """What the families of one sentence say; the sentence in which they say most."""
    sentences = spoken(heard.text)
    for meeting in _meetings():
        if meeting.level is not level:
            continue
        for said in sentences:
            if not _meet(meeting.needed, said):
                continue
            if _holds(meeting.rule, heard) and may_be(meeting.cause, heard):
                these = meeting.needed.these
                words = tuple(dict.fromkeys([said[name] for name in said if name in these]))
                return Verdict(meeting.cause, level, words, meeting.rule.variant)
    return None


def _meet(wanted: Needed, said: Mapping[str, str]) -> bool:
    return wanted.these <= said.keys() and wanted.without.isdisjoint(said)


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


def may_be(cause: str, heard: Heard) -> bool:
    """Whether an answer to this command can mean a cause."""
    return not heard.command or heard.command not in catalog()[cause].unless_command


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
    return stem == head and detail.isdecimal() and int(low) <= int(detail) <= int(last)


def _deciding(words: str, rule: Rule, heard: Heard) -> tuple[str, ...]:
    """What the reader of a card is shown: the words that were found, else the code."""
    if not words:
        return (heard.status,) if rule.status else (heard.code,)
    beside = next((also for also in rule.also if also in heard.text), "")
    return (words, beside) if beside else (words,)
