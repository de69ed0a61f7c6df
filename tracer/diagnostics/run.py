"""Running the checks of one diagnosis, all at once, each in a thread of its own.

A check that breaks is our fault and is told as such: an UNKNOWN finding `NAME.crashed`, with
the traceback in the log. One that is not done when the time is over is `NAME.unfinished`,
and one that may not ask because nothing may leave this machine is `NAME.closed`.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue

from tracer.diagnostics.asking import BadTarget
from tracer.diagnostics.check import Check
from tracer.diagnostics.checks import CHECKS, ORDINARY
from tracer.diagnostics.closed import OutboundOff
from tracer.diagnostics.model import Finding, Report, Side, Target, Verdict
from tracer.diagnostics.world import World
from tracer.errors import Phrase
from tracer.model import SECOND_US

LIMIT_S = 45.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Said:
    """What a check's thread hands over: a finding, or None when the check is done."""

    place: int
    finding: Finding | None


def diagnose(
    target: Target,
    world: World,
    checks: Sequence[Check] = ORDINARY,
    on_finding: Callable[[Finding], None] | None = None,
    *,
    limit_s: float = LIMIT_S,
) -> Report:
    """Every finding about the target, in the order of the checks.

    `on_finding` is called in this thread, for each finding as soon as it is there. The run
    ends after `limit_s` seconds in any case; threads that are still asking are left behind.
    """
    started = time.monotonic()
    started_us = world.now_us or time.time_ns() // 1000
    concerned = [check for check in checks if check.concerns(target)]
    said: SimpleQueue[_Said] = SimpleQueue()
    for place, check in enumerate(concerned):
        threading.Thread(
            target=_run, args=(place, check, target, world, said), name=check.name, daemon=True
        ).start()
    found: list[list[Finding]] = [[] for _ in concerned]
    for place, finding in _heard(said, concerned, started + limit_s, limit_s):
        found[place].append(finding)
        if on_finding:
            on_finding(finding)
    finished_us = started_us + round((time.monotonic() - started) * SECOND_US)
    findings = tuple(finding for of_check in found for finding in of_check)
    return Report(target=target, started_us=started_us, finished_us=finished_us, findings=findings)


def chosen(names: Iterable[str], checks: Sequence[Check] = CHECKS) -> tuple[Check, ...]:
    """The checks of these names, in the order of a report; the ordinary ones for no name.

    Raises BadTarget that lists the names there are.
    """
    wanted = set(names)
    known = {check.name for check in checks}
    if unknown := sorted(wanted - known):
        message = Phrase(
            "there is no check %(names)s; there are %(known)s",
            names=", ".join(unknown)[:80],
            known=", ".join(sorted(known)),
        )
        raise BadTarget(message, "check")
    if not wanted:
        return tuple(check for check in checks if not check.on_request)
    return tuple(check for check in checks if check.name in wanted)


def _run(place: int, check: Check, target: Target, world: World, said: SimpleQueue[_Said]) -> None:
    try:
        for finding in check.run(target, world):
            said.put(_Said(place, finding))
    except OutboundOff:
        said.put(_Said(place, _told(check, "closed", Verdict.NA)))
    except Exception:  # a broken check must not take the others with it
        log.exception("the check %s broke on %r", check.name, target)
        said.put(_Said(place, _told(check, "crashed", Verdict.UNKNOWN)))
    said.put(_Said(place, None))


def _heard(
    said: SimpleQueue[_Said], checks: Sequence[Check], end: float, limit_s: float
) -> Iterable[tuple[int, Finding]]:
    """(place of the check, finding) as they come, until all are done or the time is over."""
    left = set(range(len(checks)))
    while left:
        try:
            one = said.get(timeout=max(0.0, end - time.monotonic()))
        except Empty:
            break
        if one.finding is None:
            left.discard(one.place)
        else:
            yield one.place, one.finding
    for place in sorted(left):
        log.warning("the check %s did not end in %g s", checks[place].name, limit_s)
        yield place, _told(checks[place], "unfinished", Verdict.UNKNOWN, seconds=round(limit_s))


def _told(check: Check, what: str, verdict: Verdict, **params: str | int | float) -> Finding:
    return Finding(
        check=check.name,
        code=f"{check.name}.{what}",
        verdict=verdict,
        side=Side.US,
        subject=check.name,
        params={"check": check.name, **params},
    )
