"""A cause's name in the language of the request."""

from __future__ import annotations

from tracer.causes import catalog
from webui.i18n import language


def cause_title(cause: str) -> str:
    """The title of a cause id; the id itself when the catalogue does not have it."""
    known = catalog().get(cause)
    return known.text(language()).title if known else cause
