"""The page of sources: what each webhook brought, what was turned away and why, dead letters."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Engine

from collectors.webhooks import known, replaying
from collectors.webhooks.condition import condition, secrets_in_use
from collectors.webhooks.known import HookSource
from tracer.errors import NotFound
from tracer.model import Row
from tracer.query import parse_query, with_term
from tracer.store import deliveries, receipts
from tracer.store.checkpoints import Followed
from tracer.store.receipts import DeadLetter, Refusal, SourceFacts
from tracer.store.sources import SourceState
from webui.asking import Asked
from webui.db import connection, store_time
from webui.errors import missing
from webui.followed_words import followed_words
from webui.freshness import freshness, is_unwatched
from webui.hooks import hooks
from webui.i18n import gettext, site
from webui.refused_words import refused_words

pages = Blueprint("sources", __name__)
pages.add_app_template_filter(refused_words, "refused_words")
pages.add_app_template_filter(followed_words, "followed_words")

LOST_SINCE = "31d"
MOST_LOST = 20


@dataclass(frozen=True, slots=True)
class Shown:
    """One webhook source on the page; `state`: fine, silent, refused or waiting."""

    source: HookSource
    facts: SourceFacts
    refusals: tuple[Refusal, ...]
    state: str
    keys: tuple[tuple[str, int | None, bool], ...]  # fingerprint, last used, is it old

    @property
    def title(self) -> str:
        """The provider's name as people write it."""
        return self.source.webhook.title


@dataclass(frozen=True, slots=True)
class Log:
    """One log on the page; `followed` None: it is read by command only."""

    name: str
    complete_until_us: int | None
    lines: int
    unparsed: int
    followed: Followed | None
    is_unwatched: bool


@pages.get("/sources")
def every() -> ResponseReturnValue:
    """All sources: webhooks, then logs."""
    with store_time():
        conn = connection()
        shown = [_shown(one) for one in known.every(conn, hooks().config).values()]
    logs = _logs(freshness().states, freshness().followed)
    return render_template("sources.html", shown=shown, logs=logs, search=Asked())


@pages.get("/sources/<name>")
def one(name: str) -> ResponseReturnValue:
    """One webhook source: its keys, its last refusals, its dead letters."""
    with store_time():
        conn = connection()
        found = known.every(conn, hooks().config).get(name)
        if found is None:
            raise NotFound(f"no webhook source is named {name}")
        dead = receipts.dead_letters_of(conn, source=name, state="waiting")
        shown = _shown(found)
        lost = _lost(name)
    everything = with_term("", "source", name)
    return render_template(
        "source.html", one=shown, dead=dead, lost=lost, everything=everything, search=Asked()
    )


@pages.errorhandler(NotFound)
def _no_source(error: NotFound) -> ResponseReturnValue:
    title = gettext("There is no such source.")
    advice = gettext(
        "It may have been taken out; what it brought stays and is found by a search. The page of "
        "sources lists all that there are."
    )
    return missing(error, title, advice, way_on=(gettext("All sources"), url_for("sources.every")))


def _logs(states: tuple[SourceState, ...], followed: dict[str, Followed]) -> list[Log]:
    """Every log, those that nothing was read of yet among them."""
    read = {one.name: one for one in states if one.kind != "webhook"}
    return [_log(name, read.get(name), followed.get(name)) for name in sorted({*read, *followed})]


def _log(name: str, state: SourceState | None, seen: Followed | None) -> Log:
    unwatched = seen is not None and is_unwatched(seen)
    if state is None:
        return Log(name, None, 0, 0, seen, unwatched)
    return Log(name, state.complete_until_us, state.lines, state.unparsed, seen, unwatched)


def _lost(name: str) -> list[Row]:
    """What the source told of lately that did not end well and that no message was found for."""
    text = with_term("status:unknown,bounced", "source", name)
    query = parse_query(text, now_us=site().now_us(), since=LOST_SINCE)
    found = deliveries.search(connection(), query, limit=MOST_LOST).rows
    return [row for row in found if len(row.queue_ids) == 1]


def _shown(source: HookSource) -> Shown:
    now_us = site().now_us()
    facts = receipts.facts_of(connection(), source.name, now_us)
    refused = receipts.last_refusals(connection(), source.name)
    state = condition(source, facts, refused, now_us)
    return Shown(source, facts, refused, state, secrets_in_use(source, facts))


def _writing() -> Engine:
    """The engine that writes: pages only read, but a dead letter is settled here."""
    return hooks().engine


@pages.post("/sources/<name>/dead-letters/replay")
def replay(name: str) -> ResponseReturnValue:
    """Read one receipt's dead letters again, or those of all receipts of the source."""
    wanted = request.form.get("receipt", "")
    for receipt_id in {one.receipt_id for one in _waiting(name) if wanted in ("", one.receipt_id)}:
        replaying.replay(_writing(), receipt_id)
    return redirect(url_for("sources.one", name=name, _anchor="h-dead"), 303)


@pages.post("/sources/<name>/dead-letters/discard")
def discard(name: str) -> ResponseReturnValue:
    """Put one dead letter away; the reason is kept."""
    form = request.form
    replaying.discard(
        _writing(), form.get("receipt", ""), form.get("pointer", ""), form.get("reason", "")
    )
    return redirect(url_for("sources.one", name=name, _anchor="h-dead"), 303)


def _waiting(name: str) -> tuple[DeadLetter, ...]:
    return receipts.dead_letters_of(connection(), source=name, state="waiting")
