"""What the results page shows around its table: facets, day groups, range choices, empty states."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

from flask_babel import gettext

from tracer.model import Outcome, Row, micros
from tracer.query import And, Match, SearchQuery, Term, only, terms, without
from tracer.store import deliveries
from tracer.store.deliveries import Summary
from webui import show
from webui.asking import DEFAULT_SINCE, PRESETS, Asked
from webui.cause_words import cause_title
from webui.db import connection
from webui.i18n import zone
from webui.vocabulary import TONES, WORDS

CONDITIONS_COUNTED = 6
PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.@_+-=/#[]<>")


@dataclass(frozen=True, slots=True)
class Choice:
    """One line of a facet: `url` adds its condition, or takes it away when `chosen`."""

    key: str
    value: str
    label: str
    count: int
    url: str
    chosen: bool = False
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True)
class Facet:
    """One group of choices; `others` are values beyond the ones shown."""

    key: str
    title: str
    choices: tuple[Choice, ...]
    others: int = 0


@dataclass(frozen=True, slots=True)
class Day:
    """The rows of one day, newest first; `at_us` is the first one's time."""

    at_us: int
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of a search that found nothing: what it finds alone, and what is left without it."""

    text: str
    alone: int
    rest: int
    url: str
    is_range: bool = False  # `text` is our words, not a piece of the query


def legend(summary: Summary) -> tuple[tuple[str, int, str, str], ...]:
    """(words, count, tone, glyph) of what the bars' three tones stand for."""
    told = []
    for tone in ("good", "wait", "bad"):
        tones = ("good", "mute") if tone == "good" else (tone,)
        held = [(outcome, count) for outcome, count in summary.outcomes if TONES[outcome] in tones]
        if held:
            words = ", ".join(str(WORDS[outcome]) for outcome, _ in held)
            total = sum(count for _, count in held)
            told.append((words, total, "" if tone == "good" else tone, held[0][0].value))
    return tuple(told)


def days(rows: Iterable[Row]) -> tuple[Day, ...]:
    """Rows grouped by day in the reader's zone."""
    grouped = groupby(rows, key=lambda row: show.local(row.received_us).date())
    return tuple(_day(tuple(members)) for _, members in grouped)


def _day(rows: tuple[Row, ...]) -> Day:
    return Day(rows[0].received_us, rows)


def quoted(value: str) -> str:
    """A value as it must be typed after `key:`."""
    if value and PLAIN.issuperset(value):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'



def facets(search: Asked, query: SearchQuery, summary: Summary) -> tuple[Facet, ...]:
    """The facets of some results; those with nothing to choose are left out."""
    asked_for = terms(query.where)
    every: tuple[tuple[str, str, Sequence[tuple[str, int]]], ...] = (
        ("status", gettext("Outcome"), summary.outcomes),
        ("cause", gettext("Cause"), summary.causes),
        ("from", gettext("Sender"), summary.senders),
        ("relay", gettext("Relay"), summary.relays),
        ("source", gettext("Source"), summary.sources),
    )
    told = []
    for key, title, counts in every:
        choices = tuple(
            _choice(search, asked_for, key, value, count) for value, count in counts if value
        )
        shown = sum(choice.count for choice in choices)
        others = summary.total - shown if key in ("from", "source") else 0
        if choices:
            told.append(Facet(key, title, choices, others))
    return tuple(told)


def _choice(
    search: Asked, asked_for: tuple[Term, ...], key: str, value: str, count: int
) -> Choice:
    typed = show.host_name(value) if key == "relay" else value
    label = cause_title(value) if key == "cause" else typed
    chosen = next((term for term in asked_for if _is_for(term, key, typed)), None)
    if chosen:
        url = search.first_page(q=lacking(search.q, chosen)).url()
    else:
        url = search.first_page(q=f"{search.q} {key}:{quoted(typed)}".strip()).url()
    outcome = Outcome(value) if key == "status" else None
    return Choice(key, value, label, count, url, chosen is not None, outcome)


def _is_for(term: Term, key: str, value: str) -> bool:
    if term.key != key:
        return False
    return any(isinstance(held, Match) and held.text.lower() == value.lower() for held in term.values)


def lacking(text: str, term: Term) -> str:
    """The query's text without a condition."""
    start = term.column - 1
    return " ".join((text[:start] + text[start + len(term.text) :]).split())


def conditions(search: Asked, query: SearchQuery) -> tuple[Condition, ...]:
    """What each condition of a search finds by itself, and what is found without it."""
    parts = terms(query.where)[:CONDITIONS_COUNTED]
    if len(parts) + (query.since_us is not None) < 2:
        parts = ()
    told = [_condition(search, query, term) for term in parts]
    if query.since_us is not None or query.until_us is not None:
        told.append(_range_condition(search, query))
    return tuple(told)


def _condition(search: Asked, query: SearchQuery, term: Term) -> Condition:
    conn = connection()
    loose = search.first_page(q=lacking(search.q, term))
    return Condition(
        term.text,
        deliveries.count(conn, only(query, term)),
        deliveries.count(conn, without(query, term)),
        loose.url(),
    )


def _range_condition(search: Asked, query: SearchQuery) -> Condition:
    conn = connection()
    anything = replace(query, where=And(()))
    always = replace(query, since_us=None, until_us=None)
    return Condition(
        range_words(search),
        deliveries.count(conn, anything),
        deliveries.count(conn, always),
        search.first_page(since="all", until="").url(),
        is_range=True,
    )


def ranges(search: Asked) -> tuple[tuple[str, str, bool], ...]:
    """(value, words, chosen) of every time range on offer; one not among them is added."""
    now = search.since or DEFAULT_SINCE
    own = search.until != "" or now not in PRESETS
    told = [(preset, _preset_words(preset), preset == now and not own) for preset in PRESETS]
    if own:
        told.append((f"{search.since}..{search.until}", range_words(search), True))
    return tuple(told)


def range_words(search: Asked) -> str:
    """The time range in words."""
    since = search.since or DEFAULT_SINCE
    if not search.until and since in PRESETS:
        return _preset_words(since)
    began = since if since != "all" else ""
    told = [_time_words(end) for end in (began, search.until)]
    if began and search.until:
        return gettext("%(since)s to %(until)s", since=told[0], until=told[1])
    return gettext("since %(since)s", since=told[0]) if began else gettext("until %(until)s", until=told[1])


def _time_words(text: str) -> str:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    at_us = micros(at if at.tzinfo else at.replace(tzinfo=zone()))
    return f"{show.day_short(at_us)}, {show.clock_short(at_us)}"


def _preset_words(preset: str) -> str:
    words = {
        "24h": gettext("Last 24 hours"),
        "48h": gettext("Last 2 days"),
        "7d": gettext("Last 7 days"),
        "14d": gettext("Last 14 days"),
        "all": gettext("All times"),
    }
    return words[preset]
