"""The main menu: one line for each place."""

from __future__ import annotations

from flask_babel import LazyString, lazy_gettext

# (name that a template sets as `place`, endpoint, word), in the order shown
NAVIGATION: tuple[tuple[str, str, LazyString], ...] = (
    ("trace", "home.home", lazy_gettext("Trace")),
    ("check", "diagnoses.form", lazy_gettext("Diagnose")),
    ("explain", "explaining.form", lazy_gettext("Explain")),
    ("exports", "exports.every", lazy_gettext("Exports")),
    ("sources", "sources.every", lazy_gettext("Sources")),
    ("causes", "causes.every", lazy_gettext("Causes")),
    ("outcomes", "outcomes.outcomes", lazy_gettext("Outcomes")),
)
