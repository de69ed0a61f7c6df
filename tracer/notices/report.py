"""Delivery reports for machines (RFC 3464, RFC 6533): the fields of each recipient.

Written for what servers send, not only for what the standard allows: blank lines inside a
recipient's block, no blank line between two, fields of the message among a recipient's.
"""

from __future__ import annotations

import re

import msgspec

from tracer.notices.decode import header_text
from tracer.notices.fields import Fields, read_fields, time_us
from tracer.notices.limits import LONGEST_REPLY, MOST_RECIPIENTS
from tracer.notices.model import Action, NoticeRecipient

_OF_A_RECIPIENT = frozenset(
    {
        "original-recipient", "final-recipient", "action", "status", "remote-mta",
        "diagnostic-code", "last-attempt-date", "will-retry-until", "final-log-id",
    }
)  # fmt: skip
_NAMES = ("original-recipient", "final-recipient")
_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_BASIC = re.compile(r"(?<![\d.])([245])\d\d(?![\d.])")
_QUEUE_ID = re.compile(r"x-[\w-]*(?:queue-?id|spool-id|message-?id)|final-log-id")
_ESCAPED = re.compile(r"\\x\{([0-9A-Fa-f]{1,6})\}")  # RFC 6533, 3: utf-8-addr-xtext
_XTEXT = re.compile(r"\+([0-9A-F]{2})")  # RFC 3461, 4
_TYPE = re.compile(r"\s*([A-Za-z][\w-]{0,30})\s*;\s*")
_ACTIONS = {
    "fail": Action.FAILED, "dela": Action.DELAYED, "deli": Action.DELIVERED,
    "rela": Action.RELAYED, "expa": Action.EXPANDED,
}  # fmt: skip
_BY_CLASS = {"2": Action.DELIVERED, "5": Action.FAILED}


class Report(msgspec.Struct, frozen=True):
    """The fields of the message, and its recipients; more than the limit are left out."""

    reporting_mta: str
    envelope_id: str
    queue_ids: tuple[str, ...]
    arrival_us: int | None
    recipients: tuple[NoticeRecipient, ...]
    is_cut: bool = False


def read_report(text: str, *, is_warning: bool = False) -> Report:
    """The report in the text of a message/delivery-status part.

    `is_warning`: what to think of a recipient without an action and a class 4 status.
    """
    message, recipients = _blocks(read_fields(text))
    known = [_recipient(fields, is_warning) for fields in recipients[:MOST_RECIPIENTS]]
    return Report(
        reporting_mta=typed(message.raw("reporting-mta"))[1],
        envelope_id=message.text("original-envelope-id"),
        queue_ids=_queue_ids(message, recipients),
        arrival_us=time_us(message.raw("arrival-date")) if "arrival-date" in message else None,
        recipients=tuple(each for each in known if each),
        is_cut=len(recipients) > MOST_RECIPIENTS,
    )


def typed(value: str) -> tuple[str, str]:
    """The type and the text of "dns; mx.example", "rfc822;<a@b.example>", "smtp; 550 no"."""
    found = _TYPE.match(value)
    if found:
        return found[1].lower(), header_text(value[found.end() :])
    return "", header_text(value)


def _blocks(fields: Fields) -> tuple[Fields, list[Fields]]:
    """The message's own fields, then those of each recipient."""
    message: list[tuple[str, str]] = []
    recipients: list[list[tuple[str, str]]] = []
    for name, value in fields.pairs:
        if name not in _OF_A_RECIPIENT:
            message.append((name, value))
        elif not recipients or _begins_another(name, recipients[-1]):
            recipients.append([(name, value)])
        else:
            recipients[-1].append((name, value))
    return Fields(message), [Fields(pairs) for pairs in recipients]


def _begins_another(name: str, pairs: list[tuple[str, str]]) -> bool:
    if name not in _NAMES:
        return False
    held = [key for key, _ in pairs]
    return name in held or (any(key in held for key in _NAMES) and "status" in held
                            and not held[-1].endswith("-recipient"))  # fmt: skip


def _queue_ids(message: Fields, recipients: list[Fields]) -> tuple[str, ...]:
    pairs = message.pairs + [pair for fields in recipients for pair in fields.pairs]
    found = (header_text(value) for name, value in pairs if _QUEUE_ID.fullmatch(name))
    return tuple(dict.fromkeys(each for each in found if each and "@" not in each))


def _recipient(fields: Fields, is_warning: bool) -> NoticeRecipient | None:
    final, original = (_address(fields.raw(name)) for name in ("final-recipient", _NAMES[0]))
    kind, reply = typed(fields.raw("diagnostic-code"))
    if not (final or original or reply):
        return None
    found = _STATUS.search(fields.raw("status")) or _STATUS.search(reply)
    status = found[1] if found else ""
    return NoticeRecipient(
        recipient=final or original,
        original_recipient=original if original != final else "",
        action=_action(fields.raw("action"), status, reply, is_warning),
        status=status,
        diagnostic_type=kind,
        reply=reply[:LONGEST_REPLY],
        remote_mta=typed(fields.raw("remote-mta"))[1],
        last_attempt_us=_time(fields, "last-attempt-date"),
        retry_until_us=_time(fields, "will-retry-until"),
    )


def _time(fields: Fields, name: str) -> int | None:
    return time_us(fields.raw(name)) if name in fields else None


def _action(written: str, status: str, reply: str, is_warning: bool) -> Action:
    named = _ACTIONS.get(written.strip().lower()[:4])
    if named:
        return named
    basic = _BASIC.search(reply)
    by_class = _BY_CLASS.get(status[:1] or (basic[1] if basic else ""))
    return by_class or (Action.DELAYED if is_warning else Action.FAILED)


def _address(value: str) -> str:
    """The address of a Final-Recipient or Original-Recipient, its escapes undone."""
    kind, address = typed(value)
    if kind == "utf-8":
        address = _ESCAPED.sub(_character, address)
    elif "@" not in address and "+40" in address:
        address = _XTEXT.sub(lambda found: chr(int(found[1], 16)), address)
    return address.partition(" (")[0].strip().strip("<>").strip()


def _character(found: re.Match[str]) -> str:
    number = int(found[1], 16)
    return chr(number) if 0x20 <= number < 0xD800 or 0xDFFF < number < 0x110000 else ""
