"""Our commands from the shell, each in a process of its own."""

from __future__ import annotations

from collections.abc import Iterator

from bench.drawing import newest_rows, span_of
from bench.programs import mailtracer, seconds
from bench.table import Figure, Goal
from bench.workplace import Workplace, reader, tell

SEARCH = Goal(0.4, at_most=True)


def shell(place: Workplace) -> Iterator[Figure]:
    """One search and one message, start of the process included."""
    with reader(place.home) as conn:
        rows = newest_rows(conn, place.sizes.runs)
        since = span_of(conn).since
    tell("searching from the shell")
    home = ["--home", str(place.home)]
    search = [
        seconds([*mailtracer(), "search", *home, f"to:{row.recipient}", "--since", since])
        for row in rows
    ]
    show = [seconds([*mailtracer(), "show", *home, row.id]) for row in rows]
    yield Figure("`mailtracer search` from the shell", place.on_scaled, tuple(search), "s", SEARCH)
    yield Figure("`mailtracer show` from the shell", place.on_scaled, tuple(show), "s")
