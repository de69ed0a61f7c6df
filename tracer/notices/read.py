"""read_notice: from octets to what they say.  Read this first; the rest are its parts."""

from __future__ import annotations

import re

import msgspec

from tracer.notices import kinds
from tracer.notices.decode import header_text
from tracer.notices.fields import Fields, addresses, message_id, read_fields, split_message, time_us
from tracer.notices.limits import CUT_RECIPIENTS, MOST_RECIPIENTS, MOST_TEXT
from tracer.notices.model import (
    Action,
    Complaint,
    Headers,
    Notice,
    NoticeKind,
    NoticeRecipient,
)
from tracer.notices.parts import DELIVERY, FEEDBACK, RECEIPT, RETURNED, Message, read_message
from tracer.notices.prose import Found, best_words, first_address, human_part, replies, spoken_for
from tracer.notices.report import Report, read_report
from tracer.notices.trail import read_trail
from tracer.notices.words import RETURNED as RETURNED_BELOW

_REPORT_IN_TEXT = re.compile(r"(?im)^(?:final-recipient|diagnostic-code)[ \t]*:")
_REPORT_STARTS = re.compile(r"(?im)^(?:reporting-mta|original-recipient|final-recipient|"
                            r"diagnostic-code|remote-mta|action|status)[ \t]*:")  # fmt: skip
_HEADERS_BELOW = re.compile(r"(?im)^(?:received|return-path|message-id|from|date):[ \t]")
_VERP = re.compile(r"(?:^|[\s<,])([^=@\s<>,]{1,200})=([\w.-]{1,200}\.[\w-]{2,})@")
_VERP_PREFIX = re.compile(
    r"^(?:.*?\b(?:bounces?|returns?|errors?|verp)(?:[-+.]\d+)*[-+]|[^+]*\+|[^-]*-)"
)
_REWRITTEN = ("srs0", "srs1", "prvs", "btv1")  # a sender rewritten for forwarding, or signed
_VERP_FIELDS = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "to")
_MBOX_STAMP = re.compile(r"From \S+ [^\n]*\d\d:\d\d[^\n]*\n[!-9;-~]+:")
_WORDS = re.compile(r"\W+")
_MAIL_FIELDS = frozenset(
    """received return-path message-id from to subject date mime-version content-type
    delivered-to dkim-signature authentication-results reply-to x-mailer auto-submitted
    x-failed-recipients arc-seal x-received references in-reply-to sender cc received-spf
    x-original-to envelope-to x-spam-status x-envelope-from""".split()
)


def read_notice(octets: bytes) -> Notice:
    """What a message, its headers or the text of a notice says. Never raises for bad data.

    Takes what people have at hand: a file as mail programs store it, headers alone, the
    text of a bounce, the fields of a delivery report. What a message returns is not taken
    for its own. Sources: RFC 3464, 5965, 6522, 6533, 8098, 3834.
    """
    message = read_message(octets)
    notice = _read(message)
    is_vague = notice.kind is NoticeKind.FAILURE and not any(r.recipient for r in notice.recipients)
    if (notice.kind is NoticeKind.MESSAGE or is_vague) and (inner := _inside(message)):
        notice = inner
    return msgspec.structs.replace(notice, hints=(*message.is_cut, *notice.hints))


def looks_like_mail(start: bytes) -> bool:
    """Whether a file that begins so is a message or an mbox, and not a log."""
    text = start.decode("latin-1").replace("\r\n", "\n").removeprefix("\xef\xbb\xbf")
    if text.startswith("From ") and _MBOX_STAMP.match(text):
        return True
    known = [name for name, _ in split_message(text)[0].pairs if name in _MAIL_FIELDS]
    return len(known) > 1


def _inside(message: Message) -> Notice | None:
    """The notice that a message carries: somebody passed on a bounce that they got."""
    for part in message.parts:
        if part.type == RETURNED:
            inner = _read(read_message(part.text.encode("latin-1", "replace")))
            if inner.kind not in (NoticeKind.MESSAGE, NoticeKind.NOTHING):
                return inner
    return None


def _read(message: Message) -> Notice:
    if not _is_mail(message.fields):
        whole = _whole(message)
        if _REPORT_IN_TEXT.search(whole):
            return _of_report(message, whole, whole)
        if message.fields and not message.parts:
            return Notice(NoticeKind.NOTHING)
    text = _text(message)
    report = message.first(DELIVERY)
    if report is not None:
        return _of_report(message, report.text, text)
    if (feedback := message.first(FEEDBACK)) or kinds.is_complaint(message.fields):
        return _complaint(message, feedback.text if feedback else "", text)
    if receipt := message.first(RECEIPT):
        return _receipt(message, receipt.text, text)
    if hidden := _report_in(text):
        return _of_report(message, hidden, text)
    return _without_report(message, text)


def _is_mail(fields: Fields) -> bool:
    return any(name in _MAIL_FIELDS for name, _ in fields.pairs)


def _whole(message: Message) -> str:
    """Pasted text that only looked like headers, put together again."""
    told = [f"{name}: {value}" for name, value in message.fields.pairs]
    return "\n".join([*told, "", *(part.text for part in message.parts)])


def _text(message: Message) -> str:
    """The human part: the plain text, or the words of the HTML where there is none."""
    for kind in ("text/plain", "text/html"):
        told = [part.text for part in message.parts if part.type == kind and part.text.strip()]
        if told:
            return "\n\n".join(told[:3])[: 4 * MOST_TEXT]
    return ""


def _report_in(text: str) -> str:
    """The fields of a report that stands in plain text; "" if there is none."""
    if not _REPORT_IN_TEXT.search(text):
        return ""
    start = _REPORT_STARTS.search(text)
    return text[start.start() :] if start else ""


def _of_report(message: Message, fields: str, text: str) -> Notice:
    warning = kinds.is_warning(message.fields, text)
    report = read_report(fields, is_warning=warning)
    told = replies(text) if fields is not text else []
    recipients = tuple(_completed(each, told, report) for each in report.recipients)
    if not recipients:
        recipients = _recipients(message, told, text, warning=warning)
    return _notice(
        message,
        kinds.kind_of_report(recipients),
        text,
        recipients=recipients,
        reporting_mta=report.reporting_mta,
        envelope_id=report.envelope_id,
        queue_ids=report.queue_ids,
        arrival_us=report.arrival_us,
        has_report=True,
        hints=(CUT_RECIPIENTS,) if report.is_cut else (),
    )


def _completed(known: NoticeRecipient, told: list[Found], report: Report) -> NoticeRecipient:
    """A recipient with the words of the human part, where those say more.

    Reports often keep the first line of a reply only, or its code.
    """
    if known.action not in (Action.FAILED, Action.DELAYED):
        return known
    names = {known.recipient.lower(), known.original_recipient.lower()}
    named = [one for one in told if {one.recipient.lower(), one.original_recipient.lower()} & names]
    if not named and len(told) == len(report.recipients) == 1:
        named = told
    if not named or not _says_more(named[0].reply, known.reply):
        return known
    return msgspec.structs.replace(known, reply=named[0].reply)


def _says_more(told: str, known: str) -> bool:
    """Whether the prose has the same reply and goes on, or the report has none at all."""
    few, many = _letters(known), _letters(told)
    if len(few) < 12:
        return len(many) > len(few)
    return len(many) > len(few) and (few[:40] in many or few[-30:] in many)


def _letters(reply: str) -> str:
    """The words of a reply without its codes, which a folded reply repeats."""
    words = (word for word in _WORDS.split(reply.lower()) if not word.isdigit())
    return " ".join(word for word in words if word)


def _without_report(message: Message, text: str) -> Notice:
    fields = message.fields
    human = human_part(text)
    told = replies(text)
    if fields and kinds.is_auto_reply(fields):
        return _plain(message, NoticeKind.AUTO_REPLY, text)
    if kinds.is_failure(fields, human, has_replies=bool(told)):
        warning = kinds.is_warning(fields, human)
        recipients = _recipients(message, told, text, warning=warning)
        kind = NoticeKind.DELAY if warning else NoticeKind.FAILURE
        host, queue_id = spoken_for(text)
        return _notice(
            message,
            kind,
            text,
            recipients=recipients,
            reporting_mta=host,
            queue_ids=(queue_id,) if queue_id else (),
            hints=(CUT_RECIPIENTS,) if len(recipients) >= MOST_RECIPIENTS else (),
        )
    if kinds.is_challenge(fields, human):
        return _plain(message, NoticeKind.CHALLENGE, text)
    return _plain(message, NoticeKind.MESSAGE if _is_mail(fields) else NoticeKind.NOTHING, text)


def _recipients(
    message: Message, told: list[Found], text: str, *, warning: bool
) -> tuple[NoticeRecipient, ...]:
    """The recipients of a notice that is prose only."""
    action = Action.DELAYED if warning else Action.FAILED
    words = best_words(text)
    failed = addresses(message.fields.raw("x-failed-recipients"))
    if failed:
        named = {one.recipient.lower(): one for one in told}
        only = told[0].reply if len({one.reply for one in told}) == 1 else words
        found = [named.get(each.lower()) or Found(each, only) for each in failed]
    else:
        found = told or [Found(_verp(message.fields) or first_address(text), words)]
    return tuple(
        NoticeRecipient(
            recipient=one.recipient or _verp(message.fields) or first_address(text),
            original_recipient=one.original_recipient,
            action=action,
            reply=one.reply or words,
        )
        for one in found[:MOST_RECIPIENTS]
    )


def _complaint(message: Message, feedback: str, text: str) -> Notice:
    fields = read_fields(feedback)
    named = [*fields.all("original-rcpt-to"), *fields.all("removal-recipient"),
             message.fields.raw("x-hmxmroriginalrecipient")]  # fmt: skip
    found = dict.fromkeys(address for value in named for address in addresses(value))
    arrival = fields.raw("arrival-date") or fields.raw("received-date")
    return _notice(
        message,
        NoticeKind.COMPLAINT,
        text,
        recipients=tuple(NoticeRecipient(each, action=Action.DELIVERED) for each in found),
        reporting_mta=fields.text("reporting-mta").partition(";")[2].strip(),
        envelope_id=fields.text("original-envelope-id"),
        arrival_us=time_us(arrival) if arrival else None,
        has_report=bool(fields),
        complaint=Complaint(
            fields.text("feedback-type").lower() or "abuse",
            addresses(message.fields.raw("from"))[0].rpartition("@")[2]
            if addresses(message.fields.raw("from"))
            else "",
            fields.text("source-ip").strip("[]"),
            time_us(arrival) if arrival else None,
        ),
    )


def _receipt(message: Message, receipt: str, text: str) -> Notice:
    notice = _plain(message, NoticeKind.RECEIPT, text)
    if notice.returned.message_id:
        return notice
    original = message_id(read_fields(receipt).raw("original-message-id"))
    return msgspec.structs.replace(notice, returned=Headers(message_id=original))


def _plain(message: Message, kind: NoticeKind, text: str) -> Notice:
    return _notice(message, kind, text)


def _notice(message: Message, kind: NoticeKind, text: str, **found: object) -> Notice:
    """What every notice says: its own headers, those it returns, its words."""
    fields = message.fields
    returned = _returned(message, text) if kind is not NoticeKind.MESSAGE else Fields([])
    trail = read_trail(returned) if returned else read_trail(fields)
    if kind not in (NoticeKind.MESSAGE, NoticeKind.NOTHING) and not returned:
        trail = ()
    return Notice(
        kind=kind,
        headers=headers_of(fields),
        returned=headers_of(returned) if returned else _referred(fields),
        verp=_verp(fields),
        trail=trail,
        text=human_part(text),
        **found,  # type: ignore[arg-type]
    )


def _returned(message: Message, text: str) -> Fields:
    """The headers of the message that the notice is about."""
    part = message.first(RETURNED)
    if part is not None:
        return split_message(part.text)[0]
    mark = RETURNED_BELOW.search(text, 1) if len(text) > 1 else None
    if mark is None:
        return Fields([])
    start = _HEADERS_BELOW.search(text, mark.start())
    return split_message(text[start.start() :])[0] if start else Fields([])


def _referred(fields: Fields) -> Headers:
    """Where nothing is returned: the message that the notice answers (RFC 3834, 3.1.5)."""
    answered = fields.raw("in-reply-to") or fields.raw("references").rpartition("<")[2]
    return Headers(message_id=message_id(answered))


def headers_of(fields: Fields) -> Headers:
    """The headers that people look for."""
    trail = read_trail(fields)
    senders = addresses(fields.raw("from"))
    return Headers(
        message_id=message_id(fields.raw("message-id")),
        sender=senders[0] if senders else "",
        recipients=addresses(fields.raw("to"))[:MOST_RECIPIENTS],
        subject=header_text(fields.raw("subject")),
        date_us=time_us(fields.raw("date")) if "date" in fields else None,
        queue_ids=tuple(hop.queue_id for hop in reversed(trail) if hop.queue_id),
    )


def _verp(fields: Fields) -> str:
    """The recipient in an address like "bounce+anna=corp.example@list.example"; or ""."""
    for name in _VERP_FIELDS:
        for value in fields.all(name):
            if (found := _VERP.search(value)) and not found[1].lower().startswith(_REWRITTEN):
                local = _VERP_PREFIX.sub("", found[1]) or found[1]
                return f"{local}@{found[2]}"
    return ""
