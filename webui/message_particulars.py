"""The particulars of a message: the list at its page's foot, and the text for a ticket."""

from __future__ import annotations

from tracer.causes.heard import END_OF_MESSAGE
from tracer.model import Delivery, Outcome, Row, Trace
from webui import show
from webui.card import stage_words
from webui.i18n import gettext
from webui.path import NOWHERE, Held, code_of
from webui.vocabulary import DIRECTIONS, WORDS, tls_word

_LOOPBACK = ("[127.", "[::1]")

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
    """Like "Said by mx.example [192.0.2.53]:25 at RCPT TO, on try 5 of 5, queue id 4cXk2R1wPz"."""
    delivery = legs[-1].delivery if legs else None
    told = [_speaker(row, delivery), _try(row)]
    if "/" not in row.queue_id:
        told.append(gettext("queue id %(id)s", id=row.queue_id))
    return ", ".join(filter(None, told))


def _try(row: Row) -> str:
    """Which try it was; one that will be followed by others has no last number."""
    if not row.attempts:
        return ""
    if row.status is Outcome.DEFERRED:
        return gettext("on try %(n)s, others follow", n=row.attempts)
    return gettext("on try %(n)s of %(m)s", n=row.attempts, m=row.attempts)


def _speaker(row: Row, delivery: Delivery | None) -> str:
    """Whose words the reply is, and at which step: a host's that we spoke to, or our own's."""
    theirs = delivery is not None and row.relay not in NOWHERE and code_of(delivery)[:3].isdigit()
    if not theirs and row.status is not Outcome.REJECTED:
        agent = delivery.program.rpartition("/")[2] if delivery else ""
        return gettext("Logged by %(name)s", name=f"{row.host} {agent}".strip())
    name = row.relay.replace("[", " [", 1) if theirs else row.host
    if theirs and any(here in row.relay for here in _LOOPBACK):
        name = gettext("our own filter %(name)s", name=row.relay.partition("[")[2].replace("]", ""))
    step = stage_words(_stage(row, delivery))
    if not step:
        return gettext("Said by %(name)s", name=name)
    return gettext("Said by %(name)s %(step)s", name=name, step=step)


def _stage(row: Row, delivery: Delivery | None) -> str:
    """The command that a reply answers; what takes a message is said at the end of its text."""
    if delivery is None:
        return ""
    taken = row.status in (Outcome.RELAYED, Outcome.DELIVERED) and not delivery.command
    return END_OF_MESSAGE if taken else delivery.command


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
