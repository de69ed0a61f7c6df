"""A diagnosis that is kept: run into the store, read back, compared, run again in part."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterable, Sequence

import msgspec
from sqlalchemy import Connection, Engine

from tracer.address import normalise, to_ascii
from tracer.diagnostics.check import Check
from tracer.diagnostics.checks import CHECKS, ORDINARY
from tracer.diagnostics.model import Finding, Report, Target, Verdict
from tracer.diagnostics.run import LIMIT_S, diagnose
from tracer.diagnostics.summary import counts
from tracer.diagnostics.world import World
from tracer.model import SECOND_US
from tracer.store import reports
from tracer.store.reports import Kept, State

GRACE_S = 15.0  # what a run may take beyond its limit before it counts as cut off

log = logging.getLogger(__name__)
_encode = msgspec.json.encode
_target = msgspec.json.Decoder(Target).decode
_finding = msgspec.json.Decoder(Finding).decode


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """What two runs of a target have not in common. Passed checks that stay away do not count."""

    new: tuple[Finding, ...] = ()
    gone: tuple[Finding, ...] = ()
    changed: tuple[tuple[Finding, Finding], ...] = ()  # before, now

    def __bool__(self) -> bool:
        return bool(self.new or self.gone or self.changed)


def subject_of(target: Target) -> str:
    """The same text for the same target: the pair, and the addresses where there is no pair."""
    pair = f"{_subject(target.sender)} {_subject(target.recipient)}".strip()
    return pair if pair else " ".join(sorted(target.ips))


def open_report(
    engine: Engine, target: Target, now_us: int, *, checks: Sequence[Check] = ORDINARY,
    first: Kept | None = None, taken: Iterable[Finding] = (), limit_s: float = LIMIT_S,
) -> Kept:  # fmt: skip
    """A new report in the store, running from now; `first` and `taken` are for a part run again."""
    kept = Kept(
        id=secrets.token_urlsafe(15),
        subject=first.subject if first else subject_of(target),
        target=_encode(target).decode(),
        started_us=now_us,
        deadline_us=now_us + round((limit_s + GRACE_S) * SECOND_US),
        first_id=(first.first_id or first.id) if first else "",
        checks=" ".join(check.name for check in checks),
    )
    reports.begin(engine, kept, [_encode(finding).decode() for finding in taken])
    return kept


def open_again(
    engine: Engine, kept: Kept, found: Iterable[Finding], now_us: int, checks: Sequence[Check]
) -> Kept:
    """A new report in which only these checks are run again; the rest is taken over."""
    names = {check.name for check in checks}
    taken = [finding for finding in found if finding.check not in names]
    return open_report(engine, _target(kept.target), now_us, checks=checks, first=kept, taken=taken)


def run_into(
    engine: Engine, kept: Kept, open_world: Callable[[Target], tuple[Target, World]],
    checks: Sequence[Check] = ORDINARY, limit_s: float = LIMIT_S,
) -> None:  # fmt: skip
    """Run the checks of an open report; each finding is in the store as soon as it is there.

    Never raises but for the store: what breaks on our side ends the report as failed.
    """
    with engine.connect() as conn:
        found = findings(conn, kept.id)

    def keep(finding: Finding) -> None:
        reports.add(engine, kept.id, len(found), _encode(finding).decode())
        found.append(finding)

    state, finished_us = State.DONE, kept.started_us
    try:
        target, world = open_world(_target(kept.target))
        reports.retarget(engine, kept.id, _encode(target).decode())
        finished_us = diagnose(target, world, checks, keep, limit_s=limit_s).finished_us
    except Exception:  # nobody is above us to tell it to: this runs in the background
        log.exception("the report %s broke", kept.id)
        state = State.FAILED
    counted = {verdict.value: count for verdict, count in counts(found).items()}
    reports.finish(engine, kept.id, state, finished_us, counted)


def findings(conn: Connection, report_id: str, checks: Sequence[Check] = CHECKS) -> list[Finding]:
    """What a report has found so far, in the order of the checks."""
    places = {check.name: place for place, check in enumerate(checks)}
    found = [_finding(body) for body in reports.bodies(conn, report_id)]
    return sorted(found, key=lambda finding: places.get(finding.check, len(places)))


def target_of(kept: Kept) -> Target:
    """What a report is about."""
    return _target(kept.target)


def report_of(kept: Kept, found: Sequence[Finding]) -> Report:
    """A kept report as a value; one that still runs ends with its beginning."""
    return Report(
        target=_target(kept.target),
        started_us=kept.started_us,
        finished_us=kept.finished_us or kept.started_us,
        findings=tuple(found),
    )


def difference(before: Iterable[Finding], now: Iterable[Finding]) -> Difference:
    """What came, went and changed, finding by finding.

    A finding changed when the other run has one of the same check and subject with another
    code or verdict. What only passes, does not apply or could not be checked, and has nothing
    to be compared with, is not news.
    """
    old, new = _by_subject(before), _by_subject(now)
    gone, came, changed = [], [], []
    for key in [*old, *(key for key in new if key not in old)]:
        left, right = _unlike(old.get(key, []), new.get(key, []))
        pairs = min(len(left), len(right))
        changed += list(zip(left, right, strict=False))
        gone += [finding for finding in left[pairs:] if _matters(finding)]
        came += [finding for finding in right[pairs:] if _matters(finding)]
    return Difference(new=tuple(came), gone=tuple(gone), changed=tuple(changed))


def _by_subject(found: Iterable[Finding]) -> dict[tuple[str, str], list[Finding]]:
    grouped: dict[tuple[str, str], list[Finding]] = {}
    for finding in found:
        grouped.setdefault((finding.check, finding.subject), []).append(finding)
    return grouped


def _unlike(left: list[Finding], right: list[Finding]) -> tuple[list[Finding], list[Finding]]:
    """What of two lists is not in both."""
    same = {_said(finding) for finding in left} & {_said(finding) for finding in right}
    return (
        [finding for finding in left if _said(finding) not in same],
        [finding for finding in right if _said(finding) not in same],
    )


def _said(finding: Finding) -> tuple[str, Verdict]:
    return finding.code, finding.verdict


def _matters(finding: Finding) -> bool:
    return finding.verdict in (Verdict.FAIL, Verdict.WARNING)


def _subject(given: str) -> str:
    return normalise(given) if "@" in given else to_ascii(given)
