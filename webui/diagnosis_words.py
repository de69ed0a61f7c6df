"""Verdicts and sides in words, with the glyph and tone of each."""

from __future__ import annotations

from flask_babel import LazyString, lazy_gettext, lazy_pgettext

from tracer.diagnostics.model import Side, Verdict

_ = lazy_gettext

VERDICT_TONES = {
    Verdict.FAIL: "bad", Verdict.WARNING: "wait", Verdict.PASS: "good",
    Verdict.UNKNOWN: "mute", Verdict.NA: "mute",
}  # fmt: skip

VERDICT_GLYPHS = {
    Verdict.FAIL: "bounced", Verdict.WARNING: "warning", Verdict.PASS: "delivered",
    Verdict.UNKNOWN: "unknown", Verdict.NA: "removed",
}  # fmt: skip

VERDICTS: dict[Verdict, LazyString] = {
    Verdict.FAIL: lazy_pgettext("verdict", "fail"),
    Verdict.WARNING: lazy_pgettext("verdict", "warning"),
    Verdict.UNKNOWN: lazy_pgettext("verdict", "unknown"),
    Verdict.PASS: lazy_pgettext("verdict", "pass"),
    Verdict.NA: lazy_pgettext("verdict", "n/a"),
}

SIDES: dict[Side, LazyString] = {
    Side.SENDER: lazy_pgettext("side", "Sender"),
    Side.US: lazy_pgettext("side", "Us"),
    Side.RECIPIENT: lazy_pgettext("side", "Recipient"),
    Side.NOBODY: lazy_pgettext("side", "Between"),
}

SIDE_NOTES: dict[Side, LazyString] = {
    Side.US: _("this mail system and its network"),
    Side.NOBODY: _("our log, lists and networks"),
}
