"""Reports of the delivery diagnostics: written while they run, so that any process can show them.

What a finding says is opaque here: a body is the JSON of `tracer.diagnostics.model.Finding`,
a target that of its `Target`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from enum import StrEnum

import msgspec
from sqlalchemy import Connection, Engine, RowMapping, delete, insert, select, update

from tracer.errors import NotFound
from tracer.store.schema import facts, findings, reports


class State(StrEnum):
    """How far a report is."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"  # we broke; what was found until then is there


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A report's own row."""

    id: str
    subject: str
    target: str
    state: State = State.RUNNING
    started_us: int
    deadline_us: int
    finished_us: int | None = None
    first_id: str = ""
    checks: str = ""
    counts: str = "{}"

    def counted(self) -> dict[str, int]:
        """Findings by verdict; empty until the report is done."""
        told: dict[str, int] = json.loads(self.counts)
        return told

    def is_cut_off(self, now_us: int) -> bool:
        """Whether it still says running although whoever ran it must be gone."""
        return self.state is State.RUNNING and now_us > self.deadline_us


def begin(engine: Engine, kept: Kept, bodies: Iterable[str] = ()) -> None:
    """A new report, with the findings that it takes over from another one."""
    taken = [_finding(kept.id, n, body) for n, body in enumerate(bodies)]
    with engine.begin() as conn:
        conn.execute(insert(reports).values(msgspec.structs.asdict(kept)))
        if taken:
            conn.execute(insert(findings), taken)


def add(engine: Engine, report_id: str, n: int, body: str) -> None:
    """One more finding; `n` counts them from 0."""
    with engine.begin() as conn:
        conn.execute(insert(findings).values(_finding(report_id, n, body)))


def retarget(engine: Engine, report_id: str, target: str) -> None:
    """What is diagnosed, once the parts that nobody gave have been found."""
    with engine.begin() as conn:
        conn.execute(update(reports).where(reports.c.id == report_id).values(target=target))


def finish(
    engine: Engine, report_id: str, state: State, finished_us: int, counts: Mapping[str, int]
) -> None:
    """The report is over."""
    values = {"state": state.value, "finished_us": finished_us, "counts": json.dumps(dict(counts))}
    with engine.begin() as conn:
        conn.execute(update(reports).where(reports.c.id == report_id).values(values))


def prune(engine: Engine, before_us: int) -> int:
    """Drops the reports that began before that; how many they were."""
    old = select(reports.c.id).where(reports.c.started_us < before_us)
    with engine.begin() as conn:
        conn.execute(delete(findings).where(findings.c.report_id.in_(old)))
        conn.execute(delete(facts).where(facts.c.report_id.in_(old)))
        return conn.execute(delete(reports).where(reports.c.started_us < before_us)).rowcount


def load(conn: Connection, report_id: str) -> Kept:
    """One report. Raises NotFound."""
    row = conn.execute(select(reports).where(reports.c.id == report_id)).mappings().first()
    if row is None:
        raise NotFound(f"there is no report {report_id}")
    return _kept(row)


def bodies(conn: Connection, report_id: str) -> list[str]:
    """Its findings so far, in the order they came."""
    statement = (
        select(findings.c.body).where(findings.c.report_id == report_id).order_by(findings.c.n)
    )
    return list(conn.execute(statement).scalars())


def before(conn: Connection, kept: Kept) -> Kept | None:
    """The last report of the same target that was done when this one began."""
    statement = (
        select(reports)
        .where(reports.c.subject == kept.subject, reports.c.started_us < kept.started_us)
        .where(reports.c.state == State.DONE.value)
        .order_by(reports.c.started_us.desc())
    )
    row = conn.execute(statement.limit(1)).mappings().first()
    return _kept(row) if row else None


def history(conn: Connection, subject: str = "", *, limit: int = 20) -> list[Kept]:
    """The newest reports of a target; without one, those that people have asked for."""
    statement = select(reports).order_by(reports.c.started_us.desc()).limit(limit)
    if subject:
        statement = statement.where(reports.c.subject == subject)
    else:
        statement = statement.where(reports.c.id.not_in(select(facts.c.report_id)))
    return [_kept(row) for row in conn.execute(statement).mappings()]


def tie(engine: Engine, row_ids: Iterable[str], report_id: str) -> None:
    """These deliveries failed when the report was made; it says what DNS held then."""
    tied = [{"row_id": row_id, "report_id": report_id} for row_id in row_ids]
    with engine.begin() as conn:
        conn.execute(delete(facts).where(facts.c.row_id.in_([one["row_id"] for one in tied])))
        conn.execute(insert(facts), tied)


def tied(conn: Connection, row_ids: Iterable[str]) -> dict[str, str]:
    """Ids of reports by those of the deliveries that have one."""
    statement = select(facts).where(facts.c.row_id.in_(list(row_ids)))
    return {row.row_id: row.report_id for row in conn.execute(statement)}


def _kept(row: RowMapping) -> Kept:
    return msgspec.convert({name: row[name] for name in Kept.__struct_fields__}, Kept)


def _finding(report_id: str, n: int, body: str) -> dict[str, object]:
    return {"report_id": report_id, "n": n, "body": body}
