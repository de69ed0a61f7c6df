"""Log lines of mail that went out, one try each: what came of it, where and when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from tracer.model import micros

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
NOW_US = micros(NOON)
BLOCKED = "550 5.7.1 messages from [198.51.100.7] weren't sent: on our block list (S3150)"
TAKEN = "250 2.0.0 Ok: queued as 8GkQ2zz"


def sent(
    number: int, minutes_ago: int, sender: str, recipient: str, *,
    server: str = "mx.protection.example", reply: str = TAKEN, client: str = "10.0.0.7",
) -> Iterator[str]:  # fmt: skip
    """The lines of one message to one recipient."""
    queue_id = f"A{number:09X}"
    at = NOON - timedelta(minutes=minutes_ago)
    taken = reply.startswith("2")
    status, code = ("sent", "2.0.0") if taken else ("bounced", reply.split()[1])
    shown = reply if taken else f"host {server}[192.0.2.53] said: {reply} (in reply to MAIL FROM)"
    for program, text in (
        ("smtpd", f"client=pc7.corp.example[{client}]"),
        ("cleanup", f"message-id=<{number}@corp.example>"),
        ("qmgr", f"from=<{sender}>, size=2000, nrcpt=1 (queue active)"),
        (
            "smtp",
            f"to=<{recipient}>, relay={server}[192.0.2.53]:25, delay=1, delays=0/0/0/1, "
            f"dsn={code}, status={status} ({shown})",
        ),
        ("qmgr", "removed"),
    ):
        yield f"{at.isoformat()} mx1 postfix/{program}[77]: {queue_id}: {text}"


def refused(number: int, minutes_ago: int, client: str, recipient: str) -> Iterator[str]:
    """The line of a refusal at the door."""
    at = NOON - timedelta(minutes=minutes_ago)
    yield (
        f"{at.isoformat()} mx1 postfix/smtpd[{number}]: NOQUEUE: reject: RCPT from "
        f"unknown[{client}]: 554 5.7.1 Service unavailable; Client host [{client}] blocked using "
        f"zen.blocklist.example; from=<spam{number}@x.example> to=<{recipient}> proto=ESMTP"
    )
