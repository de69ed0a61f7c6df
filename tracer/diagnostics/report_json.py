"""A report as the contract's JSON: `target started_at finished_at summary findings`.

Words in the asked language are added to each finding: `title text steps after`.
"""

from __future__ import annotations

from typing import Any

import msgspec

from tracer.diagnostics.kept import Difference
from tracer.diagnostics.model import Evidence, Finding, Report
from tracer.diagnostics.summary import counts, sentence
from tracer.diagnostics.texts import told
from tracer.model import when


def report(value: Report, lang: str) -> dict[str, Any]:
    """The whole report; a time is RFC 3339 in UTC."""
    return {
        "target": msgspec.structs.asdict(value.target),
        "started_at": time_text(value.started_us),
        "finished_at": time_text(value.finished_us),
        "summary": {
            **{verdict.value: count for verdict, count in counts(value.findings).items()},
            "sentence": sentence(value.target, value.findings, lang),
        },
        "findings": [finding(one, lang) for one in value.findings],
    }


def finding(value: Finding, lang: str) -> dict[str, Any]:
    """The contract's fields in their order, then the words."""
    fields: dict[str, Any] = msgspec.structs.asdict(value)
    fields["evidence"] = [_evidence(one) for one in value.evidence]
    fields["fix"] = msgspec.structs.asdict(value.fix) if value.fix else None
    return fields | msgspec.structs.asdict(told(value, lang))


def changes(id: str, started_us: int, value: Difference, lang: str) -> dict[str, Any]:
    """What differs from the run `id`: findings that are new, gone, or changed (before, now)."""
    return {
        "since": id,
        "since_at": time_text(started_us),
        "new": [_brief(one, lang) for one in value.new],
        "gone": [_brief(one, lang) for one in value.gone],
        "changed": [
            {"before": _brief(old, lang), "now": _brief(new, lang)} for old, new in value.changed
        ],
    }


def time_text(at_us: int | None) -> str | None:
    """`2026-11-22T10:03:41.250000Z`; None and 0 are null."""
    return when(at_us).isoformat().replace("+00:00", "Z") if at_us else None


def _brief(value: Finding, lang: str) -> dict[str, Any]:
    """Enough to find it in its report."""
    fields = ("check", "code", "verdict", "side", "subject")
    return {name: getattr(value, name) for name in fields} | {"title": told(value, lang).title}


def _evidence(value: Evidence) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.structs.asdict(value)
    at_us = fields.pop("at_us")
    return fields | {"at": time_text(at_us)}
