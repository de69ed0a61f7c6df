"""Postfix lines whose daemon was lost on the way: `postfix[2101]: 4F1D2C0A: client=…`.

rsyslog's `programname` and `app-name` end at the first slash of the tag, and
`journalctl -o with-unit` writes the unit (`postfix@-.service`).  What a line says tells the
daemon, save for two: a delivery by LMTP over TCP looks like one by SMTP, and a queue id that
postsuper(1) removed like one that is done with.  Both are then taken for the usual case.
Source: rsyslog's property `programname`; the daemons' own words as in the modules beside.
"""

from __future__ import annotations

from collectors.formats.postfix_cleanup import by_cleanup
from collectors.formats.postfix_delivery import Handler, by_discard, by_lmtp, by_local, by_smtp
from collectors.formats.postfix_door import by_smtpd
from collectors.formats.postfix_queue import by_bounce, by_pickup, by_postsuper, by_qmgr
from tracer.model import Event, EventKind, LogLine, Outcome

LMTP_PORT = ":24"
_BEGINNINGS: tuple[tuple[str, Handler], ...] = (
    ("from=<", by_qmgr),
    ("removed", by_qmgr),
    ("client=", by_smtpd),
    ("message-id=", by_cleanup),
    ("resent-message-id=", by_cleanup),
    ("info: header ", by_cleanup),
    ("uid=", by_pickup),
    ("proxy-", by_smtpd),
    ("sender ", by_bounce),
    ("postmaster ", by_bounce),
    ("placed on hold", by_postsuper),
    ("released from hold", by_postsuper),
    ("requeued", by_postsuper),
    ("skipped, ", by_qmgr),
)
_SPOKEN = (
    "host ", "lost connection with ", "conversation with ", "connect to ", "enabling PIX",
    "Cannot start TLS", "TLS is required", "SASL ", "Server certificate ", "certificate verif",
)  # fmt: skip


def is_nameless(program: str) -> bool:
    """Whether a program's name tells Postfix but not the daemon."""
    if program.startswith("postfix@"):
        return program.endswith(".service")
    is_named = program.startswith("postfix-") and "/" not in program  # by `syslog_name`
    return is_named or program in ("postfix", "postfix.service")


def by_what_is_said(line: LogLine, host: str, queue_id: str, at: int) -> list[Event]:
    """A line about a message, read by the daemon that says such things."""
    text = line.text
    if text.startswith("to=", at):
        return _delivery(line, host, queue_id, at)
    if text.startswith(_SPOKEN, at):
        return by_smtp(line, host, queue_id, at)
    for words, handler in _BEGINNINGS:
        if text.startswith(words, at):
            return handler(line, host, queue_id, at)
    return by_smtpd(line, host, queue_id, at)  # a verdict, else evidence


def _delivery(line: LogLine, host: str, queue_id: str, at: int) -> list[Event]:
    """A result: the relay tells by whom, since every agent names its own kind there."""
    events = by_smtp(line, host, queue_id, at)
    if not events or events[0].kind is not EventKind.ATTEMPT:
        return events
    handler = _agent(events[0].relay, events[0].outcome)
    return events if handler is by_smtp else handler(line, host, queue_id, at)


def _agent(relay: str, outcome: Outcome | None) -> Handler:
    if not relay:  # "none": only discard(8) is done without one
        return by_discard if outcome is Outcome.RELAYED else by_local
    name, met, address = relay.partition("[")
    if not met or not name:
        return by_local
    is_socket = "/" in address.partition("]")[0]
    return by_lmtp if is_socket or relay.endswith(LMTP_PORT) else by_smtp
