"""A report in one sentence: how many findings of which verdict, and who has something to mend."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from tracer.diagnostics.model import Finding, Side, Target, Verdict
from tracer.diagnostics.texts import texts

_PLACES = {Side.SENDER: "sender", Side.US: "us", Side.RECIPIENT: "recipient"}
_WORST = {verdict: place for place, verdict in enumerate(Verdict)}


def counts(findings: Iterable[Finding]) -> dict[Verdict, int]:
    """How many findings have each verdict, all verdicts named, the worst first."""
    counted = Counter(finding.verdict for finding in findings)
    return {verdict: counted[verdict] for verdict in Verdict}


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """Sorted by verdict; findings of one verdict stay in their order."""
    return sorted(findings, key=lambda finding: _WORST[finding.verdict])


def sentence(target: Target, findings: Sequence[Finding], lang: str) -> str:
    """What the report comes to, like "To mend: 1 on our side; 2 with the sender, b.example."."""
    counted = counts(findings)
    for verdict, what in ((Verdict.FAIL, "sum_fail"), (Verdict.WARNING, "sum_warning")):
        if counted[verdict]:
            places = "; ".join(_places(target, findings, verdict, lang))
            return texts(f"run.{what}", lang, {"places": places}).title
    if counted[Verdict.UNKNOWN]:
        return _of_unknown(counted[Verdict.UNKNOWN], counted[Verdict.PASS], lang)
    if not counted[Verdict.PASS] and any(one.code.endswith(".closed") for one in findings):
        return texts("run.sum_closed", lang, {}).title
    return texts("run.sum_pass" if counted[Verdict.PASS] else "run.sum_none", lang, {}).title


def _of_unknown(unknown: int, passed: int, lang: str) -> str:
    """Nothing wrong among what little is known is no good news."""
    what = "sum_partly" if passed >= unknown else "sum_mostly" if passed else "sum_unknown"
    return texts(f"run.{what}", lang, {"unknown": unknown, "passed": passed}).title


def _places(
    target: Target, findings: Sequence[Finding], verdict: Verdict, lang: str
) -> Iterable[str]:
    domains = {"sender": target.sender_domain, "recipient": target.recipient_domain}
    places = Counter(
        _PLACES.get(finding.side, "between") for finding in findings if finding.verdict is verdict
    )
    for place in (*_PLACES.values(), "between"):
        if places[place]:
            domain = domains.get(place, "")
            named: dict[str, str | int | float] = {
                "count": places[place],
                "domain": f", {domain}" if domain else "",
            }
            yield texts(f"run.at_{place}", lang, named).title
