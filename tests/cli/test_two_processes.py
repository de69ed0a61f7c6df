"""Reading beside writing: the same result, and an honest end when one of the two dies."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from collectors import reader
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
    assert reader.WORTH_A_PROCESS == 1


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
from collectors.batches import steps
from collectors.plan import LENGTH, Plan
planned, sending = map(int, sys.argv[-2:])
plan = msgspec.msgpack.decode(os.fdopen(planned, "rb").read(), type=Plan)
frames = [msgspec.msgpack.encode(step) for step in steps(plan)]
whole, half = frames[0], frames[1][: len(frames[1]) // 2]
for length, frame in ((len(whole), whole), (len(frames[1]), half)):
    os.write(sending, LENGTH.pack(length) + frame)
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


WHAT_IS_LOADED = """\
import json, os, sys
from webui.cli import main
spawn = os.posix_spawn
def tell(*given, **more):
    print(json.dumps(sorted(sys.modules)), file=sys.stderr)
    return spawn(*given, **more)
os.posix_spawn = tell
os.cpu_count = lambda: 2
sys.argv = ["mailtracer", "ingest", "--home", *sys.argv[1:]]
main()
"""


def test_reading_process_starts_before_anything_heavy_is_loaded(tmp_path: Path) -> None:
    large = tmp_path / "mail.log"
    large.write_text(Path(LOGS[1]).read_text("utf-8") * 400)
    ran = subprocess.run(
        [sys.executable, "-c", WHAT_IS_LOADED, str(tmp_path / "home"), str(large)],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    loaded = set(json.loads(ran.stderr.splitlines()[0]))
    assert "collectors.reader" in loaded
    heavy = {"msgspec", "sqlalchemy", "subprocess", "tracer.config", "tracer.model", "zoneinfo"}
    assert not loaded & heavy


def test_reading_process_loads_neither_store_nor_command_line() -> None:
    code = "import sys, collectors.reading_process; print(*sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = set(ran.stdout.split())
    unwanted = {"click", "rich", "sqlalchemy", "sqlite3", "tracer.explain", "tracer.notices"}
    assert "tracer.fold" in loaded
    assert not loaded & unwanted


def test_reader_that_has_nothing_to_read_ends_without_a_word(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with reader.Reader() as unused:
        unused.start()
        unused.send(b"")
        assert unused.wait() == 0
    assert capfd.readouterr() == ("", "")


def test_reader_is_gone_when_its_command_ends_early(monkeypatch: pytest.MonkeyPatch) -> None:
    spawn, pids = os.posix_spawn, list[int]()

    def spawned(*given: Any, **more: Any) -> int:
        pids.append(spawn(*given, **more))
        return pids[0]

    monkeypatch.setattr(os, "posix_spawn", spawned)
    with pytest.raises(ZeroDivisionError), reader.Reader() as started_for_nothing:
        started_for_nothing.start()
        raise ZeroDivisionError
    (pid,) = pids
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
