"""From a trace to what its explanation needs to know."""

from __future__ import annotations

from tracer.explain import Told
from tracer.model import REFUSAL, SECOND_US, Delivery, EventKind, Outcome, Trace


def told_of(trace: Trace) -> Told:
    """What is known of the delivery that was asked for."""
    row, delivery = trace.row, _last_leg(trace)
    return Told(
        outcome=row.status,
        reply=row.reply,
        status=row.enhanced_status,
        command=delivery.command if delivery else "",
        relay=row.relay,
        program=_program(trace, delivery) if delivery else "",
        sender=row.sender,
        recipient=row.recipient,
        original_recipient=row.original_recipient,
        subject=row.subject,
        message_id=row.message_id,
        host=row.host,
        queue_id=row.queue_id,
        size=row.size,
        attempts=row.attempts,
        first_us=row.received_us,
        last_us=row.updated_us,
        delay_s=row.delay_s,
        client=row.client,
        queue_s=_queue_wait(trace),
        by_our_host=any(kin.why == REFUSAL for kin in trace.related),
        was_delivered=_was_delivered(trace),
        is_complaint=_is_complaint(trace),
    )


def _is_complaint(trace: Trace) -> bool:
    """Whether the message is known by a complaint alone, whose mail nobody found."""
    row = trace.row
    return row.status is Outcome.UNKNOWN and any(
        event.kind is EventKind.COMPLAINED and event.recipient in ("", row.recipient)
        for leg in trace.legs
        if (leg.hop.host, leg.hop.queue_id) == (row.host, row.queue_id)
        for event in leg.events
    )


def _was_delivered(trace: Trace) -> bool:
    """Whether a provider reported the message as delivered before it was returned."""
    row = trace.row
    return row.status is Outcome.BOUNCED and any(
        event.kind is EventKind.REPORTED
        and event.outcome is Outcome.DELIVERED
        and event.recipient in ("", row.recipient)
        for leg in trace.legs
        for event in leg.events
    )


def _program(trace: Trace, delivery: Delivery) -> str:
    """The program that had the last word, by its whole name: the store keeps its end only."""
    said = [
        event.program
        for leg in trace.legs
        if (leg.hop.host, leg.hop.queue_id) == (trace.row.host, trace.row.queue_id)
        for event in leg.events
        if event.reply == delivery.reply and event.program.endswith(delivery.program)
    ]
    return said[-1] if said else delivery.program


def _last_leg(trace: Trace) -> Delivery | None:
    """The delivery that the row shows."""
    row = trace.row
    for leg in trace.legs:
        if (leg.hop.host, leg.hop.queue_id) == (row.host, row.queue_id):
            for delivery in leg.deliveries:
                if delivery.recipient == row.recipient:
                    return delivery
    return None


def _queue_wait(trace: Trace) -> float | None:
    """Seconds from arrival to the first attempt at the row's hop: a + b of Postfix's delays.

    Where there was none yet, until as far as the log has been read. None when the log does not
    tell, and later tries count the pauses between them.
    """
    row = trace.row
    if row.status is Outcome.PENDING and not row.attempts and trace.read_until_us is not None:
        return (trace.read_until_us - row.received_us) / SECOND_US
    for leg in trace.legs:
        if (leg.hop.host, leg.hop.queue_id) == (row.host, row.queue_id):
            told = (e.delays for e in leg.events if e.delays and e.recipient == row.recipient)
            before, in_queue, *_ = (*next(told, "").split("/"), "", "")
            return float(before) + float(in_queue) if before and in_queue else None
    return None
