"""When a message that was put off is tried again, and when it is given up: an estimate.

No log line says it. Postfix tries a message again when it has waited as long again as it is
old, but not sooner than `minimal_backoff_time` and not later than `maximal_backoff_time`; it
looks every `queue_run_delay` whether a message is due (postconf(5), qmgr(8), their defaults).
The tries that were seen tell whether this host keeps that pace. Pure.
"""

from __future__ import annotations

import msgspec

from tracer.model import DAY_US, SECOND_US, EventKind, Leg, Outcome, Trace

MINIMAL_BACKOFF_US = 300 * SECOND_US
MAXIMAL_BACKOFF_US = 4000 * SECOND_US
QUEUE_RUN_US = 300 * SECOND_US
LIFETIME_US = 5 * DAY_US
_SLACK_US = 120 * SECOND_US  # a try may take this long before its line is written
_POSTFIX = "postfix/"


class Retry(msgspec.Struct, frozen=True):
    """The next try of a message that waits; None where nothing tells.

    `is_observed`: this host keeps another pace than the default, so the next try is
    expected after the time that lay between the last two. `tries`: how many were seen.
    """

    next_us: int | None
    gives_up_us: int | None
    is_observed: bool
    tries: int


def retry(trace: Trace) -> Retry | None:
    """The estimate for the delivery asked for; None unless it was put off."""
    row = trace.row
    leg = next((each for each in trace.legs if _name(each) == f"{row.host}/{row.queue_id}"), None)
    if row.status is not Outcome.DEFERRED or leg is None:
        return None
    tries = [
        event
        for event in leg.events
        if event.kind is EventKind.ATTEMPT
        and event.outcome is Outcome.DEFERRED
        and event.recipient.lower() == row.recipient.lower()
    ]
    times = sorted(event.at_us for event in tries)
    is_postfix = bool(tries) and tries[-1].program.startswith(_POSTFIX)
    return estimate(leg.hop.opened_us, times, is_postfix=is_postfix)


def estimate(opened_us: int, times: list[int], *, is_postfix: bool) -> Retry:
    """From when the message came into the queue and the times of its tries, oldest first."""
    gives_up_us = opened_us + LIFETIME_US if is_postfix else None
    if not times:
        return Retry(None, gives_up_us, False, 0)
    gap_us = times[-1] - times[-2] if len(times) > 1 else None
    usual_us = None if gap_us is None else _backoff_us(opened_us, times[-2])
    differs = gap_us is not None and usual_us is not None and not _fits(gap_us, usual_us)
    if gap_us is not None and (differs or not is_postfix):
        return Retry(times[-1] + gap_us, gives_up_us, True, len(times))
    next_us = times[-1] + _backoff_us(opened_us, times[-1]) if is_postfix else None
    return Retry(next_us, gives_up_us, False, len(times))


def _backoff_us(opened_us: int, tried_us: int) -> int:
    return min(max(tried_us - opened_us, MINIMAL_BACKOFF_US), MAXIMAL_BACKOFF_US)


def _fits(gap_us: int, usual_us: int) -> bool:
    return usual_us - _SLACK_US <= gap_us <= usual_us + QUEUE_RUN_US + _SLACK_US


def _name(leg: Leg) -> str:
    return f"{leg.hop.host}/{leg.hop.queue_id}"
