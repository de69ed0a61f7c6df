"""Mail as an input: .eml files, maildirs and mbox files, and the events that notices tell.

A notice becomes a record for each recipient (`collectors.reported`), kept in a foreign hop:
its host is the reporting server, its queue id what that server called the message. The core
joins that to the hop of ours it is about; ordinary mail in a mailbox tells nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from collectors.inputs import InputProblem, LogInput
from collectors.mailbox import SOURCE
from collectors.reported import Reported, Told, line_of
from tracer.model import SECOND_US, LogLine, Outcome
from tracer.notices import Notice, NoticeKind, NoticeRecipient, read_notice
from tracer.notices.limits import MOST_OCTETS

PROGRAM = "notice/dsn"
COMPLAINTS = "notice/arf"
NOTHING = "holds no notice: no message in it tells what became of another one"

_TOLD = {
    Outcome.BOUNCED: Told.BOUNCED,
    Outcome.EXPIRED: Told.BOUNCED,
    Outcome.DEFERRED: Told.DEFERRED,
}
_REPORTS = frozenset({NoticeKind.FAILURE, NoticeKind.DELAY, NoticeKind.SUCCESS})
_HOST = re.compile(r"[^A-Za-z0-9.\-]+")


def read_messages(log: LogInput) -> Iterator[tuple[bytes, int] | InputProblem]:
    """Each message of a file, with the octets read so far; an mbox has many.

    Of a message that is too long only the beginning is given (`notices.limits`).
    """
    try:
        with open(log.path, "rb") as file:
            kept: list[bytes] = []
            held = consumed = 0
            is_after_blank = True
            for line in file:
                if is_after_blank and held and line.startswith(b"From "):
                    yield b"".join(kept), consumed
                    kept, held = [], 0
                consumed += len(line)
                if held < MOST_OCTETS:
                    kept.append(line)
                    held += len(line)
                is_after_blank = line in (b"\n", b"\r\n")
            yield b"".join(kept), consumed
    except OSError as error:
        yield InputProblem(log.path, f"cannot be read: {error.strerror or error}")


def lines_of_message(octets: bytes, log: LogInput, source: str = SOURCE) -> list[LogLine]:
    """The lines to be kept of one message; [] when it tells of no other one."""
    return lines_of(read_notice(octets), round((log.written_s or 0) * SECOND_US), source)


def lines_of(notice: Notice, arrived_us: int, source: str = SOURCE) -> list[LogLine]:
    """A line for each recipient of a notice, as `collectors.reported` keeps and reads it.

    `arrived_us` stands in where the notice has no date. The host is the reporting server
    with "/notice" behind, so that its hop is not taken for the one in that server's log.
    """
    if notice.kind in _REPORTS:
        told = [(_reported(notice, each), PROGRAM) for each in notice.recipients]
    elif notice.kind is NoticeKind.COMPLAINT:
        told = [(_complained(notice, each), COMPLAINTS) for each in notice.recipients]
    else:
        return []
    host = f"{_HOST.sub('', notice.reporting_mta).lower() or _sender_host(notice)}/notice"
    made = [(line_of(each, program, host, arrived_us), each) for each, program in told]
    return [_from(line, source) for line, each in made if each.recipient]


def _from(line: LogLine, source: str) -> LogLine:
    return LogLine(
        line.at_us, line.host, line.program, line.pid, line.text, line.head, source or SOURCE
    )


def _sender_host(notice: Notice) -> str:
    """The domain that the notice came from, where it names no server."""
    return _HOST.sub("", notice.headers.sender.rpartition("@")[2]).lower() or "unknown"


def _reported(notice: Notice, each: NoticeRecipient) -> Reported:
    outcome = each.outcome
    told = _TOLD.get(outcome, Told.DELIVERED)
    at_us = each.last_attempt_us or notice.headers.date_us or notice.arrival_us
    return Reported(
        told=told,
        subtype=f"{notice.kind.value}/{each.action.value}",
        recipient=_recipient(notice, each),
        occurred_us=at_us,
        message_id=notice.returned.message_id,
        envelope_id=notice.envelope_id,
        provider_message_id=_queue_id(notice),
        sender=notice.returned.sender,
        subject=notice.returned.subject,
        reply=each.reply,
        relay=each.remote_mta,
        enhanced=each.status,
        outcome="" if outcome.value == told.value else outcome.value,
    )


def _queue_id(notice: Notice) -> str:
    """What the reporting server called the message: as it says, or by the newest Received of
    the returned headers, if that server wrote it."""
    if notice.queue_ids:
        return notice.queue_ids[0]
    newest = notice.trail[-1] if notice.trail else None
    speakers = (notice.reporting_mta.lower(), _sender_host(notice))
    return newest.queue_id if newest and newest.by.lower() in speakers else ""


def _recipient(notice: Notice, each: NoticeRecipient) -> str:
    """The address as we wrote it: an alias over there may have made another one of it.

    A notice to an address made for one recipient (VERP) is about that one.
    """
    verp = notice.verp if len(notice.recipients) == 1 else ""
    return each.original_recipient or verp or each.recipient or notice.verp


def _complained(notice: Notice, each: NoticeRecipient) -> Reported:
    complaint = notice.complaint
    return Reported(
        told=Told.COMPLAINED,
        subtype=complaint.feedback_type if complaint else "",
        recipient=each.recipient,
        occurred_us=notice.headers.date_us or notice.arrival_us,
        message_id=notice.returned.message_id,
        sender=notice.returned.sender,
        subject=notice.returned.subject,
        ip=complaint.source_ip if complaint else "",
    )
