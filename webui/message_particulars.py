"""The particulars of a message: the list at its page's foot, and the text for a ticket."""

from __future__ import annotations

from tracer.model import Delivery, Outcome, Row, Trace
from webui import show
from webui.i18n import gettext
from webui.path import NOWHERE, Held, code_of
from webui.vocabulary import DIRECTIONS, WORDS, tls_word

Particulars = tuple[tuple[str, str, bool], ...]
"""(name, value, whether the value is code) of what is known."""


def particulars(trace: Trace, legs: tuple[Held, ...]) -> tuple[Particulars, Particulars]:
    """Two columns: what the message is, and where it is found."""
    row = trace.row
    hop = legs[0].leg.hop if legs else None
    size = gettext("%(n)s octets", n=show.number(row.size)) if row.size is not None else ""
    client = f"{hop.client_name} [{row.client}]" if hop and hop.client_name else row.client
    message_id = f"<{row.message_id}>" if row.message_id else ""
    what = (
        (gettext("Subject"), row.subject, False),
        (gettext("From"), row.sender, False),
        (gettext("To"), row.recipient, False),
        (gettext("Written to"), row.original_recipient, False),
        (gettext("Size"), size, False),
        (gettext("Direction"), str(DIRECTIONS.get(row.direction, "")), False),
    )
    where = (
        (gettext("Message-ID"), message_id, True),
        (gettext("Queue ids"), " ".join(row.queue_ids), True),
        (gettext("Client"), client, False),
        ("HELO", hop.helo if hop else "", False),
        (gettext("Login"), hop.auth if hop else "", False),
        (gettext("Came in over"), tls_word(hop.tls) if hop else "", False),
        (gettext("Next server"), row.relay, False),
        (gettext("Source"), row.source, False),
    )
    return _known(what), _known(where)


def _known(lines: Particulars) -> Particulars:
    return tuple(line for line in lines if line[1])


def said_by(row: Row, legs: tuple[Held, ...]) -> str:
    """Like "Said by mx.example [192.0.2.53]:25 to MAIL, try 5, queue id 4cXk2R1wPz"."""
    told = [_speaker(row, legs[-1].delivery if legs else None)]
    if row.attempts > 1:
        told.append(gettext("on try %(n)s", n=row.attempts))
    if "/" not in row.queue_id:
        told.append(gettext("queue id %(id)s", id=row.queue_id))
    return ", ".join(told)


def _speaker(row: Row, delivery: Delivery | None) -> str:
    """Whose words the reply is: a host's that we spoke to, or our own host's."""
    theirs = delivery is not None and row.relay not in NOWHERE and code_of(delivery)[:3].isdigit()
    if not theirs and row.status is not Outcome.REJECTED:
        agent = delivery.program.rpartition("/")[2] if delivery else ""
        return gettext("Logged by %(name)s", name=f"{row.host} {agent}".strip())
    name = row.relay.replace("[", " [", 1) if theirs else row.host
    if delivery is None or not delivery.command:
        return gettext("Said by %(name)s", name=name)
    return gettext("Said by %(name)s to %(command)s", name=name, command=delivery.command)


def ticket(trace: Trace, address: str) -> str:
    """A few lines for a ticket: what became of the message, and where to look."""
    row = trace.row
    lines = (
        (gettext("Outcome"), str(WORDS[row.status])),
        (gettext("From"), row.sender),
        (gettext("To"), row.recipient),
        (gettext("Subject"), row.subject),
        (gettext("Received"), show.iso(row.received_us)),
        (gettext("Last event"), show.iso(row.updated_us)),
        (gettext("Message-ID"), f"<{row.message_id}>" if row.message_id else ""),
        (gettext("Queue ids"), " ".join(row.queue_ids)),
        (gettext("Reply"), row.reply),
        (gettext("Link"), address),
    )
    return "\n".join(f"{name}: {value}" for name, value in lines if value)
