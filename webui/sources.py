"""The page of sources: what each webhook brought, what was turned away and why, dead letters."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Engine

from collectors.webhooks import known, replaying
from collectors.webhooks.known import HookSource
from collectors.webhooks.proving import fingerprint_of
from tracer.errors import NotFound
from tracer.model import SECOND_US
from tracer.store import receipts, sources
from tracer.store.receipts import DeadLetter, Refusal, SourceFacts
from webui.asking import Asked
from webui.db import connection, store_time
from webui.hooks import hooks
from webui.i18n import site

pages = Blueprint("sources", __name__)

HOUR_US = 3600 * SECOND_US
OLD_KEY_US = 7 * 24 * HOUR_US


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


@pages.get("/sources")
def every() -> ResponseReturnValue:
    """All sources: webhooks, then logs."""
    with store_time():
        conn = connection()
        shown = [_shown(one) for one in known.every(conn, hooks().config).values()]
        logs = [one for one in sources.freshness(conn) if one.kind != "webhook"]
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
    return render_template("source.html", one=shown, dead=dead, search=Asked())


def _shown(source: HookSource) -> Shown:
    now_us = site().now_us()
    facts = receipts.facts_of(connection(), source.name, now_us)
    refused = receipts.last_refusals(connection(), source.name)
    return Shown(
        source, facts, refused, _state(source, facts, refused, now_us), _keys(source, facts)
    )


def _state(
    source: HookSource, facts: SourceFacts, refused: tuple[Refusal, ...], now_us: int
) -> str:
    if refused and refused[0].at_us > (facts.last_us or 0):
        return "refused"
    if facts.last_us is None:
        return "waiting"
    limit_us = source.silent_hours * HOUR_US
    return "silent" if limit_us and now_us - facts.last_us > limit_us else "fine"


def _keys(source: HookSource, facts: SourceFacts) -> tuple[tuple[str, int | None, bool], ...]:
    """Each secret by its fingerprint; one that others have outlived by a week is old."""
    used = dict(facts.keys)
    named = [fingerprint_of(secret) for secret in source.secrets or source.topic_arns]
    newest = max((used[name] for name in named if name in used), default=0)
    return tuple(
        (name, used.get(name), name in used and newest - used[name] > OLD_KEY_US) for name in named
    )


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
