"""Reading beside writing: the same result, and an honest end when one of the two dies."""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
from pathlib import Path

import pytest

from collectors import reading
from tests.cli.commands import (
    LINES,
    LOGS,
    ROOT,
    ingested,
    rows,
    run,
    started,
)


def test_two_processes_give_what_one_gives(tmp_path: Path, home: Path, beside: None) -> None:
    assert ingested(tmp_path, *LOGS, "--timezone", "UTC")["lines"] == LINES
    assert rows(tmp_path) == rows(home)
    assert reading.WORTH_A_PROCESS == 1


def test_many_files_are_more_than_an_argument_can_hold(tmp_path: Path, beside: None) -> None:
    folder = tmp_path.joinpath(*["long-name" * 20] * 15)
    folder.mkdir(parents=True)
    line = Path(LOGS[1]).read_text("utf-8").partition("\n")[0]
    for number in range(50):
        (folder / f"{number}.log").write_text(f"{line}\n")
    assert ingested(tmp_path, str(folder))["lines"] == 50


DYING = """\
#!/bin/sh
''''exec "{python}" "$0" "$@"  # a shebang of its own breaks where the path has a space
'''
import os, signal, sys
sys.path.insert(0, {root!r})
import msgspec
from collectors import reading
planned, sending = map(int, sys.argv[-2:])
plan = msgspec.msgpack.decode(os.fdopen(planned, "rb").read(), type=reading.Plan)
frames = [msgspec.msgpack.encode(step) for step in reading.steps(plan)]
whole, half = frames[0], frames[1][: len(frames[1]) // 2]
for length, frame in ((len(whole), whole), (len(frames[1]), half)):
    os.write(sending, reading._LENGTH.pack(length) + frame)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_death_of_the_reading_process_is_told_and_what_it_read_is_stored(
    tmp_path: Path, home: Path, beside: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    dying = tmp_path / "dying"
    dying.write_text(DYING.format(python=sys.executable, root=str(ROOT)))
    dying.chmod(0o755)
    with monkeypatch.context() as broken:
        broken.setattr(sys, "executable", str(dying))
        result = run("ingest", tmp_path, "--json", *LOGS, "--timezone", "UTC")
    assert (result.exit_code, result.stdout) == (75, "")
    assert "ended with code -9; what it read is stored" in result.stderr
    assert 0 < len(rows(tmp_path)) < 15
    ingested(tmp_path, *LOGS, "--timezone", "UTC")
    assert rows(tmp_path) == rows(home)


def has_schema(store: Path) -> bool:
    """Whether the program has made its store, and now waits for lines."""
    if not store.exists():
        return False
    conn = sqlite3.connect(f"file:{store}?mode=ro", uri=True)
    try:
        return bool(conn.execute("SELECT 1 FROM alembic_version").fetchone())
    except sqlite3.OperationalError:
        return False
    finally:
        conn.close()


def test_interruption_ends_with_130_and_no_trace_of_the_program(tmp_path: Path) -> None:
    running = started("ingest", "--home", str(tmp_path), "-", start_new_session=True)
    assert running.stdin is not None and running.stdout is not None
    watched = tmp_path / "mailtracer.db"
    while not has_schema(watched) and running.poll() is None:
        os.sched_yield()
    os.killpg(running.pid, signal.SIGINT)
    told, problems = running.communicate(timeout=30)
    assert running.returncode == 130
    assert told == b""
    assert b"Traceback" not in problems
