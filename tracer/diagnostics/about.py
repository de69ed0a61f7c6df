"""Writing findings: what those of one check have in common is said once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tracer.diagnostics.model import Evidence, Finding, Fix, Side, Verdict

Param = str | int | float
Params = dict[str, Any]
"""Params to be passed on: of type Param all of them."""


@dataclass(frozen=True, slots=True)
class About:
    """A check, the side that it looks at, and the domain, address or host it is about.

    Each method makes the finding `CHECK.WHAT`; params fill the places of its texts.
    """

    check: str
    side: Side
    subject: str

    def fail(
        self, what: str, *evidence: Evidence, fix: Fix | None = None, **params: Param
    ) -> Finding:
        return self._finding(what, Verdict.FAIL, self.side, evidence, fix, params)

    def warning(
        self, what: str, *evidence: Evidence, fix: Fix | None = None, **params: Param
    ) -> Finding:
        return self._finding(what, Verdict.WARNING, self.side, evidence, fix, params)

    def passed(self, what: str, *evidence: Evidence, **params: Param) -> Finding:
        return self._finding(what, Verdict.PASS, self.side, evidence, None, params)

    def na(
        self, what: str, *evidence: Evidence, fix: Fix | None = None, **params: Param
    ) -> Finding:
        return self._finding(what, Verdict.NA, self.side, evidence, fix, params)

    def unknown(self, what: str, *evidence: Evidence, **params: Param) -> Finding:
        """What could not be found out; whoever can act then is mostly nobody."""
        return self._finding(what, Verdict.UNKNOWN, self.side, evidence, None, params)

    def of(self, subject: str, side: Side | None = None) -> About:
        """The same check about something else."""
        return About(self.check, side or self.side, subject)

    def _finding(
        self,
        what: str,
        verdict: Verdict,
        side: Side,
        evidence: tuple[Evidence, ...],
        fix: Fix | None,
        params: dict[str, Param],
    ) -> Finding:
        return Finding(
            check=self.check,
            code=f"{self.check}.{what}",
            verdict=verdict,
            side=side,
            subject=self.subject,
            params={"subject": self.subject, **params},
            evidence=evidence,
            fix=fix,
        )
