"""What somebody pasted, and its explanation: a reply, log lines, a notice, headers, a code.

Owns telling these apart. Pure: no store, no settings; the day comes as an argument, since
log lines may lack the year.
"""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import UTC, date
from enum import StrEnum

import msgspec

from collectors.formats import parse_line
from collectors.header import HeadReader
from collectors.unpack import as_utf8, codec_of, encoding_of, foreign
from collectors.year import YearGuess
from tracer.causes import UNKNOWN, hear
from tracer.errors import UnusableInput
from tracer.explain import Explanation, Told, explanation
from tracer.fold import fold
from tracer.folded import Folded
from tracer.model import FAILED, Event, Outcome
from tracer.notices import Notice, NoticeKind, NoticeRecipient, read_notice
from tracer.notices.cards import card, has_card
from tracer.notices.decode import without_tags
from tracer.notices.limits import CUT_OCTETS, CUT_RECIPIENTS, MOST_OCTETS, MOST_RECIPIENTS

MOST_LINES = 5_000
MOST_REPLY = 20_000  # characters
IS_PAGE = "html"
CUT_LINES = "lines"
NO_CODE = "no-code"
EMPTY, PACKED, NO_TEXT = "empty", "packed", "no-text"

_UNEXPLAINABLE = {
    EMPTY: "there is nothing to explain: give a reply, log lines, a bounce message or headers",
    PACKED: "this is a packed file: unpack it first, then explain what is inside",
    NO_TEXT: "this is no text: give a reply, log lines, a bounce message or headers",
}

_STATUS = re.compile(r"#?([245]\.\d{1,3}\.\d{1,3})")
_CODE = re.compile(r"(?:([245]\d\d)[ -]?)?(?:#?([245]\.\d{1,3}\.\d{1,3}))?[.;:]?")
_DSN = re.compile(r"\bdsn=([245]\.\d{1,3}\.\d{1,3})")
_TYPE = re.compile(r"(?i)^(?:diagnostic-code:\s*)?(?:smtp|lmtp|dns|x-[a-z-]{1,30})\s*;\s*")
_ADDRESS = re.compile(
    r"(?<![^\s<(\[:;,])[\w.+&'*=!#$%/?^{|}~-]{1,64}@(?:[\w-]{1,63}\.)+[\w-]{2,24}"
)
_OF_THE_SENDER = re.compile(r"(?i)sender|mail from|from:|contact|postmaster@|abuse@|support@")
_PAGE = re.compile(r"(?i)<(?:!doctype html|html|body|table|div|p|br|span|b)\b[^<>]{0,500}>")
_LOGGED = re.compile(
    r"(?:to=<([^<>\s]*)>.{0,2000}?)?\bstatus=(sent|deferred|bounced|expired|undeliverable|"
    r"deliverable) \((.*)\)\s*$",
    re.S,
)
_HEADLESS = (
    (re.compile(r"(?:postfix|exim|sendmail|opensmtpd|smtpd)[\w/-]*(?:\[\d+\])?: "), ""),
    (re.compile(r"NOQUEUE: "), "postfix/smtpd[1]: "),
    (re.compile(r"[0-9A-Za-z]{6,20}: (?:to|from)=<"), "postfix/smtp[1]: "),
)
_OUTCOMES = {
    "sent": Outcome.RELAYED,
    "deferred": Outcome.DEFERRED,
    "expired": Outcome.EXPIRED,
    "deliverable": Outcome.RELAYED,
}
_LOOKED_AT = 40  # lines: a paste is a log when one of these is a log line


class Kind(StrEnum):
    """What was pasted, beside the kinds of notices."""

    REPLY = "reply"
    CODE = "code"
    LOG = "log"


class Unexplainable(UnusableInput):
    """There is nothing to explain; `why` is EMPTY, PACKED or NO_TEXT."""

    def __init__(self, why: str) -> None:
        super().__init__(_UNEXPLAINABLE[why])
        self.why = why


class Given(msgspec.Struct, frozen=True):
    """What is known beside the text; "" where nothing is."""

    reply_code: str = ""
    enhanced: str = ""
    command: str = ""


class Explained(msgspec.Struct, frozen=True):
    """One recipient, or one reply, and its card."""

    told: Told
    card: Explanation


class Pasted(msgspec.Struct, frozen=True):
    """What a text turned out to be. `found` has the failures first and is never empty.

    `kind`: a value of `Kind` or `NoticeKind`. `ids`: queue ids and Message-IDs that the
    store may know the message by. `hints`: what was left out or is odd, words
    of `tracer.notices.limits` and of this module.
    """

    kind: str
    found: tuple[Explained, ...]
    notice: Notice | None = None
    queue_ids: tuple[str, ...] = ()
    message_ids: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()


def explain_text(
    text: str | bytes, lang: str = "en", *, today: date, given: Given | None = None
) -> Pasted:
    """What a pasted text is and what it means, in "en" or "ru".

    Raises Unexplainable when there is nothing to explain: an empty text, a packed file, a
    picture. Whatever else is in it is a value.
    """
    octets = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
    given = given or Given()
    plain, hints = _readable(octets, given)
    if log := _log(plain, today):
        return _of_log(log, lang, hints)
    if _may_be_mail(plain):
        notice = read_notice(octets)
        if not _is_rather_a_reply(notice, plain):
            return _of_notice(notice, lang)
    return _of_reply(plain, given, lang, hints)


def _readable(octets: bytes, given: Given) -> tuple[str, tuple[str, ...]]:
    """The text, and what was left out of it."""
    if codec_of(octets[:8]):
        raise Unexplainable(PACKED)
    if foreign(octets[:8192]):
        raise Unexplainable(NO_TEXT)
    head = octets[:MOST_OCTETS]
    head = b"".join(as_utf8(encoding_of(head[:4096]), iter([head])))
    plain = head.decode("utf-8", "replace").lstrip("\ufeff").replace("\r\n", "\n")
    if not plain.strip() and not (given.reply_code or given.enhanced):
        raise Unexplainable(EMPTY)
    return plain, (CUT_OCTETS,) if len(octets) > MOST_OCTETS else ()


# Replies, codes


def _of_reply(plain: str, given: Given, lang: str, hints: tuple[str, ...]) -> Pasted:
    text = plain.strip()
    if _PAGE.search(text[:MOST_REPLY]):
        text, hints = without_tags(text[: 4 * MOST_REPLY]), (*hints, IS_PAGE)
    if len(text) > MOST_REPLY:
        text, hints = text[:MOST_REPLY], tuple(dict.fromkeys((*hints, CUT_OCTETS)))
    logged = _LOGGED.search(text)
    if logged:
        outcome = _OUTCOMES.get(logged[2], Outcome.BOUNCED)
        dsn = _DSN.search(text)
        told = Told(outcome, logged[3], dsn[1] if dsn else "", recipient=logged[1] or "")
        return _single(Kind.LOG, told, lang, hints)
    bare = _CODE.fullmatch(text)
    reply = _with_codes(_TYPE.sub("", text), given)
    found = _STATUS.search(reply) if bare else None
    status = given.enhanced or (found[1] if found else "")
    told = Told(
        _outcome(reply, status, given), reply, status, given.command, recipient=_named_in(reply)
    )
    return _single(Kind.CODE if bare else Kind.REPLY, told, lang, hints)


def _single(kind: Kind, told: Told, lang: str, hints: tuple[str, ...]) -> Pasted:
    card = explanation(told, lang)
    if told.outcome is Outcome.UNKNOWN and card.cause == UNKNOWN:
        hints = (*hints, NO_CODE)  # perhaps no server said it
    return Pasted(kind.value, (Explained(told, card),), hints=hints)


def _with_codes(reply: str, given: Given) -> str:
    """The reply with the codes that were given beside it, where it lacks them."""
    if given.enhanced and given.enhanced not in reply:
        reply = f"{given.enhanced} {reply}"
    if given.reply_code and not hear(reply).code:
        reply = f"{given.reply_code} {reply}"
    return reply.strip()


def _named_in(reply: str) -> str:
    """The recipient that a reply names: the only address in it that is not the sender's."""
    if _OF_THE_SENDER.search(reply):
        return ""
    named = {found.lower(): found for found in _ADDRESS.findall(reply)}
    return next(iter(named.values())) if len(named) == 1 else ""


def _outcome(reply: str, status: str, given: Given) -> Outcome:
    """By the class of the reply (RFC 5321, 4.2.1); unknown when it has none."""
    heard = hear(reply, status, given.command)
    by_class = {"2": Outcome.RELAYED, "4": Outcome.DEFERRED, "5": Outcome.BOUNCED}
    return by_class.get((heard.code or heard.status)[:1], Outcome.UNKNOWN)


# Log lines


def _log(plain: str, today: date) -> list[Event]:
    """The events of pasted log lines; [] when it is no log."""
    lines = [line for line in plain[:MOST_OCTETS].split("\n") if line.strip()][:MOST_LINES]
    reader = HeadReader("", year=YearGuess(latest=today), zone=UTC)
    if not _read(reader, lines[:_LOOKED_AT], today):
        return []
    return _read(HeadReader("", year=YearGuess(latest=today), zone=UTC), lines, today)


def _read(reader: HeadReader, lines: list[str], today: date) -> list[Event]:
    found: list[Event] = []
    for line in lines:
        bare = line.strip().lstrip("> \t")
        read = reader.read(_made_head(bare, today) + bare)
        if read is not None:
            found += [event for event in parse_line(read) if event.queue_id]
    return found


def _made_head(line: str, today: date) -> str:
    """A head for a line that was copied without its own."""
    for pattern, program in _HEADLESS:
        if pattern.match(line):
            return f"{today.isoformat()}T00:00:00+00:00 localhost {program}"
    return ""


def _of_log(events: list[Event], lang: str, hints: tuple[str, ...]) -> Pasted:
    by_stay: defaultdict[tuple[str, str], list[Event]] = defaultdict(list)
    for event in events:
        by_stay[event.host, event.queue_id].append(event)
    stays = [stay for each in by_stay.values() for stay in fold(each)]
    told = [told for stay in stays for told in _told_of_stay(stay)]
    if len(told) > MOST_RECIPIENTS:
        hints = (*hints, CUT_RECIPIENTS)
    if len(events) >= MOST_LINES:
        hints = (*hints, CUT_LINES)
    if not told:
        told = [_told_of_event(events[-1])]
    return Pasted(
        Kind.LOG.value,
        _ranked([Explained(each, explanation(each, lang)) for each in told[:MOST_RECIPIENTS]]),
        queue_ids=tuple(key[1] for key in by_stay if "/" not in key[1])[:MOST_RECIPIENTS],
        message_ids=tuple(dict.fromkeys(s.hop.message_id for s in stays if s.hop.message_id)),
        hints=hints,
    )


def _told_of_stay(stay: Folded) -> list[Told]:
    hop = stay.hop
    return [
        Told(
            outcome=each.outcome,
            reply=each.reply,
            status=each.status,
            command=each.command,
            relay=each.relay,
            program=each.program,
            sender=hop.sender,
            recipient=each.recipient,
            original_recipient=each.original_recipient,
            subject=hop.subject,
            message_id=hop.message_id,
            host=hop.host,
            queue_id=hop.queue_id,
            size=hop.size,
            attempts=each.attempts,
            first_us=each.first_us,
            last_us=each.last_us,
            delay_s=each.delay_s,
            client=hop.client,
        )
        for each in stay.deliveries
        if each.outcome is not Outcome.UNKNOWN or each.reply
    ]


def _told_of_event(event: Event) -> Told:
    """The only thing that a log line said, when it decides nothing."""
    return Told(
        event.outcome or Outcome.UNKNOWN, event.reply or event.text, event.status, event.command,
        event.relay, event.program, event.sender, event.recipient, host=event.host,
        queue_id=event.queue_id, last_us=event.at_us,
    )  # fmt: skip


# Notices, headers


def _may_be_mail(plain: str) -> bool:
    """Whether a text is worth reading as a message: it has lines enough, or a field."""
    return "\n" in plain.strip() or bool(re.match(r"\s*[A-Za-z][A-Za-z-]{1,60}: ?\S", plain))


def _is_rather_a_reply(notice: Notice, plain: str) -> bool:
    """Whether what looked like headers only names sender and recipient before a reply."""
    if notice.has_report and "\n" not in plain.strip():
        return not any(each.recipient for each in notice.recipients)
    if notice.kind is not NoticeKind.MESSAGE:
        return notice.kind is NoticeKind.NOTHING
    return not (notice.message_ids or notice.trail) and bool(hear(plain[:MOST_REPLY]).code)


def _of_notice(notice: Notice, lang: str) -> Pasted:
    if has_card(notice.kind):
        found = [_of_card(notice, lang)]
    else:
        told = [_told_of_recipient(notice, each) for each in notice.recipients]
        found = [Explained(each, explanation(each, lang)) for each in told]
    return Pasted(
        notice.kind.value,
        _ranked(found) or (_of_nobody(notice, lang),),
        notice,
        queue_ids=_queue_ids(notice),
        message_ids=notice.message_ids,
        hints=notice.hints,
    )


def _queue_ids(notice: Notice) -> tuple[str, ...]:
    """The ids that name the message; those in its Received headers only if it has no better."""
    named = [*notice.queue_ids, notice.envelope_id]
    if not notice.message_ids:
        named += notice.returned.queue_ids
    if notice.kind is NoticeKind.MESSAGE and not notice.message_ids:
        named += notice.headers.queue_ids
    return tuple(dict.fromkeys(each for each in named if each))


def _told_of_recipient(notice: Notice, each: NoticeRecipient) -> Told:
    return Told(
        outcome=each.outcome,
        reply=each.reply,
        status=each.status,
        relay=each.remote_mta,
        sender=_sender(notice),
        recipient=each.recipient,
        original_recipient=each.original_recipient,
        subject=notice.returned.subject,
        message_id=notice.returned.message_id,
        host=notice.reporting_mta,
        queue_id=notice.queue_ids[0] if notice.queue_ids else "",
        first_us=notice.arrival_us or 0,
        last_us=each.last_attempt_us or notice.headers.date_us or 0,
    )


def _sender(notice: Notice) -> str:
    """Whose message it was: a notice goes back to its sender."""
    return notice.returned.sender or next(iter(notice.headers.recipients), "")


def _of_card(notice: Notice, lang: str) -> Explained:
    is_mail = notice.kind is NoticeKind.MESSAGE
    about = notice.headers if is_mail else notice.returned
    recipient = notice.recipients[0].recipient if notice.recipients else ""
    told = Told(
        outcome=Outcome.UNKNOWN,
        sender=about.sender,
        recipient=recipient or next(iter(about.recipients), ""),
        subject=about.subject,
        message_id=about.message_id,
        host=notice.reporting_mta,
        last_us=about.date_us or 0,
    )
    return Explained(told, card(notice.kind, told, lang))


def _of_nobody(notice: Notice, lang: str) -> Explained:
    """A notice that names no recipient and gives no reply: its words stand for them."""
    told = Told(Outcome.BOUNCED, notice.text[:MOST_REPLY], sender=_sender(notice))
    return Explained(told, explanation(told, lang))


def _ranked(found: list[Explained]) -> tuple[Explained, ...]:
    """Failures first, then what waits, then the rest; otherwise as they came."""
    return tuple(sorted(found, key=lambda one: _rank(one.told.outcome)))


def _rank(outcome: Outcome) -> int:
    if outcome in FAILED:
        return 0
    return 1 if outcome is Outcome.DEFERRED else 2
