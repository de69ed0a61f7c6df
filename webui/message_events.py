"""The events of a mail for one recipient, in sentences, repetitions folded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from collectors.reported import Told, told_by
from tracer.model import SECOND_US, Event, EventKind, Outcome, Trace
from webui import show
from webui.i18n import gettext, ngettext
from webui.path import Held
from webui.vocabulary import EVENTS, WORDS, tls_word


@dataclass(frozen=True, slots=True)
class EventLine:
    """One row of the events table.

    `outcome` gives glyph and tone, None is plain. `link` is a queue id that the text ends
    with. `is_log`: the text is somebody's reply, not our words. `line` numbers the raw line.
    """

    at_us: int
    word: str
    text: str
    where: str
    after_s: float
    line: int
    outcome: Outcome | None = None
    link: str = ""
    is_log: bool = False
    repeats: tuple[int, ...] = ()  # times of the same thing once more


_TRIED = (EventKind.ATTEMPT, EventKind.REPORTED, EventKind.REJECTED, EventKind.FILTERED)
_REMARKS = (EventKind.OPENED, EventKind.CLICKED, EventKind.COMPLAINED)


def event_lines(
    trace: Trace, legs: tuple[Held, ...], numbers: dict[int, int]
) -> tuple[EventLine, ...]:
    """What happened to the mail on the way to one recipient, in time.

    `legs` are those of the way; what others remarked later (opened, a complaint) stands beside
    it. `numbers`: the raw line's number by id() of its event.
    """
    told_of = [event for held in legs for event in _of_recipient(held)]
    events = sorted((*told_of, *_remarks(trace, legs)), key=lambda event: event.at_us)
    if not events:
        return ()
    began_us = events[0].at_us
    told = [_line(event, began_us, numbers[id(event)]) for event in events]
    return tuple(_folded(told))


def _remarks(trace: Trace, legs: tuple[Held, ...]) -> Iterator[Event]:
    """What is told of the recipient beside the way, and decides nothing of the delivery."""
    mine = {"", trace.row.recipient.lower(), trace.row.original_recipient.lower()}
    on_the_way = [held.leg for held in legs]
    for leg in trace.legs:
        if leg not in on_the_way:
            yield from (e for e in leg.events if _is_remark(e) and e.recipient.lower() in mine)


def _is_remark(event: Event) -> bool:
    return event.kind in _REMARKS or (event.kind is EventKind.REPORTED and event.outcome is None)


def _of_recipient(held: Held) -> Iterator[Event]:
    """The hop's own events and those of the recipient's delivery there.

    The queue manager says again what is in the queue at every try: once is enough.
    """
    queued = False
    mine = held.delivery.recipient if held.delivery else ""
    original = held.delivery.original_recipient if held.delivery else ""
    for event in held.leg.events:
        again = queued and event.kind is EventKind.QUEUED
        queued = queued or event.kind is EventKind.QUEUED
        if event.recipient in ("", mine) and event.original_recipient in ("", original):
            if not again:
                yield event


def _line(event: Event, began_us: int, number: int) -> EventLine:
    text, is_log = _text(event)
    tried = event.kind in _TRIED
    outcome = event.outcome if tried else None
    return EventLine(
        event.at_us,
        str(WORDS[outcome]) if outcome else str(EVENTS[_named(event)]),
        text,
        f"{event.host} {event.program.partition('/')[2] or event.program}",
        (event.at_us - began_us) / SECOND_US,
        number,
        outcome,
        _notice(event),
        is_log,
    )


def _named(event: Event) -> EventKind:
    """The kind that names the event: a rule that only wrote the subject down filtered nothing."""
    only_noted = event.kind is EventKind.FILTERED and event.subject and event.outcome is None
    return EventKind.IDENTIFIED if only_noted else event.kind


def _notice(event: Event) -> str:
    """The queue id of the notice that was sent."""
    return next(iter(event.next_queue_ids), "") if event.kind is EventKind.NOTIFIED else ""


def _text(event: Event) -> tuple[str, bool]:
    """The sentence of an event, and whether it is the log's own words."""
    ours = _SENTENCES.get(event.kind)
    if ours:
        return ours(event), False
    if event.kind is EventKind.REPORTED and not event.reply:
        return _reported(event), False
    if event.subject and event.outcome is None:
        return gettext("Subject: %(subject)s", subject=event.subject), False
    return show.reply_core(event.reply) or _said(event), True


def _received(event: Event) -> str:
    if not event.client:
        return gettext("Made on this host")
    named = event.client_name if event.client_name not in ("", "unknown") else ""
    client = f"{named} [{event.client}]" if named else f"[{event.client}]"
    told = [gettext("Taken from %(client)s", client=client)]
    if event.auth:
        told.append(gettext("login %(login)s", login=event.auth))
    if event.tls:
        told.append(tls_word(event.tls))
    return ", ".join(told)


def _queued(event: Event) -> str:
    told = [gettext("In the queue")]
    if event.size is not None:
        told.append(show.size(event.size))
    if event.recipient_count is not None:
        told.append(ngettext("%(num)s recipient", "%(num)s recipients", event.recipient_count))
    return ", ".join(told)


def _identified(event: Event) -> str:
    if not event.message_id:
        return _said(event)
    return gettext("Message-ID %(id)s", id=f"<{event.message_id}>")


def _notified(event: Event) -> str:
    return gettext("A notice was sent")


def _removed(event: Event) -> str:
    if event.outcome is Outcome.REMOVED:
        return gettext("Deleted from the queue by an administrator")
    return gettext("Left the queue")


def _complained(event: Event) -> str:
    return gettext("The recipient marked it as spam")


def _reported(event: Event) -> str:
    told = told_by(event.text)
    if told is Told.UNSUBSCRIBED:
        return gettext("The recipient unsubscribed")
    if told is Told.SUBSCRIBED:
        return gettext("The recipient subscribed again")
    if told is Told.AUTORESPONDED:
        return gettext("An automatic answer came back")
    return gettext("Told by %(source)s", source=event.host)


def _opened(event: Event) -> str:
    return gettext("Its pictures were loaded, by a reader or by a program")


def _clicked(event: Event) -> str:
    return gettext("A link in it was followed")


def _said(event: Event) -> str:
    """The line's text without the queue id, which the page has told already."""
    return event.text.removeprefix(f"{event.queue_id}: ")


_SENTENCES = {
    EventKind.RECEIVED: _received,
    EventKind.IDENTIFIED: _identified,
    EventKind.QUEUED: _queued,
    EventKind.NOTIFIED: _notified,
    EventKind.REMOVED: _removed,
    EventKind.COMPLAINED: _complained,
    EventKind.OPENED: _opened,
    EventKind.CLICKED: _clicked,
}


def _folded(lines: list[EventLine]) -> Iterator[EventLine]:
    """A try put off is told once; the same again, however often, in one more line."""
    told: EventLine | None = None
    again: list[EventLine] = []
    for line in lines:
        if told and _same(told, line):
            again.append(line)
            continue
        yield from _again(again)
        again = []
        told = line if line.outcome is Outcome.DEFERRED else None
        yield line
    yield from _again(again)


def _same(one: EventLine, other: EventLine) -> bool:
    return other.outcome is Outcome.DEFERRED and _shape(one.text) == _shape(other.text)


def _shape(text: str) -> str:
    return "".join(letter for letter in text if not letter.isdigit())


def _again(lines: list[EventLine]) -> Iterator[EventLine]:
    if not lines:
        return
    count = len(lines)
    words = (
        gettext("the same again")
        if count == 1
        else ngettext("the same %(num)s time more", "the same %(num)s times more", count)
    )
    times = tuple(line.at_us for line in lines)
    yield replace(lines[0], text=words, is_log=False, repeats=times if count > 1 else ())
