"""A cause's name in the language of the request."""

from __future__ import annotations

from tracer.explain import label, title
from tracer.model import Row
from webui.i18n import language


def cause_label(cause: str) -> str:
    """The name of a cause where rows of all kinds are counted; an unknown id as it is."""
    return label(cause, language())


def row_cause(row: Row) -> str:
    """The name of a row's cause: another one where we were the ones who refused."""
    return title(row.status, row.cause, language(), row.reply, row.relay)
