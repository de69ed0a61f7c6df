"""What the page of one diagnosis shows, in the order of a report: by side, the worst first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import Connection

from tracer.diagnostics.kept import Difference, difference, findings, target_of
from tracer.diagnostics.model import Evidence, Finding, Side, Source, Target, Verdict
from tracer.diagnostics.spf import SpfNode
from tracer.diagnostics.summary import counts, sentence, worst_first
from tracer.diagnostics.texts import Words, told
from tracer.store import reports
from tracer.store.reports import Kept, State
from webui.diagnosis_words import SIDE_NOTES, SIDES
from webui.i18n import gettext, language
from webui.spf_picture import SpfPicture, spf_picture

_spf_tree = msgspec.json.Decoder(SpfNode).decode

QUIET = (Verdict.PASS, Verdict.NA)
LOUD = (Verdict.FAIL, Verdict.WARNING)
SECTIONS = (Side.SENDER, Side.US, Side.RECIPIENT, Side.NOBODY)


@dataclass(frozen=True, slots=True)
class FindingView:
    """One finding with its words; `id` is its anchor on the page."""

    id: str
    finding: Finding
    words: Words
    matches: Mapping[str, str]  # what SPF decided by: address by term

    @property
    def is_open(self) -> bool:
        """Whether the page shows it unfolded: it failed, or somebody can mend it."""
        verdict = self.finding.verdict
        return verdict is Verdict.FAIL or (
            verdict is Verdict.WARNING and self.finding.fix is not None
        )

    @property
    def spf(self) -> SpfPicture | None:
        """The picture of an SPF record, where the finding holds its tree."""
        tree = self.finding.params.get("tree", "")
        if self.finding.check != "spf" or not tree:
            return None
        return spf_picture(_spf_tree(str(tree)), self.matches)

    @property
    def messages(self) -> list[tuple[str, str]]:
        """(row id, words) of the messages in our log that the finding names."""
        words = {
            "last_failed_id": gettext("Open the message that failed last"),
            "last_accepted_id": gettext("Open the message that was accepted last"),
        }
        named = ((str(self.finding.params.get(name, "")), text) for name, text in words.items())
        return [(id, text) for id, text in named if id]

    @property
    def dns(self) -> list[Evidence]:
        """Evidence that can be asked for again."""
        return [one for one in self.finding.evidence if one.source is not Source.TRACES]

    @property
    def own(self) -> list[Evidence]:
        """Evidence of our own log; its question is a query."""
        return [one for one in self.finding.evidence if one.source is Source.TRACES]


@dataclass(frozen=True, slots=True)
class Section:
    """The findings on one side: those to read, those that passed, those that do not apply."""

    side: Side
    note: str
    counts: dict[Verdict, int]
    loud: tuple[FindingView, ...]
    passed: tuple[FindingView, ...]
    beside: tuple[FindingView, ...]


@dataclass(frozen=True, slots=True)
class DiagnosisView:
    """The whole page."""

    kept: Kept
    target: Target
    heading: str
    sections: tuple[Section, ...]
    total: int
    done: int  # checks that have said something
    server: str
    is_running: bool
    is_cut_off: bool
    has_failed: bool
    took_s: float | None
    since_last: Difference
    last: Kept | None
    history: tuple[Kept, ...]
    counts: dict[Verdict, int]

    @property
    def planned(self) -> int:
        """How many checks are run."""
        return len(self.kept.checks.split())


def diagnosis_view(conn: Connection, kept: Kept, now_us: int) -> DiagnosisView:
    """The page of a report as far as it is."""
    found = findings(conn, kept.id)
    target = target_of(kept)
    cut_off = kept.is_cut_off(now_us)
    running = kept.state is State.RUNNING and not cut_off
    last, changed = since_last(conn, kept, found, now_us)
    matches = _spf_matches(found)
    views = [
        FindingView(f"f{n}", one, _words(one), matches) for n, one in enumerate(worst_first(found))
    ]
    return DiagnosisView(
        kept=kept,
        target=target,
        heading=_running(target) if running else sentence(target, found, language()),
        sections=tuple(_sections(views, target)),
        total=len(found),
        done=len({one.check for one in found} & set(kept.checks.split())),
        server=next((e.server for one in found for e in one.evidence if _is_dns(e)), ""),
        is_running=running,
        is_cut_off=cut_off,
        has_failed=kept.state is State.FAILED,
        took_s=(kept.finished_us - kept.started_us) / 1e6 if kept.finished_us else None,
        since_last=changed,
        last=last,
        history=tuple(
            one for one in reports.history(conn, kept.subject, limit=12) if one.id != kept.id
        ),
        counts=counts(found),
    )


def since_last(
    conn: Connection, kept: Kept, found: Sequence[Finding], now_us: int
) -> tuple[Kept | None, Difference]:
    """The run of the same target before this one, and what has changed since.

    None while this one goes on: what is not there yet is not gone.
    """
    running = kept.state is State.RUNNING and not kept.is_cut_off(now_us)
    last = None if running else reports.before(conn, kept)
    return last, difference(findings(conn, last.id), found) if last else Difference()


def said(finding: Finding) -> str:
    """The title of a finding in the language of the request."""
    return _words(finding).title


def named(target: Target) -> str:
    """A target in a few words: `a@x → b@y`, or what there is of it."""
    pair = [one for one in (target.sender, target.recipient) if one]
    return " → ".join(pair) or ", ".join(target.ips)


def _running(target: Target) -> str:
    return gettext("Checking %(target)s", target=named(target))


def _words(finding: Finding) -> Words:
    return told(finding, language())


def _spf_matches(found: Iterable[Finding]) -> dict[str, str]:
    named: dict[str, str] = {}
    for finding in found:
        term, ip = (str(finding.params.get(name, "")) for name in ("mechanism", "ip"))
        if finding.check == "spf" and term and ip:
            named[term] = f"{named[term]}, {ip}" if term in named else ip
    return named


def _is_dns(evidence: Evidence) -> bool:
    return evidence.source is Source.DNS and bool(evidence.server)


def _section(finding: Finding) -> Side:
    """Where a finding stands: a provider is somebody between the two, as is nobody."""
    return Side.NOBODY if finding.side is Side.PROVIDER else finding.side


def _sections(views: Sequence[FindingView], target: Target) -> Iterable[Section]:
    notes = {Side.SENDER: target.sender_domain, Side.RECIPIENT: target.recipient_domain}
    for side in SECTIONS:
        mine = [view for view in views if _section(view.finding) is side]
        if mine:
            yield Section(
                side=side,
                note=notes.get(side) or str(SIDE_NOTES.get(side, SIDES[side])),
                counts=counts(view.finding for view in mine),
                loud=tuple(view for view in mine if view.finding.verdict not in QUIET),
                passed=tuple(view for view in mine if view.finding.verdict is Verdict.PASS),
                beside=tuple(view for view in mine if view.finding.verdict is Verdict.NA),
            )
