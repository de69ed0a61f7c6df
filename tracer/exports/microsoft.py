"""Our rows in the words of Microsoft 365's message trace reports.

Source: "Message trace in the modern Exchange admin center" and "Trace an email message"
(learn.microsoft.com): `recipient_status` is `address##events`, events as in "Receive, Send".
"""

from __future__ import annotations

from collections.abc import Sequence

from tracer.model import Outcome

_STATUS = {
    Outcome.PENDING: ("Pending", "Receive", "RECEIVE"),
    Outcome.DEFERRED: ("Pending", "Receive, Defer", "DEFER"),
    Outcome.DELIVERED: ("Delivered", "Receive, Deliver", "DELIVER"),
    Outcome.RELAYED: ("Delivered", "Receive, Send", "SEND"),
    Outcome.JUNKED: ("FilteredAsSpam", "Receive, Spam", "DELIVER"),
    Outcome.QUARANTINED: ("Quarantined", "Receive, Quarantine", "FAIL"),
    Outcome.DISCARDED: ("Failed", "Receive, Drop", "DROP"),
    Outcome.EXPANDED: ("Expanded", "Receive, Expand", "EXPAND"),
    Outcome.BOUNCED: ("Failed", "Receive, Fail", "FAIL"),
    Outcome.EXPIRED: ("Failed", "Receive, Defer, Fail", "FAIL"),
    Outcome.REJECTED: ("Failed", "Fail", "FAIL"),
    Outcome.SUPPRESSED: ("Failed", "Receive, Fail", "FAIL"),
    Outcome.REMOVED: ("Failed", "Receive, Drop", "DROP"),
    Outcome.UNKNOWN: ("GettingStatus", "Receive", "RECEIVE"),
}
_DIRECTIONS = {
    "inbound": "Incoming",
    "outbound": "Originating",
    "internal": "Originating",
    "relayed": "Incoming",
}


def status_word(outcome: str) -> str:
    """The status of the Summary report."""
    return _STATUS[Outcome(outcome)][0]


def event_id(outcome: str) -> str:
    """The event of the Extended report that an outcome amounts to."""
    return _STATUS[Outcome(outcome)][2]


def recipient_status(recipients: Sequence[str], outcomes: Sequence[str]) -> list[str]:
    """`anna@corp.example##Receive, Deliver`."""
    events = {outcome: f"##{_STATUS[Outcome(outcome)][1]}" for outcome in set(outcomes)}
    return [one + events[outcome] for one, outcome in zip(recipients, outcomes, strict=True)]


def message_id(ids: Sequence[str]) -> list[str]:
    """With the angle brackets that Microsoft keeps."""
    return [f"<{id}>" if id else "" for id in ids]


def directionality(direction: str) -> str:
    """Incoming or Originating, as far as we can tell."""
    return _DIRECTIONS.get(direction, "Undefined")


def relay_name(relay: str) -> str:
    """The name in "name[address]:port"."""
    return relay.partition("[")[0]


def relay_address(relay: str) -> str:
    """The address in "name[address]:port"."""
    return relay.partition("[")[2].partition("]")[0]


def custom_data(
    outcomes: Sequence[str], causes: Sequence[str], statuses: Sequence[str]
) -> list[str]:
    """What Microsoft's columns have no place for: our outcome, cause and RFC 3463 status."""
    every = list(zip(outcomes, causes, statuses, strict=True))
    made = {one: "status={};cause={};enhanced_status={}".format(*one) for one in set(every)}
    return [made[one] for one in every]
