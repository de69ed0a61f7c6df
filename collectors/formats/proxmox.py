"""Proxmox Mail Gateway's filter: what it did to each recipient of a message.

It stands behind Postfix as a content filter and names its work by a session of its own, which
Postfix logs in the filter's reply: `250 2.5.0 OK (80A30673DA0A5A1B2C)`.  So a session is a hop
between two stays in Postfix's queue, or the last one.  Source: PMG/RuleDB/{Accept,Quarantine,
Block}.pm and bin/pmg-smtp-filter of pmg-api.
"""

from __future__ import annotations

from collectors.formats.log_format import LogFormat
from collectors.formats.postfix_cleanup import bare
from collectors.formats.postfix_ids import SHORTEST_SESSION, evidence, is_queue_id
from tracer.model import Event, EventKind, LogLine, Outcome

_NEW = "new mail message-id="
_ACCEPTED = "accept mail to <"
_MOVED = "moved mail for <"


def claims(program: str) -> bool:
    """Whether `program` is the filter."""
    return program == "pmg-smtp-filter"


def parse(line: LogLine) -> list[Event]:
    """Events told by one line of the filter; empty if it names no session.  Never raises."""
    session, met, said = line.text.partition(": ")
    if not met or len(session) < SHORTEST_SESSION or not is_queue_id(session):
        return []
    if said.startswith(_NEW):
        return [_identified(line, session, said)]
    if said.startswith(_ACCEPTED):
        return _accepted(line, session, said)
    recipient, met, fate = said.removeprefix(_MOVED).partition("> to ")
    if said.startswith(_MOVED) and met and fate.partition(" - ")[0].endswith("quarantine"):
        return [_done(line, session, said, recipient, Outcome.QUARANTINED)]
    return evidence(line, line.host, session)  # what it blocked, Postfix says itself


def _identified(line: LogLine, session: str, said: str) -> Event:
    return Event(
        EventKind.IDENTIFIED, line.at_us, line.host, session,
        line.program, line.pid, line.text, line.source,
        bare(said[len(_NEW) :].removesuffix("#012")),
    )  # fmt: skip


def _accepted(line: LogLine, session: str, said: str) -> list[Event]:
    """`accept mail to <anna@corp.example> (9E77080A31) (rule: default-accept)`."""
    recipient, _, rest = said[len(_ACCEPTED) :].partition("> (")
    name = rest.partition(")")[0]
    if not is_queue_id(name):
        return evidence(line, line.host, session)
    return [_done(line, session, said, recipient, Outcome.RELAYED, name)]


def _done(
    line: LogLine, session: str, said: str, recipient: str, outcome: Outcome, name: str = ""
) -> Event:
    return Event(
        EventKind.ATTEMPT, line.at_us, line.host, session,
        line.program, line.pid, line.text, line.source,
        recipient=recipient, outcome=outcome, reply=said,
        next_queue_ids=(name,) if name else (),
    )  # fmt: skip


FORMAT: LogFormat = LogFormat(name="proxmox", parse=parse, claims=claims)
