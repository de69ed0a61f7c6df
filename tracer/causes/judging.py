"""Judging a delivery's outcome: what the rules say of the reply, where that explains what was done.

`judge` is called for every failure while ingesting, so verdicts are kept by the shape of
the reply. Pure: no clock, no settings, no store.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from tracer.causes.catalog import Cause, Level
from tracer.causes.decide import UNKNOWN, decide, decide_by
from tracer.causes.heard import cut, hear
from tracer.causes.reply import Heard
from tracer.causes.verdict import Verdict
from tracer.model import BACKSCATTER, Outcome

# What an outcome means when the reply names nothing better.
OTHERWISE: Mapping[Outcome, str] = {
    Outcome.DEFERRED: UNKNOWN,
    Outcome.BOUNCED: UNKNOWN,
    Outcome.UNKNOWN: UNKNOWN,
    Outcome.EXPIRED: "retry_timeout",
    Outcome.REJECTED: "local_policy",
    Outcome.SUPPRESSED: "local_policy",
    Outcome.DISCARDED: "local_policy",
    Outcome.QUARANTINED: "local_policy",
    Outcome.JUNKED: "spam_content",
}
KEPT_BACK = frozenset({Outcome.DISCARDED, Outcome.QUARANTINED, Outcome.JUNKED})
TOLD_BY_OUTCOME = KEPT_BACK | {Outcome.SUPPRESSED}
BY_US = TOLD_BY_OUTCOME | {Outcome.REJECTED}
# What our own filter does with a message counts as its verdict only when it names one of these.
_FILTERED = frozenset({"spam_content", "malware", "attachment_blocked", "domain_blocklisted"})
_SHAPES = 8192  # shapes of replies remembered


def judge(
    outcome: Outcome, reply: str, status: str = "", command: str = "", program: str = ""
) -> Verdict:
    """The cause of an outcome; "" where none is needed, `unknown` when the reply tells nothing.

    `status` as logged (RFC 3463), `command` and `program` as in `model.Event`.
    """
    if outcome not in OTHERWISE or (outcome is Outcome.UNKNOWN and reply in ("", BACKSCATTER)):
        return Verdict("")
    return _judge_shape(outcome, cut(reply), status, command, program)


def judge_by(causes: Mapping[str, Cause]) -> None:
    """Judge by these causes from now on; what was remembered of verdicts is forgotten."""
    decide_by(causes)
    _judge_shape.cache_clear()


def heard_of(
    outcome: Outcome, reply: str, status: str = "", command: str = "", program: str = ""
) -> Heard:
    """What the rules hear of a delivery's reply."""
    return hear(cut(reply), status, command, program, ours=outcome in BY_US)


@lru_cache(maxsize=_SHAPES)
def _judge_shape(outcome: Outcome, shape: str, status: str, command: str, program: str) -> Verdict:
    verdict = decide(hear(shape, status, command, program, ours=outcome in BY_US))
    if verdict.cause == UNKNOWN or not _fits(outcome, verdict):
        return Verdict(OTHERWISE[outcome])
    return verdict


def _fits(outcome: Outcome, verdict: Verdict) -> bool:
    """Whether a verdict on the reply also explains what was done with the message."""
    if outcome is Outcome.REJECTED:
        return verdict.cause != "policy_rejected" and verdict.level is not Level.GUESS
    return outcome not in BY_US or verdict.cause in _FILTERED
