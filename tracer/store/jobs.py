"""Work for later: what was asked, by whom, how far it is, what came of it.

This table is the truth; whatever carries ids to a worker may lose or repeat them. Every
change of state names the states it may start from, so that two workers, a cancellation and
an expiry can meet and exactly one of them wins.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import Connection, case, select, update

from tracer.errors import NotFound, Phrase
from tracer.store.schema import jobs

LISTED = 200
_Values = dict[str, Any]


class State(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


PENDING = (State.QUEUED, State.RUNNING)
FINISHED = (State.DONE, State.FAILED, State.CANCELLED, State.EXPIRED)


class Job(msgspec.Struct, frozen=True):
    """One job; times in microseconds UTC, `params` is JSON that its kind understands."""

    id: str
    kind: str
    params: str
    asked_by: str
    asked_us: int
    state: State = State.QUEUED
    owner: str = ""
    seen_us: int | None = None
    started_us: int | None = None
    finished_us: int | None = None
    total: int | None = None
    rows: int = 0
    octets: int = 0
    sha256: str = ""
    file: str = ""
    expires_us: int | None = None
    error: str = ""  # JSON of [template, params]; see `why`
    told: str = ""
    fetched: int = 0

    @property
    def why(self) -> Phrase | None:
        """Why it failed and what to do; None unless it did."""
        if not self.error:
            return None
        template, params = msgspec.json.decode(self.error, type=tuple[str, dict[str, str]])
        return Phrase(template, **params)


class Made(msgspec.Struct, frozen=True):
    """What a job that is done has made."""

    rows: int
    octets: int
    sha256: str
    file: str


def add(conn: Connection, kind: str, params: str, asked_by: str, now_us: int) -> Job:
    """A new job, queued."""
    job = Job(secrets.token_hex(8), kind, params, asked_by, now_us)
    conn.execute(jobs.insert().values(**msgspec.structs.asdict(job)))
    return job


def get(conn: Connection, id: str) -> Job:
    """The job; raises NotFound."""
    found = conn.execute(select(jobs).where(jobs.c.id == id)).mappings().first()
    if found is None:
        raise NotFound("there is no export with this id; it may have been deleted")
    return _job(found)


def listed(conn: Connection, kind: str, limit: int = LISTED) -> list[Job]:
    """The newest jobs of a kind, those that are not finished first."""
    waits = case((jobs.c.state.in_(PENDING), 0), else_=1)
    wanted = select(jobs).where(jobs.c.kind == kind)
    rows = conn.execute(wanted.order_by(waits, jobs.c.asked_us.desc(), jobs.c.id).limit(limit))
    return [_job(row) for row in rows.mappings()]


def waiting(conn: Connection) -> list[str]:
    """Ids of the jobs that nobody runs yet, the oldest first."""
    wanted = select(jobs.c.id).where(jobs.c.state == State.QUEUED)
    return list(conn.execute(wanted.order_by(jobs.c.asked_us, jobs.c.id)).scalars())


def files(conn: Connection) -> tuple[set[str], set[str]]:
    """Names of the files that are wanted; ids of the jobs whose files are in the making."""
    done = select(jobs.c.file).where(jobs.c.state == State.DONE)
    pending = select(jobs.c.id).where(jobs.c.state.in_(PENDING))
    return set(conn.execute(done).scalars()), set(conn.execute(pending).scalars())


def untold(conn: Connection, since_us: int, until_us: int) -> list[str]:
    """Ids of the jobs that ended in that time and about which nothing has been told."""
    over = jobs.c.state.in_([State.DONE, State.FAILED]), jobs.c.told == ""
    wanted = select(jobs.c.id).where(*over, jobs.c.finished_us.between(since_us, until_us))
    return list(conn.execute(wanted).scalars())


def begin(conn: Connection, id: str, owner: str, now_us: int) -> Job | None:
    """Take a queued job; None if it is not queued (any more)."""
    values: _Values = {
        "owner": owner, "seen_us": now_us, "started_us": now_us, "rows": 0, "total": None,
        "error": "",
    }  # fmt: skip
    if not _move(conn, id, (State.QUEUED,), State.RUNNING, **values):
        return None
    return get(conn, id)


def advance(
    conn: Connection, id: str, owner: str, now_us: int, rows: int, total: int | None
) -> bool:
    """Note how far the owner is; False if the job is not its own (any more): cancelled, taken."""
    mine = (jobs.c.id == id, jobs.c.owner == owner, jobs.c.state == State.RUNNING)
    changed = update(jobs).where(*mine).values(seen_us=now_us, rows=rows, total=total)
    return conn.execute(changed).rowcount == 1


def finish(conn: Connection, id: str, owner: str, now_us: int, made: Made, expires_us: int) -> bool:
    """The file is there; False if the job was cancelled meanwhile."""
    values = msgspec.structs.asdict(made) | {
        "finished_us": now_us, "expires_us": expires_us, "owner": "", "total": made.rows,
    }  # fmt: skip
    return _move(conn, id, (State.RUNNING,), State.DONE, owned_by=owner, **values)


def fail(conn: Connection, id: str, owner: str, now_us: int, why: Phrase, expires_us: int) -> bool:
    """It cannot be done; `why` also says what to do."""
    error = msgspec.json.encode((why.template, why.params)).decode()
    values: _Values = {"finished_us": now_us, "error": error, "expires_us": expires_us, "owner": ""}
    return _move(conn, id, (State.RUNNING,), State.FAILED, owned_by=owner, **values)


def give_back(conn: Connection, id: str, owner: str) -> bool:
    """The owner stops before it is through: somebody else begins anew."""
    return _move(conn, id, (State.RUNNING,), State.QUEUED, owned_by=owner, owner="", rows=0)


def take_back(conn: Connection, is_gone: Callable[[Job], bool]) -> list[str]:
    """Queue again what was running in processes that are gone; ids, oldest first."""
    running = select(jobs).where(jobs.c.state == State.RUNNING).order_by(jobs.c.asked_us)
    lost = [job for row in conn.execute(running).mappings().all() if is_gone(job := _job(row))]
    return [job.id for job in lost if give_back(conn, job.id, job.owner)]


def cancel(conn: Connection, id: str, now_us: int, expires_us: int) -> bool:
    """Stop a job that is not finished; False if it is."""
    values: _Values = {"finished_us": now_us, "expires_us": expires_us, "owner": ""}
    return _move(conn, id, PENDING, State.CANCELLED, **values)


def expire(conn: Connection, now_us: int) -> list[Job]:
    """Jobs whose file is to go, now marked as expired."""
    due = select(jobs).where(jobs.c.state == State.DONE, jobs.c.expires_us <= now_us)
    found = [_job(row) for row in conn.execute(due).mappings().all()]
    for job in found:
        _move(conn, job.id, (State.DONE,), State.EXPIRED)
    return found


def forget(conn: Connection, before_us: int) -> int:
    """Delete what has been over for long, that is since before this time; how many."""
    over = jobs.c.state.in_([State.EXPIRED, State.FAILED, State.CANCELLED])
    return conn.execute(jobs.delete().where(over, jobs.c.expires_us <= before_us)).rowcount


def delete(conn: Connection, id: str) -> Job:
    """Take a job away, whatever its state; raises NotFound."""
    job = get(conn, id)
    conn.execute(jobs.delete().where(jobs.c.id == id))
    return job


def note_told(conn: Connection, id: str, told: str) -> None:
    """What became of the notices about a job."""
    conn.execute(update(jobs).where(jobs.c.id == id).values(told=told))


def note_fetched(conn: Connection, id: str) -> None:
    """Somebody has taken the file."""
    conn.execute(update(jobs).where(jobs.c.id == id).values(fetched=jobs.c.fetched + 1))


def pace(conn: Connection, kind: str, is_alike: Callable[[Job], bool]) -> float | None:
    """Rows a second of the newest jobs that are alike; None if none was big enough to tell."""
    done = select(jobs).where(jobs.c.kind == kind, jobs.c.rows > 1000, jobs.c.sha256 != "")
    found = conn.execute(done.order_by(jobs.c.finished_us.desc()).limit(LISTED)).mappings()
    alike = [job for row in found if is_alike(job := _job(row))][:5]
    spent_us = sum((job.finished_us or 0) - (job.started_us or 0) for job in alike)
    return sum(job.rows for job in alike) * 1e6 / spent_us if spent_us > 0 else None


def _move(
    conn: Connection, id: str, before: Collection[State], after: State,
    *, owned_by: str | None = None, **values: Any,
) -> bool:  # fmt: skip
    allowed = [jobs.c.id == id, jobs.c.state.in_(before)]
    if owned_by is not None:
        allowed.append(jobs.c.owner == owned_by)
    return conn.execute(update(jobs).where(*allowed).values(state=after, **values)).rowcount == 1


def _job(row: Any) -> Job:
    return Job(**{**row, "state": State(row["state"])})
