"""The page `/explain` (paste anything) and `POST /api/v1/explain`. Nothing pasted is stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
from flask import Blueprint, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from collectors.known import known
from collectors.pasted import NO_CODE, Explained, Pasted, Unexplainable, explain_text
from collectors.pasted_json import Line, as_object
from collectors.pasted_words import hint_words, kind_words, problem_words
from tracer.errors import StoreUnavailable
from tracer.explain import Explanation
from tracer.model import Row, when
from tracer.notices import NoticeKind, TrailHop
from tracer.notices.cards import card as card_of_kind
from tracer.notices.cards import has_card
from webui import card as cards
from webui.db import connection, store_time
from webui.errors import problem
from webui.i18n import LANGUAGES, gettext, language, site

pages = Blueprint("explaining", __name__)
api = Blueprint("explaining_api", __name__)

LIMIT_OCTETS = 10 * 1024 * 1024
SHOWN_AGAIN = 100_000  # characters of the text that the form keeps
MOST_CARDS = 20
_RAW = frozenset({"message/rfc822", "text/plain", "application/octet-stream", "text/html"})


@dataclass(frozen=True, slots=True)
class Shown:
    """What the page shows of an explained text."""

    kind: str
    cards: tuple[cards.Card, ...]
    names: tuple[str, ...]  # the recipient of each card
    more: int  # cards that are not shown
    hints: list[str]
    rows: tuple[Row, ...]
    is_looked_up: bool
    trail: tuple[TrailHop, ...]
    is_message: bool
    is_no_reply: bool  # perhaps no server said it: there is nothing to do, nobody to write to


@pages.get("/explain")
def form() -> ResponseReturnValue:
    """The field to paste into."""
    return render_template("explain.html", text="", shown=None, problem="")


@pages.post("/explain")
def page() -> ResponseReturnValue:
    """What the pasted text or the chosen file means."""
    request.max_content_length = request.max_form_memory_size = LIMIT_OCTETS
    try:
        text, octets = _pasted()
        pasted = explain_text(octets, language(), today=when(site().now_us()).date())
    except RequestEntityTooLarge:
        words = gettext("This is more than 10 MB. Paste only the notice or the reply itself.")
        return render_template("explain.html", text="", shown=None, problem=words), 413
    except Unexplainable as error:
        words = problem_words(error, language())
        return render_template("explain.html", text="", shown=None, problem=words), 400
    return render_template("explain.html", text=text, shown=_shown(pasted), problem="")


def _pasted() -> tuple[str, bytes]:
    """The text for the field, and the octets to explain: those of the file, if one was chosen."""
    chosen = request.files.get("file")
    if chosen is not None and chosen.filename:
        return "", chosen.stream.read(LIMIT_OCTETS)
    text = request.form.get("text", "")
    return text[:SHOWN_AGAIN], text.encode("utf-8", "surrogateescape")


def _shown(pasted: Pasted) -> Shown:
    kind = pasted.kind
    notice = pasted.notice
    return Shown(
        kind=kind_words(pasted, language()),
        cards=tuple(_card(one, kind) for one in pasted.found[:MOST_CARDS]),
        names=tuple(one.told.recipient for one in pasted.found[:MOST_CARDS]),
        more=max(0, len(pasted.found) - MOST_CARDS),
        hints=hint_words(pasted.hints, language()),
        rows=_rows(pasted),
        is_looked_up=bool(pasted.queue_ids or pasted.message_ids),
        trail=notice.trail if notice else (),
        is_message=kind == NoticeKind.MESSAGE,
        is_no_reply=NO_CODE in pasted.hints,
    )


def _card(one: Explained, kind: str) -> cards.Card:
    if kind not in list(NoticeKind) or not has_card(NoticeKind(kind)):
        return cards.card_of(one.told)
    own = language()
    told = {
        lang: card_of_kind(NoticeKind(kind), one.told, lang)
        for lang in (own, *(set(LANGUAGES) - {own}))
    }
    facts = (cards.acts(told[own]), cards.sure(told[own]))
    words = tuple(_words(lang, each) for lang, each in told.items())
    return cards.Card(one.told.outcome, told[own], facts, (), words)


def _words(lang: str, told: Explanation) -> cards.Words:
    name = str(cards.LANGUAGES[lang])
    to_user = gettext("Tell the person who asks")
    return cards.Words(lang, name, told.tell_user, told.tell_their_admin, to_user)


def _rows(pasted: Pasted) -> tuple[Row, ...]:
    """The messages in the store; none when it cannot be asked: the explanation stands alone."""
    if not (pasted.queue_ids or pasted.message_ids):
        return ()
    try:
        with store_time():
            return known(connection(), pasted)
    except (StoreUnavailable, OperationalError):
        return ()


@api.post("/explain")
def explain() -> ResponseReturnValue:
    """The object of `mailtracer explain --json`.

    The body is {"text", "lang", "reply_code", "enhanced", "command", "id"} in JSON, or the
    text itself as message/rfc822 or text/plain; then `?lang=` names the language.
    """
    request.max_content_length = LIMIT_OCTETS
    try:
        asked, octets = _asked()
        today = when(site().now_us()).date()
        lang = asked.lang if asked.lang in LANGUAGES else language()
        pasted = explain_text(octets, lang, today=today, given=asked.given())
    except RequestEntityTooLarge:
        return problem(413, "Too much", "the body may have 10 MiB at most", "too-large")
    except UnsupportedMediaType:
        detail = "send application/json, message/rfc822 or text/plain"
        return problem(415, "Unknown kind of body", detail, "media-type")
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return problem(400, "Bad body", f"{error}", "bad-body")
    except Unexplainable as error:
        return problem(400, "Nothing to explain", str(error), error.why)
    told: dict[str, Any] = as_object(pasted, asked.id)
    return jsonify(told | {"trace": [row.id for row in _rows(pasted)]})


def _asked() -> tuple[Line, bytes]:
    body = request.get_data()
    if request.is_json:
        asked = msgspec.json.decode(body, type=Line)
        return asked, asked.text.encode("utf-8", "surrogateescape")
    if request.mimetype not in _RAW:
        raise UnsupportedMediaType
    return Line(), body
