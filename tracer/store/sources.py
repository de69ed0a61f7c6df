"""How far each source has been read, and what could not be read of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from tracer.model import Progress
from tracer.store.driver import change, fetch

if TYPE_CHECKING:
    from sqlalchemy import Connection

KEPT_SAMPLES = 20


class SourceState(msgspec.Struct, frozen=True):
    """A source as the pages show it."""

    name: str
    kind: str
    format: str
    first_us: int | None
    complete_until_us: int | None
    read_at_us: int | None
    lines: int
    events: int
    unparsed: int
    samples: tuple[str, ...]


_STATES = f"SELECT {', '.join(SourceState.__struct_fields__)} FROM sources"


def advance(conn: Connection, progress: Progress) -> None:
    """Add a batch's counts to its source, which is created if new."""
    known = _one(conn, progress.name)
    samples = (*(known.samples if known else ()), *progress.samples)[-KEPT_SAMPLES:]
    values = {
        "kind": progress.kind,
        "format": progress.format or (known.format if known else ""),
        "lines": progress.lines + (known.lines if known else 0),
        "events": progress.events + (known.events if known else 0),
        "unparsed": progress.unparsed + (known.unparsed if known else 0),
        "first_us": _extreme(min, progress.first_us, known.first_us if known else None),
        "complete_until_us": _extreme(
            max, progress.last_us, known.complete_until_us if known else None
        ),
        "read_at_us": progress.read_at_us,
        "samples": json.dumps(samples),
    }
    given = *values.values(), progress.name
    if known:
        pairs = ", ".join(f"{name} = ?" for name in values)
        change(conn, f"UPDATE sources SET {pairs} WHERE name = ?", given)
    else:
        names_of = ", ".join((*values, "name"))
        marks = ", ".join("?" * len(given))
        change(conn, f"INSERT INTO sources ({names_of}) VALUES ({marks})", given)


def count(conn: Connection, progress: Progress) -> None:
    """The same for what has counts and a time of reading only: one statement, new or not."""
    statement = (
        "INSERT INTO sources (name, kind, format, read_at_us, lines, events, unparsed, samples) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, '[]') ON CONFLICT (name) DO UPDATE SET "
        "kind = excluded.kind, format = excluded.format, read_at_us = excluded.read_at_us, "
        "lines = sources.lines + excluded.lines, events = sources.events + excluded.events, "
        "unparsed = sources.unparsed + excluded.unparsed"
    )
    found = progress
    change(
        conn, statement,
        (found.name, found.kind, found.format, found.read_at_us, found.lines, found.events,
         found.unparsed),
    )  # fmt: skip


class Ids(dict[str, int]):
    """Numbers of sources by name; one that is new gets its number when it is asked for."""

    def __init__(self, conn: Connection) -> None:
        super().__init__({name: number for number, name in names(conn).items()})
        self._conn = conn

    def __missing__(self, name: str) -> int:
        advance(self._conn, Progress(name))
        self.update((name, number) for number, name in names(self._conn).items())
        return self[name]


def names(conn: Connection) -> dict[int, str]:
    """Names of sources by number."""
    return dict(fetch(conn, "SELECT id, name FROM sources", ()))


def _extreme(choose: Callable[[list[int]], int], *times: int | None) -> int | None:
    known = [at for at in times if at is not None]
    return choose(known) if known else None


def _one(conn: Connection, name: str) -> SourceState | None:
    found = fetch(conn, f"{_STATES} WHERE name = ?", (name,))
    return _state(found[0]) if found else None


def freshness(conn: Connection) -> tuple[SourceState, ...]:
    """Every source by name."""
    return tuple(map(_state, fetch(conn, f"{_STATES} ORDER BY name", ())))


def _state(row: Sequence[Any]) -> SourceState:
    told = dict(zip(SourceState.__struct_fields__, row, strict=True))
    return SourceState(**{**told, "samples": tuple(json.loads(told["samples"]))})


def read_until(conn: Connection, name: str) -> int | None:
    """The time up to which a source has been read; None if that is not known."""
    state = _one(conn, name)
    return state.complete_until_us if state else None


def complete_until(conn: Connection) -> int | None:
    """The time up to which every source has been read; None before anything was."""
    ((found,),) = fetch(conn, "SELECT min(complete_until_us) FROM sources", ())
    return None if found is None else int(found)
