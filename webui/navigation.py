"""The main menu: one line for each place."""

from __future__ import annotations

from flask_babel import LazyString, lazy_gettext

# (name that a template sets as `place`, endpoint, word), in the order shown
NAVIGATION: tuple[tuple[str, str, LazyString], ...] = (
    ("trace", "home.home", lazy_gettext("Trace")),
    ("outcomes", "outcomes.outcomes", lazy_gettext("Outcomes")),
)
