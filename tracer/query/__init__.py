"""The query language: one parser for the search box, `q=`, the command line and exports.

`parse_query` reads a text into a SearchQuery, which the store answers; `unparse` and
`with_term` write texts for links; `conditions`, `without` and `only` take a query apart
to explain why it found nothing. The user's view of it is docs/query.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, tzinfo

from tracer.errors import InvalidQuery
from tracer.query.blocks import read
from tracer.query.correct import corrected
from tracer.query.nodes import (
    EVERYTHING,
    And,
    Compare,
    Match,
    MatchKind,
    Node,
    Not,
    Or,
    SearchQuery,
    Term,
    Value,
    both,
)
from tracer.query.parse import WindowTerm
from tracer.query.write import unparse, with_term
from tracer.times import parse_age, parse_time

__all__ = [
    "EVERYTHING", "And", "Compare", "Match", "MatchKind", "Node", "Not", "Or", "SearchQuery",
    "Term", "Value", "conditions", "corrected", "only", "parse_query", "parse_time", "terms",
    "unparse", "with_term", "without",
]  # fmt: skip


def parse_query(
    text: str,
    *,
    now_us: int,
    since: str = "",
    until: str = "",
    default_since: str = "48h",
    zone: tzinfo = UTC,
) -> SearchQuery:
    """A query text as conditions and a span of time.

    `since` and `until` come from beside the text (options, parameters) and count where the
    text names none itself; `default_since` counts where no time is named at all. "all"
    and "" are open. Several of one kind in the text: the narrowest holds. Raises
    InvalidQuery with the column and, where there is one, a suggestion; see `corrected`.
    """
    reading = read(text)
    window = tuple(_window_term(term, now_us, zone) for term in reading.window)
    since_us, until_us = _bounds(window)
    named = {term.key for term in window}
    if "since" not in named and "last" not in named:
        fallback = "" if until or "until" in named else default_since
        since_us = _argument(since or fallback, now_us, zone)
    if "until" not in named:
        until_us = _argument(until, now_us, zone)
    if since_us is not None and until_us is not None and since_us >= until_us:
        column = window[-1].column if window else 1
        raise InvalidQuery("the time range is empty: it ends before it begins", column=column)
    return SearchQuery(reading.where, since_us, until_us, text, tuple(reading.hints), window)


def terms(node: Node) -> tuple[Node, ...]:
    """The parts that every delivery must fulfil; none for everything."""
    return node.items if isinstance(node, And) else (node,)


def conditions(query: SearchQuery) -> tuple[Node, ...]:
    """`terms` of the query, then its `last:`, `since:` and `until:`; `text` is each as typed."""
    return (*terms(query.where), *query.window)


def without(query: SearchQuery, condition: Node) -> SearchQuery:
    """The query without one of its conditions."""
    window = tuple(term for term in query.window if term != condition)
    if len(window) < len(query.window):
        return _bounded(query, query.where, window)
    kept = both(tuple(item for item in terms(query.where) if item != condition))
    return replace(query, where=kept, text=_text(kept, window), hints=())


def only(query: SearchQuery, condition: Node) -> SearchQuery:
    """One condition alone: within the query's time, or a time by itself."""
    if isinstance(condition, Term) and condition in query.window:
        return _bounded(query, EVERYTHING, (condition,))
    return replace(query, where=condition, text=_text(condition, query.window), hints=())


def _bounded(query: SearchQuery, where: Node, window: tuple[Term, ...]) -> SearchQuery:
    since_us, until_us = _bounds(window)
    text = _text(where, window)
    return SearchQuery(where, since_us, until_us, text, window=window)


def _text(where: Node, window: Iterable[Term]) -> str:
    written = f"({unparse(where)})" if isinstance(where, Or) else unparse(where)
    return " ".join(filter(None, (written, *(term.text for term in window))))


def _bounds(window: Iterable[Term]) -> tuple[int | None, int | None]:
    since = [_time(term) for term in window if term.key != "until" and term.values]
    until = [_time(term) for term in window if term.key == "until" and term.values]
    return max(since, default=None), min(until, default=None)


def _time(term: Term) -> int:
    value = term.values[0]
    assert isinstance(value, Compare)
    return int(value.value)


def _window_term(typed: WindowTerm, now_us: int, zone: tzinfo) -> Term:
    try:
        at_us = _window_time(typed, now_us, zone)
    except InvalidQuery as error:
        error.column = typed.column
        if error.suggestion:
            error.suggestion = f"{typed.key}:{error.suggestion}"
        raise
    operator = "<" if typed.key == "until" else ">="
    values = () if at_us is None else (Compare(operator, float(at_us)),)
    return Term(typed.key, values, typed.column, typed.text)


def _window_time(typed: WindowTerm, now_us: int, zone: tzinfo) -> int | None:
    if typed.key != "last":
        return _argument(typed.value, now_us, zone)
    return None if typed.value.lower() == "all" else parse_age(typed.value, now_us=now_us)


def _argument(text: str, now_us: int, zone: tzinfo) -> int | None:
    if text.strip().lower() in ("", "all"):
        return None
    return parse_time(text, now_us=now_us, zone=zone)
