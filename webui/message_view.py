"""Everything the message page shows, made from one trace."""

from __future__ import annotations

from dataclasses import dataclass

from flask import url_for

from tracer.explain import Explanation, explanation
from tracer.model import DAY_US, Event, Related, Row, Trace
from tracer.query import with_term
from tracer.similar import Similar
from tracer.told import told_of
from webui.asking import Asked
from webui.card import Card, card_of
from webui.drawing import Drawing
from webui.i18n import language, site
from webui.message_events import EventLine, event_lines
from webui.message_facts import facts
from webui.message_particulars import Particulars, particulars, said_by
from webui.message_similar import SimilarView, similar_view
from webui.path import Held, Path, legs_of, path_of
from webui.path_picture import wide
from webui.path_tall import tall
from webui.show import iso

TABS = 8
MEMBER = frozenset({"alias", "list-member"})


@dataclass(frozen=True, slots=True)
class RawLine:
    """A log line with its number among all lines of the mail."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class MessageView:
    """One message page."""

    row: Row
    trace: Trace
    told: Explanation
    card: Card
    similar: SimilarView | None
    legs: tuple[Held, ...]
    path: Path | None
    wide: Drawing | None
    tall: Drawing | None
    events: tuple[EventLine, ...]
    tabs: tuple[Row, ...]
    recipients: int  # those that the log does not name among them
    more_recipients: int
    lines: tuple[RawLine, ...]
    line_count: int
    pages_of: dict[str, str]  # row ids of related mails, by their queue ids
    particulars: tuple[Particulars, ...]
    members: tuple[Related, ...]  # whom an alias or a list passed the mail on to


def message_view(trace: Trace, alike: Similar | None, *, every_line: bool = False) -> MessageView:
    """The page of one trace and its similar cases; `every_line`: raw lines of all recipients."""
    legs = legs_of(trace)
    told = explanation(told_of(trace), language())
    similar = similar_view(alike) if alike else None
    path = path_of(trace)
    events = _in_order(trace, legs)
    numbers = {id(event): number for number, event in enumerate(events, 1)}
    lines = event_lines(trace, legs, numbers)
    tabs = _tabs(trace)
    return MessageView(
        row=trace.row,
        trace=trace,
        told=told,
        card=_card(trace, told, legs, numbers, similar),
        similar=similar,
        legs=legs,
        path=path,
        wide=wide(path) if path and path.steps else None,
        tall=tall(path) if path and path.steps else None,
        events=lines,
        tabs=tabs,
        recipients=_recipients(trace),
        more_recipients=len(trace.siblings) - len(tabs),
        lines=_raw_lines(events, numbers, trace.row, every_line),
        line_count=len(events),
        pages_of={kin.row.queue_id: kin.row.id for kin in trace.related},
        particulars=particulars(trace, legs),
        members=tuple(kin for kin in trace.related if kin.why in MEMBER),
    )


def _in_order(trace: Trace, legs: tuple[Held, ...]) -> list[Event]:
    """Every event in time; within one second of a coarse log, the order of the legs."""
    own = [held.leg for held in legs]
    others = [leg for leg in trace.legs if leg not in own]
    events = (event for leg in (*own, *others) for event in leg.events)
    return sorted(events, key=lambda event: event.at_us)


def _card(
    trace: Trace,
    told: Explanation,
    legs: tuple[Held, ...],
    numbers: dict[int, int],
    similar: SimilarView | None,
) -> Card:
    return card_of(
        told_of(trace),
        facts=facts(trace, told, _tls(legs), site().now_us()),
        said_by=said_by(trace.row, legs),
        line=_said_line(legs, numbers),
        teach=url_for("causes.teach", m=trace.row.id),
        similar=similar.sentences if similar and similar.messages else (),
    )


def _said_line(legs: tuple[Held, ...], numbers: dict[int, int]) -> int | None:
    if not legs or not legs[-1].attempts:
        return None
    return numbers[id(legs[-1].attempts[-1])]


def _tls(legs: tuple[Held, ...]) -> str:
    return legs[-1].delivery.tls if legs and legs[-1].delivery else ""


def _tabs(trace: Trace) -> tuple[Row, ...]:
    """The first recipients, the one asked for always among them."""
    shown = trace.siblings[:TABS]
    if any(row.id == trace.row.id for row in shown):
        return shown
    return (*shown[: TABS - 1], trace.row)


def _recipients(trace: Trace) -> int:
    """How many recipients the mail has; where some are not named, as many as the queue counts."""
    places = {(row.host, row.queue_id) for row in trace.siblings if not row.recipient}
    hops = (leg.hop for leg in trace.legs)
    counted = (hop.recipient_count or 0 for hop in hops if (hop.host, hop.queue_id) in places)
    return max(len(trace.siblings), *counted, 0)


def _raw_lines(
    events: list[Event], numbers: dict[int, int], row: Row, every_line: bool
) -> tuple[RawLine, ...]:
    """Lines about the mail as a whole or this recipient; numbers are those among all lines."""
    mine = {"", row.recipient.lower(), row.original_recipient.lower()}
    chosen = [event for event in events if every_line or event.recipient.lower() in mine]
    return tuple(RawLine(numbers[id(event)], event.raw) for event in chosen)


def nearby(row: Row) -> tuple[tuple[str, str], ...]:
    """(query, address) of searches around this message, a day before and after it."""
    since_us, until_us = row.received_us - DAY_US, row.received_us + DAY_US
    domain = row.recipient.rpartition("@")[2]
    queries = [
        with_term("", "cause", row.cause) if row.cause else "",
        with_term("", "todomain", domain) if domain else "",
        with_term("", "from", row.sender) if row.sender not in ("", "<>") else "",
    ]
    return tuple(
        (q, Asked(q=q, since=iso(since_us), until=iso(until_us)).url()) for q in queries if q
    )
