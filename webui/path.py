"""The way one mail took to one recipient, as stops and steps; no words, no geometry.

Durations come from Postfix's `delays=a/b/c/d` (a: before the queue manager, b: in it,
c: connection, d: transmission), else from the times of the lines.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tracer.model import SECOND_US, Delivery, Event, EventKind, Leg, Outcome, Row, Trace
from webui.show import reply_core

REMOTE_AGENTS = frozenset({"smtp", "lmtp", "relay"})
NOWHERE = frozenset({"local", "virtual", "pipe", "discard", "error", "none", ""})
SHORTEST_S = 0.005  # a part shorter than this is not drawn


class StepKind(StrEnum):
    """What the mail was doing."""

    RECEIVE = "receive"  # the client hands it to us
    QUEUE = "queue"  # it waits here
    CONNECT = "connect"  # we look up and call the next host
    TRANSFER = "transfer"  # we hand it over
    STORE = "store"  # a delivery agent on this host takes it
    FILTER = "filter"  # a content filter has it and gives it back


@dataclass(frozen=True, slots=True)
class Try:
    """An attempt that did not end the waiting: when, with which code ("" when none was given)."""

    at_us: int
    code: str


@dataclass(frozen=True, slots=True)
class Step:
    """One part of the way; `host` is where it happens, `towards` where it leads, if elsewhere."""

    kind: StepKind
    host: str
    towards: str = ""
    began_us: int | None = None
    took_s: float | None = None
    tls: str = ""
    note: str = ""  # login, queue id
    tries: tuple[Try, ...] = ()


@dataclass(frozen=True, slots=True)
class Stop:
    """A host on the way, before step number `before`."""

    name: str
    address: str
    before: int


@dataclass(frozen=True, slots=True)
class Path:
    """Stops and steps in order, then how it ended, where, and with which code.

    `delays` is Postfix's own figure for the last attempt.
    """

    stops: tuple[Stop, ...]
    steps: tuple[Step, ...]
    outcome: Outcome
    end_name: str
    end_address: str
    ended_us: int
    code: str
    delays: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """A leg with what concerns one recipient: its delivery and its attempts in time."""

    leg: Leg
    delivery: Delivery | None
    attempts: tuple[Event, ...]


def legs_of(trace: Trace) -> tuple[Held, ...]:
    """The legs that carried the mail to the recipient asked for, in order."""
    row = trace.row
    by_name: dict[str, Leg] = {}
    for leg in trace.legs:  # a late report begins a stay of the same name
        name = f"{leg.hop.host}/{leg.hop.queue_id}"
        if name not in by_name or leg.hop.opened_us <= row.updated_us <= leg.hop.last_us:
            by_name[name] = leg
    own = [by_name[name] for name in row.queue_ids if name in by_name]
    legs = own or list(trace.legs)
    return tuple(_held(leg, row, _next_id(legs, index)) for index, leg in enumerate(legs))


def _next_id(legs: list[Leg], index: int) -> str:
    return legs[index + 1].hop.queue_id if index + 1 < len(legs) else ""


def _held(leg: Leg, row: Row, next_id: str) -> Held:
    delivery = _delivery(leg, row, next_id)
    if delivery is None:
        return Held(leg, None, ())
    return Held(leg, delivery, _attempts(leg, delivery))


def _attempts(leg: Leg, delivery: Delivery) -> tuple[Event, ...]:
    """The attempts of a delivery; its original recipient may be known from a leg before only."""
    tried = [
        event
        for event in leg.events
        if event.outcome not in (None, Outcome.PENDING) and event.recipient == delivery.recipient
    ]
    originals = {delivery.original_recipient} & {event.original_recipient for event in tried}
    return tuple(event for event in tried if event.original_recipient in (originals or {""}))


def _delivery(leg: Leg, row: Row, next_id: str) -> Delivery | None:
    """The recipient's own delivery at this hop; on the way, the one that led on."""
    wanted = {row.recipient.lower(), row.original_recipient.lower()} - {""}
    exact = [held for held in leg.deliveries if held.recipient.lower() == row.recipient.lower()]
    near = [
        held
        for held in leg.deliveries
        if wanted & {held.recipient.lower(), held.original_recipient.lower()}
    ]
    led_on = [held for held in leg.deliveries if next_id and next_id in held.next_queue_ids]
    return next(iter([*exact, *near, *led_on]), None)


def code_of(event: Event | Delivery) -> str:
    """The SMTP code and enhanced status at the head of a reply, else the status alone."""
    words = reply_core(event.reply)
    code = words[:3]
    if code.isdigit() and code[0] in "245" and words[3:4] in (" ", "-", ""):
        return f"{code} {event.status}".strip()
    return event.status


def parts(delays: str) -> tuple[float, float, float, float] | None:
    """Postfix's a/b/c/d in seconds; None when it is not four numbers."""
    try:
        a, b, c, d = map(float, delays.split("/"))
    except ValueError:
        return None
    return a, b, c, d


def path_of(trace: Trace) -> Path | None:
    """The way of the mail to the recipient asked for; None when no hop is known."""
    legs = legs_of(trace)
    if not legs:
        return None
    stops: list[Stop] = []
    steps: list[Step] = []
    for index, held in enumerate(legs):
        if index == 0:
            _arrive(held, stops, steps)
        _stay(held, index, legs, stops, steps)
    return _ended(trace.row, legs, stops, steps)


def _arrive(held: Held, stops: list[Stop], steps: list[Step]) -> None:
    hop = held.leg.hop
    if not hop.client:
        return
    named = hop.client_name if hop.client_name not in ("", "unknown") else hop.client
    stops.append(Stop(named, hop.client if named != hop.client else "", 0))
    steps.append(
        Step(
            StepKind.RECEIVE,
            named,
            hop.host,
            _first_us(held),
            _receiving_s(held),
            hop.tls,
            hop.auth,
        )
    )


def _first_us(held: Held) -> int:
    return held.leg.events[0].at_us if held.leg.events else held.leg.hop.opened_us


def _queued_us(held: Held) -> int | None:
    queued = (event.at_us for event in held.leg.events if event.kind is EventKind.QUEUED)
    return next(queued, None)


def _receiving_s(held: Held) -> float | None:
    """Until the queue manager had it: `a` of the first attempt, else the lines' times."""
    first = parts(held.attempts[0].delays) if held.attempts else None
    if first:
        return first[0]
    queued_us = _queued_us(held)
    return None if queued_us is None else (queued_us - _first_us(held)) / SECOND_US


def _stay(
    held: Held, index: int, legs: tuple[Held, ...], stops: list[Stop], steps: list[Step]
) -> None:
    hop = held.leg.hop
    if _refused_at_door(held):
        return
    stops.append(Stop(hop.host, "", len(steps)))
    steps.append(_queue(held))
    if index + 1 < len(legs):
        steps.append(_onward(held, legs[index + 1]))
    else:
        steps.extend(_last_steps(held))


def _refused_at_door(held: Held) -> bool:
    return held.delivery is not None and held.delivery.outcome is Outcome.REJECTED


def _queue(held: Held) -> Step:
    """The waiting: from the queue manager's first sight of it to the start of the last attempt,
    or to its end in the queue."""
    began_us = _queued_us(held) or _first_us(held)
    tries = held.attempts if _ends_in_queue(held) else held.attempts[:-1]
    return Step(
        StepKind.QUEUE,
        held.leg.hop.host,
        began_us=began_us,
        took_s=_waiting_s(held, began_us),
        note=held.leg.hop.queue_id,
        tries=tuple(Try(event.at_us, code_of(event).partition(" ")[0]) for event in tries),
    )


def _ends_in_queue(held: Held) -> bool:
    """Whether no attempt took it out of the queue: it waits, was given up, held or deleted."""
    return not held.attempts or held.attempts[-1].outcome is Outcome.DEFERRED


def _waiting_s(held: Held, began_us: int) -> float | None:
    closed_us = held.leg.hop.closed_us
    if closed_us is not None and _ends_in_queue(held):
        return (closed_us - began_us) / SECOND_US
    if not held.attempts:
        return None
    first, last = parts(held.attempts[0].delays), parts(held.attempts[-1].delays)
    if first and last:
        return last[0] - first[0] + last[1]
    return max((held.attempts[-1].at_us - began_us) / SECOND_US, 0.0)


def _onward(held: Held, after: Held) -> Step:
    same = after.leg.hop.host == held.leg.hop.host
    last = held.attempts[-1] if held.attempts else None
    split = parts(last.delays) if last else None
    return Step(
        StepKind.FILTER if same else StepKind.TRANSFER,
        held.leg.hop.host,
        after.leg.hop.host,
        _start_us(last),
        split[2] + split[3] if split else None,
        held.delivery.tls if held.delivery else "",
        held.delivery.relay if held.delivery else "",
    )


def _start_us(attempt: Event | None) -> int | None:
    """When an attempt began: its line is written at its end."""
    if attempt is None:
        return None
    split = parts(attempt.delays)
    return attempt.at_us - round((split[2] + split[3]) * SECOND_US) if split else attempt.at_us


def _last_steps(held: Held) -> list[Step]:
    if held.delivery is None or _ends_in_queue(held):
        return []
    last = held.attempts[-1]
    split = parts(last.delays)
    host, relay, tls = held.leg.hop.host, _towards(held.delivery), held.delivery.tls
    if is_local(held.delivery):
        took_s = split[2] + split[3] if split else None
        dropped = held.delivery.outcome is Outcome.DISCARDED
        kind = StepKind.FILTER if dropped else StepKind.STORE
        return [Step(kind, host, relay, _start_us(last), took_s, tls)]
    if split is None:
        return [Step(StepKind.TRANSFER, host, relay, last.at_us, None, tls)]
    began_us = _start_us(last) or last.at_us
    connect = Step(StepKind.CONNECT, host, relay, began_us, split[2], tls)
    handed_us = began_us + round(split[2] * SECOND_US)
    transfer = Step(StepKind.TRANSFER, host, relay, handed_us, split[3], tls)
    drawn = [step for step in (connect, transfer) if (step.took_s or 0) >= SHORTEST_S]
    return drawn or [transfer]


def _towards(delivery: Delivery) -> str:
    """The next host; the recipient's domain when none was found to speak to."""
    if delivery.relay not in NOWHERE:
        return delivery.relay
    return "" if is_local(delivery) else delivery.recipient.rpartition("@")[2]


def is_local(delivery: Delivery) -> bool:
    """Whether an agent on this host had the last word."""
    return delivery.program.rpartition("/")[2] not in REMOTE_AGENTS


def _ended(row: Row, legs: tuple[Held, ...], stops: list[Stop], steps: list[Step]) -> Path:
    last = legs[-1]
    delivery = last.delivery
    at_home = delivery is None or is_local(delivery) or _refused_at_door(last)
    relay = "" if at_home or delivery is None else _towards(delivery)
    name, _, address = relay.partition("[")
    return Path(
        tuple(stops),
        tuple(steps),
        row.status,
        name or last.leg.hop.host,
        address.replace("]:", ":").rstrip("]"),
        row.updated_us,
        code_of(delivery) if delivery else "",
        last.attempts[-1].delays if last.attempts else "",
    )
