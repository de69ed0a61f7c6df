"""What the results page shows around its table: facets, days, time ranges, empty states."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

from flask_babel import LazyString, lazy_gettext

from tracer.model import Outcome, Row, micros
from tracer.query import (
    EVERYTHING,
    Match,
    Node,
    SearchQuery,
    Term,
    only,
    terms,
    unparse,
    with_term,
    without,
)
from tracer.query import conditions as query_conditions
from tracer.store import deliveries
from tracer.store.deliveries import Summary
from tracer.times import parse_span
from webui import show
from webui.asking import DEFAULT_SINCE, PRESETS, Asked
from webui.cause_words import cause_label
from webui.db import connection
from webui.i18n import gettext, ngettext, zone
from webui.vocabulary import TONES, WORDS

CONDITIONS_COUNTED = 6
FACET_SHOWN = 8
EXCERPT = 84  # letters of a reply in the table
DAY_WORDS: dict[str, LazyString] = {
    "today": lazy_gettext("Today"),
    "сегодня": lazy_gettext("Today"),
    "yesterday": lazy_gettext("Since yesterday"),
    "вчера": lazy_gettext("Since yesterday"),
}


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
    """One condition of a search that found nothing.

    `alone`: what it finds by itself; `rest`: what is found without it, at `url`.
    """

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


def excerpt(row: Row) -> str:
    """The reply for one line of the table; the recipient stands beside it already."""
    core = show.reply_core(row.reply)
    if row.recipient:
        core = core.replace(f"<{row.recipient}>: ", "", 1)
    return show.shortened(core, EXCERPT)


def facets(search: Asked, query: SearchQuery, summary: Summary) -> tuple[Facet, ...]:
    """The facets of some results; those with nothing to choose are left out."""
    every: tuple[tuple[str, str, Sequence[tuple[str, int]]], ...] = (
        ("status", gettext("Outcome"), summary.outcomes),
        ("cause", gettext("Cause"), summary.causes),
        ("from", gettext("Sender"), summary.senders),
        ("relay", gettext("Relay"), summary.relays),
        ("source", gettext("Source"), summary.sources),
    )
    told = []
    for key, title, counts in every:
        known = [(value, count) for value, count in _by_typed(key, counts) if value]
        choices = tuple(
            _choice(search, query, key, value, count)
            for value, count in (known if key == "status" else known[:FACET_SHOWN])
        )
        of_all = summary.total if key == "from" else sum(count for _, count in known)
        others = of_all - sum(choice.count for choice in choices)
        if choices:
            told.append(Facet(key, title, choices, others))
    return tuple(told)


def _by_typed(key: str, counts: Sequence[tuple[str, int]]) -> Iterable[tuple[str, int]]:
    """Counts by what is typed to find them: a relay by its name, whatever its port."""
    told: dict[str, int] = {}
    for value, count in counts:
        typed = show.host_name(value) if key == "relay" else value
        told[typed] = told.get(typed, 0) + count
    return told.items()


def _choice(search: Asked, query: SearchQuery, key: str, value: str, count: int) -> Choice:
    label = cause_label(value) if key == "cause" else value
    if (key, value) == ("from", "<>"):
        label = gettext("<> (notices)")
    chosen = next((term for term in terms(query.where) if _is_for(term, key, value)), None)
    q = without(query, chosen).text if chosen else with_term(search.q, key, value)
    outcome = Outcome(value) if key == "status" else None
    url = search.first_page(q=q).url()
    return Choice(key, value, label, count, url, chosen is not None, outcome)


def _is_for(term: Node, key: str, value: str) -> bool:
    if not isinstance(term, Term) or term.key != key or len(term.values) != 1:
        return False
    held = term.values[0]
    return isinstance(held, Match) and held.text.lower() == value.lower()


def conditions(search: Asked, query: SearchQuery) -> tuple[Condition, ...]:
    """What each condition of a search finds by itself, and what is found without it.

    One condition alone has nothing to be compared with.
    """
    parts = query_conditions(query)
    told = [_condition(search, query, part) for part in parts[:CONDITIONS_COUNTED]]
    if not query.window and (query.since_us, query.until_us) != (None, None):
        told.append(_range_condition(search, query))
    return tuple(told) if len(told) > 1 else ()


def _condition(search: Asked, query: SearchQuery, part: Node) -> Condition:
    conn = connection()
    loose = without(query, part)
    return Condition(
        part.text or unparse(part),
        deliveries.count(conn, only(query, part)),
        deliveries.count(conn, loose),
        search.first_page(q=loose.text).url(),
    )


def _range_condition(search: Asked, query: SearchQuery) -> Condition:
    conn = connection()
    return Condition(
        range_words(search),
        deliveries.count(conn, replace(query, where=EVERYTHING)),
        deliveries.count(conn, replace(query, since_us=None, until_us=None)),
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
    if not search.until and (words := _recent_words(since)):
        return words
    began = since if since != "all" else ""
    told = [_time_words(end) for end in (began, search.until)]
    if began and search.until:
        return gettext("%(since)s to %(until)s", since=told[0], until=told[1])
    if began:
        return gettext("since %(since)s", since=told[0])
    return gettext("until %(until)s", until=told[1])


def _recent_words(since: str) -> str:
    """Words for a beginning that is told from now; "" for any other."""
    if since.lower() in DAY_WORDS:
        return str(DAY_WORDS[since.lower()])
    span_s = parse_span(since) or 0.0
    if span_s and not span_s % 86_400:
        return ngettext("Last %(num)s day", "Last %(num)s days", round(span_s / 86_400))
    if span_s and not span_s % 3600:
        return ngettext("Last %(num)s hour", "Last %(num)s hours", round(span_s / 3600))
    return ""


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
