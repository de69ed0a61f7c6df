"""What our own log says: how the last mail between the two fared.

Source: our store of deliveries. No other check knows whether mail gets through in fact.
"""

from __future__ import annotations

from collections.abc import Iterator

from tracer.diagnostics.about import About, Params
from tracer.diagnostics.check import Check
from tracer.diagnostics.model import Finding, Side, Target
from tracer.diagnostics.traces import History
from tracer.diagnostics.world import World
from tracer.errors import StoreUnavailable
from tracer.model import Row, when

CODES = (
    "own_traces.accepted", "own_traces.some_fail", "own_traces.failing", "own_traces.waiting",
    "own_traces.none", "own_traces.not_settled", "own_traces.off", "own_traces.unknown",
)  # fmt: skip


def run(target: Target, world: World) -> Iterator[Finding]:
    """One finding about the pair; where both are addresses and never wrote, about the domains."""
    about = About("own_traces", Side.NOBODY, _pair(target.sender, target.recipient))
    if world.traces is None:
        yield about.na("off")
        return
    try:
        history = world.traces.between(target.sender, target.recipient)
        wider = target.sender_domain, target.recipient_domain
        if not history.last_14d.total and wider != (target.sender, target.recipient):
            about = about.of(_pair(*wider))
            history = world.traces.between(*wider)
    except StoreUnavailable as error:
        yield about.unknown("unknown", reason=str(error))
        return
    yield _told(about, history)


def _pair(sender: str, recipient: str) -> str:
    return " → ".join(filter(None, (sender, recipient)))


def _told(about: About, history: History) -> Finding:
    span, evidence = history.last_14d, history.evidence
    params = _params(history)
    if not span.total:
        return about.na("none", evidence, **params)
    newest_failure = history.last_failed[0] if history.last_failed else None
    accepted = history.last_accepted
    if newest_failure and (accepted is None or accepted.received_us < newest_failure.received_us):
        tell = about.warning if accepted else about.fail
        return tell("some_fail" if accepted else "failing", evidence, **params)
    if accepted:
        return about.passed("accepted", evidence, **params)
    if span.waiting:
        return about.warning("waiting", evidence, **params)
    return about.na("not_settled", evidence, **params)


def _params(history: History) -> Params:
    span, recent = history.last_14d, history.last_48h
    failed = history.last_failed[0] if history.last_failed else None
    return {
        "query": history.query,
        "total": span.total,
        "accepted": span.accepted,
        "failed": span.failed,
        "waiting": span.waiting,
        "recent": recent.total,
        "recent_failed": recent.failed,
        "causes": ", ".join(f"{cause} × {n}" for cause, n in history.causes[:3] if cause),
        "last_accepted": _at(history.last_accepted),
        "last_failed": _at(failed),
        "last_reply": failed.reply if failed else "",
        "last_failed_id": failed.id if failed else "",
        "last_accepted_id": history.last_accepted.id if history.last_accepted else "",
    }


def _at(row: Row | None) -> str:
    return when(row.updated_us).strftime("%Y-%m-%d %H:%M UTC") if row else "—"


CHECK = Check(
    name="own_traces", run=run, concerns=lambda target: bool(target.sender or target.recipient)
)
