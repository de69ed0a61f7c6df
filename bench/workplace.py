"""The logs and stores that are measured, each made when first asked for."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from time import time_ns

from sqlalchemy import Connection

from bench.drawing import Stored, stored_in
from bench.programs import STORE, ingest_seconds, ingest_watched
from bench.scale import days_of, write_newest, write_scaled
from bench.watching import Watched
from collectors.samples import sample_lines
from tracer.store.engine import open_engine, reading


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much of everything."""

    log_lines: int = 240_000  # of the log for the pairs, where none is given
    log_days: float = 2
    lines: int = 5_000_000  # of the scaled log
    days: float = 30
    part: int = 1_000_000  # its beginning and end that are compared
    pairs: int = 5
    calls: int = 500  # searches inside the process
    pages: int = 60  # of each kind
    runs: int = 7  # from the shell


QUICK = Sizes(
    log_lines=20_000, lines=60_000, days=6, part=15_000, pairs=1, calls=40, pages=5, runs=2
)


class Workplace:
    """A folder for one run of the benchmark, and what was given instead of making it."""

    def __init__(
        self, folder: Path, sizes: Sizes, *, log: Path | None, scaled: Path | None,
        home: Path | None,
    ) -> None:  # fmt: skip
        self.folder = folder
        self.sizes = sizes
        self._given_log, self._given_scaled, self._given_home = log, scaled, home

    @cached_property
    def log(self) -> Path:
        """The log of the pairs."""
        if self._given_log:
            return self._given_log
        sample, log = self.folder / "sample.log", self.folder / "mail.log"
        sample.write_text("".join(f"{line}\n" for line in sample_lines(time_ns() // 1000)), "utf-8")
        tell(f"repeating the sample log to {self.sizes.log_lines:,} lines")
        write_scaled(sample, log, lines=self.sizes.log_lines, days=self.sizes.log_days)
        return log

    @cached_property
    def log_lines(self) -> int:
        return lines_of(self.log)

    @cached_property
    def scaled(self) -> Path:
        """The long log."""
        if self._given_scaled:
            return self._given_scaled
        scaled, sizes = self.folder / "scaled.log", self.sizes
        tell(f"scaling the log to {sizes.lines:,} lines over {sizes.days:g} days")
        write_scaled(self.log, scaled, lines=sizes.lines, days=sizes.days)
        return scaled

    @cached_property
    def scaled_lines(self) -> int:
        """Lines of the long log; where only its home was given, those that it read."""
        return self.stored.lines if self._has_home_only else lines_of(self.scaled)

    @cached_property
    def scaled_days(self) -> float:
        """Days that it covers."""
        return self.stored.days if self._has_home_only else days_of(self.scaled)

    @property
    def _has_home_only(self) -> bool:
        return self._given_home is not None and self._given_scaled is None

    @cached_property
    def stored(self) -> Stored:
        """How much the home of the long log holds."""
        with reader(self.home) as conn:
            return stored_in(conn)

    @property
    def on_stored(self) -> str:
        """What the home of the long log holds, for the table."""
        held = self.stored
        return f"{held.messages:,} messages, {held.rows:,} rows over {held.days:.0f} days"

    @cached_property
    def on_scaled(self) -> str:
        """What the scaled log is, for the table."""
        return f"{self.scaled_lines:,} lines over {self.scaled_days:.0f} days"

    @cached_property
    def scaled_run(self) -> Watched:
        """Reading the long log into its home, watched."""
        tell("reading the scaled log")
        return ingest_watched(self.scaled, self.folder / "scaled")

    @cached_property
    def home(self) -> Path:
        """The home that holds the long log."""
        if self._given_home:
            return self._given_home
        assert self.scaled_run
        return self.folder / "scaled"

    @cached_property
    def day_home(self) -> Path:
        """A home that holds the newest day of the long log."""
        log, home = self.folder / "day.log", self.folder / "day"
        write_newest(self.scaled, log, min(1.0, 1 / self.scaled_days))
        tell("reading its newest day")
        ingest_seconds(log, home)
        return home


@contextmanager
def reader(home: Path) -> Iterator[Connection]:
    """A connection that reads the store of a home."""
    engine = open_engine(f"sqlite:///{home.absolute()}/{STORE}")
    try:
        with reading(engine).connect() as conn:
            yield conn
    finally:
        engine.dispose()


def lines_of(log: Path) -> int:
    """Lines of a file."""
    with log.open("rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))


def octets_of(folder: Path) -> int:
    """Octets of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def tell(what: str) -> None:
    """Say what goes on, beside the result."""
    print(f"  {what}", file=sys.stderr, flush=True)
