"""A cause's name in the language of the request."""

from __future__ import annotations

from tracer.causes import catalog
from tracer.model import Outcome, Row
from webui.i18n import language


def cause_title(cause: str) -> str:
    """The title of a cause id; the id itself when the catalogue does not have it."""
    known = catalog().get(cause)
    return known.text(language()).title if known else cause


def row_cause(row: Row) -> str:
    """The title of a row's cause: another one, where we were the ones who refused."""
    known = catalog().get(row.cause)
    door = known.text(language()).at_our_door if known else None
    if row.status is Outcome.REJECTED and door and door.title:
        return door.title
    return cause_title(row.cause)
