"""What DNS held when a message failed, what has changed since, and the checks that it calls for."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint
from flask.sansio.blueprints import BlueprintSetupState
from sqlalchemy import Connection

from tracer.causes import catalog
from tracer.diagnostics.kept import Difference, difference, findings, target_of
from tracer.diagnostics.summary import sentence
from tracer.errors import NotFound
from tracer.model import Row
from tracer.store import reports
from tracer.store.reports import Kept, State
from webui.db import connection, store_time
from webui.diagnosis_runs import runs
from webui.i18n import language

pages = Blueprint("then_and_now", __name__)


@dataclass(frozen=True, slots=True)
class Facts:
    """The report that was made then, the newest of the same target, and how they differ."""

    then: Kept
    heading: str
    now: Kept | None
    changes: Difference


@pages.record_once
def _dress(state: BlueprintSetupState) -> None:
    state.app.jinja_env.globals.update(facts_about=facts_about, checks_for=checks_for)


def facts_about(row_id: str) -> Facts | None:
    """What was looked up when this delivery failed; None if nothing was."""
    with store_time():
        return _facts(connection(), row_id)


def checks_for(row: Row) -> tuple[str, ...]:
    """The checks that may find why this delivery failed or waits, in the order of a report."""
    card = catalog().get(row.cause)
    if card is None or not (row.sender or row.recipient):
        return ()
    return tuple(check.name for check in runs().checks if check.name in card.checks)


def _facts(conn: Connection, row_id: str) -> Facts | None:
    report_id = reports.tied(conn, [row_id]).get(row_id, "")
    try:
        then = reports.load(conn, report_id)
    except NotFound:
        return None
    found = findings(conn, then.id)
    later = [
        one
        for one in reports.history(conn, then.subject)
        if one.state is State.DONE and one.started_us > then.started_us
    ]
    heading = sentence(target_of(then), found, language())
    asked = set(then.checks.split())
    for now in later:  # the newest that asked the same
        fresh = [one for one in findings(conn, now.id) if one.check in asked]
        if asked <= {*now.checks.split(), *(one.check for one in fresh)}:
            return Facts(then, heading, now, difference(found, fresh))
    return Facts(then, heading, None, Difference())
