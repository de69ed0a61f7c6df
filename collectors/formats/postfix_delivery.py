"""Lines of the delivery agents: results per recipient, and what went on before them.

`ID: to=<…>, [orig_to=<…>,] relay=…, [conn_use=n,] delay=…, delays=a/b/c/d, dsn=x.y.z,
status=WORD (reply)`.  Read left to right: the reply is a stranger's, and so is the
recipient's local part.  Source: src/global/log_adhoc.c, src/smtp/smtp_trouble.c.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from collectors.formats.postfix_ids import evidence, is_queue_id, queued_as
from tracer.model import Event, EventKind, LogLine, Outcome

Handler = Callable[[LogLine, str, str, int], list[Event]]  # line, host, queue id, where it ends
Sent = tuple[Outcome, tuple[str, ...]]  # and the queue ids it got there

_OUTCOMES: Final = {
    "deferred": Outcome.DEFERRED,
    "bounced": Outcome.BOUNCED,
    "expired": Outcome.EXPIRED,
    "SOFTBOUNCE": Outcome.DEFERRED,  # soft_bounce = yes
}
_ONLY_ASKED: Final = ("deliverable", "undeliverable")  # verify(8), `sendmail -bv`
_COMMANDS: Final = {
    "RCPT TO": "RCPT",
    "MAIL FROM": "MAIL",
    "DATA": "DATA",
    "end of DATA": "END-OF-MESSAGE",
    "EHLO": "EHLO",
    "HELO": "EHLO",
    "LHLO": "EHLO",
    "XFORWARD": "MAIL",
    "AUTH": "AUTH",
    "STARTTLS": "STARTTLS",
    "BDAT": "DATA",
}
# What the SMTP client was doing when the connection went away: smtp_state texts.
_WHILES: Final = (
    ("receiving the initial server greeting", "CONNECT"),
    ("performing the ", "EHLO"),
    ("sending MAIL FROM", "MAIL"),
    ("sending RCPT TO", "RCPT"),
    ("sending DATA command", "DATA"),
    ("sending message body", "DATA"),
    ("sending end of data", "END-OF-MESSAGE"),
)
_SMTP_SAYS: Final = (
    "host ",
    "lost connection with ",
    "conversation with ",
    "enabling PIX workarounds",
    "Cannot start TLS",
    "TLS is required",
    "SASL ",
    "Server certificate ",
    "certificate verification failed",
    "connect to ",
)
_SWALLOWED: Final = ("250 2.7.0 BLOCKED (", "delivered to file: /dev/null")  # a filter; an alias
_LONGEST_DELAY: Final = 10.0**10

# Enum members looked up once: an attribute of an Enum costs a third of an event.
_ATTEMPT: Final = EventKind.ATTEMPT
_DELIVERED: Final[Sent] = (Outcome.DELIVERED, ())
_RELAYED: Final[Sent] = (Outcome.RELAYED, ())


def _about_delivery(
    sent: Callable[[str], Sent],
    otherwise: Handler,
    line: LogLine,
    host: str,
    queue_id: str,
    at: int,
) -> list[Event]:
    """A line of a delivery agent: the attempt it tells, or what `otherwise` reads in it.

    `sent` says what `status=sent (reply)` means at this agent.
    """
    text = line.text
    if not text.startswith("to=", at):
        return otherwise(line, host, queue_id, at)
    end = text.find(">, relay=", at)
    verdict = text.find(", status=", end)
    recipient = text[at + 4 : end]
    original = ""
    if verdict < 0 or end < 0 or ">" in recipient or recipient[:1] == '"' or text[at + 3] != "<":
        recipient, original, end, verdict = _addressed(text, at)
        if verdict < 0:
            return evidence(line, host, queue_id)
    outcome, reply, command, names = _verdict(text, verdict + 9, sent)
    if outcome is None and not text.startswith(_ONLY_ASKED, verdict + 9):
        return evidence(line, host, queue_id)
    relay, delay, delays, status = _fields(text[end + 9 : verdict])
    return [
        Event(
            _ATTEMPT, line.at_us, host, queue_id,
            line.program, line.pid, text, line.source,
            recipient=recipient, original_recipient=original,
            relay="" if relay == "none" else relay, outcome=outcome, status=status[4:],
            reply=reply, command=command, delay_s=seconds(delay[6:]), delays=delays[7:],
            next_queue_ids=names,
        )
    ]  # fmt: skip


def _verdict(
    text: str, at: int, sent: Callable[[str], Sent]
) -> tuple[Outcome | None, str, str, tuple[str, ...]]:
    """Outcome, reply, command and next queue ids of `WORD (reply)`, which begins at `at`.

    No outcome: an address was only asked about, or the word is none of Postfix'.
    """
    if text.startswith("sent (", at) and text[-1] == ")":
        reply = text[at + 6 : -1]
        outcome, names = sent(reply)
        return outcome, reply, "", names
    word, _, reply = text[at:].partition(" (")
    reply = reply.removesuffix(")")
    if word == "sent":
        outcome, names = sent(reply)
        return outcome, reply, "", names
    return _OUTCOMES.get(word), reply, command_of(reply), ()


def _fields(told: str) -> list[str]:
    """The relay's name, then `delay=` `delays=` `dsn=`, between `relay=` and `, status=`."""
    fields = told.split(", ")
    if len(fields) == 5 and fields[1][:9] == "conn_use=":
        del fields[1]
    if len(fields) == 4 and fields[3][:4] == "dsn=":
        return fields
    # Other versions of Postfix: fewer keys, or keys that nobody here knows.
    found = {field.partition("=")[0]: field for field in fields[1:]}
    return [fields[0], found.get("delay", ""), found.get("delays", ""), found.get("dsn", "")]


def seconds(text: str) -> float | None:
    """`text` as a number of seconds, None if it is none."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value < _LONGEST_DELAY else None


def _sent_by_smtp(reply: str) -> Sent:
    if "queued as " in reply or "iscarded" in reply or "uarantin" in reply or "BOUNCE" in reply:
        return _sent_to_filter(reply) or _RELAYED
    return _RELAYED


def _sent_by_lmtp(reply: str) -> Sent:
    return _sent_to_filter(reply) or _DELIVERED


def _sent_to_filter(reply: str) -> Sent | None:
    """What a content filter did: passed on under another queue id, or took for good."""
    names = queued_as(reply)
    if names:
        return Outcome.RELAYED, names
    if "iscarded" in reply or reply.startswith(_SWALLOWED):
        return Outcome.DISCARDED, ()
    if reply.endswith(", BOUNCE") and " Ok, id=" in reply:  # amavisd's own notice goes out
        return Outcome.BOUNCED, ()
    if "uarantin" in reply:
        return Outcome.QUARANTINED, ()
    return None


def _sent_locally(reply: str) -> Sent:
    name = reply[13:] if reply.startswith("forwarded as ") else ""
    if reply.startswith(_SWALLOWED):
        return Outcome.DISCARDED, ()
    return (Outcome.EXPANDED, (name,)) if is_queue_id(name) else _DELIVERED


def _sent_to_nobody(reply: str) -> Sent:
    return Outcome.DISCARDED, ()


def _addressed(text: str, at: int) -> tuple[str, str, int, int]:
    """Recipient, original recipient, and where `>, relay=` and `, status=` stand.

    For lines with `orig_to=`, with quoted local parts, or without angle brackets.
    """
    recipient, pos = _address(text, at + 3)
    original = ""
    if text.startswith("orig_to=", pos):
        original, pos = _address(text, pos + 8)
    if not text.startswith("relay=", pos):
        return recipient, original, pos, -1
    return recipient, original, pos - 3, text.find(", status=", pos)


def _address(text: str, at: int) -> tuple[str, int]:
    """The address at `at` and the place after the comma that ends it."""
    if not text.startswith("<", at):
        end = text.find(", ", at)
        return (text[at:], len(text)) if end < 0 else (text[at:end], end + 2)
    past = _past_quotes(text, at + 1)
    end = text.find(">", past)
    if end < 0:
        return text[at + 1 :], len(text)
    return text[at + 1 : end], end + 3


def _past_quotes(text: str, at: int) -> int:
    """The place after the quoted string at `at`; `at` if none begins or ends."""
    if not text.startswith('"', at):
        return at
    pos = at + 1
    while pos < len(text):
        if text[pos] == "\\":
            pos += 1
        elif text[pos] == '"':
            return pos + 1
        pos += 1
    return at


def command_of(reply: str) -> str:
    """The SMTP command that a failure answers, as Postfix words it; "" if it does not say."""
    if reply.endswith(" command)"):
        at = reply.rfind("(in reply to ")
        return _COMMANDS.get(reply[at + 13 : -9], "") if at >= 0 else ""
    if reply.startswith("host "):
        return "CONNECT" if " refused to talk to me: " in reply else ""
    if reply.startswith(("connect to ", "delivery temporarily suspended: connect to ")):
        return "CONNECT"
    at = reply.rfind(" while ")
    doing = reply[at + 7 :] if at >= 0 else ""
    return next((command for words, command in _WHILES if doing.startswith(words)), "")


def _conversation(line: LogLine, host: str, queue_id: str, at: int) -> list[Event]:
    """What the SMTP client met on its way: evidence of an attempt, not its result."""
    text = line.text
    if not text.startswith(_SMTP_SAYS, at):
        return evidence(line, host, queue_id)
    reply = text[at:]
    return [
        Event(
            _ATTEMPT, line.at_us, host, queue_id,
            line.program, line.pid, text, line.source,
            relay=_spoken_to(reply), reply=reply, command=command_of(reply),
        )
    ]  # fmt: skip


def _spoken_to(reply: str) -> str:
    """The `name[address]` that the SMTP client speaks of."""
    if reply.startswith("enabling PIX workarounds"):
        return reply.rpartition(" for ")[2]
    for words in ("host ", "lost connection with ", "conversation with ", "connect to "):
        if reply.startswith(words):
            return reply[len(words) :].partition(" ")[0].rstrip(":")
    return ""


def _unread(line: LogLine, host: str, queue_id: str, at: int) -> list[Event]:
    return evidence(line, host, queue_id)


by_smtp = partial(_about_delivery, _sent_by_smtp, _conversation)
by_lmtp = partial(_about_delivery, _sent_by_lmtp, _conversation)
by_local = partial(_about_delivery, _sent_locally, _unread)  # virtual(8), pipe(8), error(8) too
by_discard = partial(_about_delivery, _sent_to_nobody, _unread)
