"""The vocabulary of outcomes as a page."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from webui.vocabulary import MEANINGS

pages = Blueprint("outcomes", __name__)


@pages.get("/outcomes")
def outcomes() -> ResponseReturnValue:
    """Every outcome with its glyph, tone and meaning."""
    return render_template("outcomes.html", meanings=MEANINGS)
