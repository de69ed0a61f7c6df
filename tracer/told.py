"""From a trace to what its explanation needs to know."""

from __future__ import annotations

from tracer.explain import Told
from tracer.model import Delivery, Trace


def told_of(trace: Trace) -> Told:
    """What is known of the delivery that was asked for."""
    row, delivery = trace.row, _last_leg(trace)
    return Told(
        outcome=row.status,
        reply=row.reply,
        status=row.enhanced_status,
        command=delivery.command if delivery else "",
        relay=row.relay,
        program=delivery.program if delivery else "",
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
    )


def _last_leg(trace: Trace) -> Delivery | None:
    """The delivery that the row shows."""
    row = trace.row
    for leg in trace.legs:
        if (leg.hop.host, leg.hop.queue_id) == (row.host, row.queue_id):
            for delivery in leg.deliveries:
                if delivery.recipient == row.recipient:
                    return delivery
    return None
