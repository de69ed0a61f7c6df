"""Several processes that read at once give what they give one after the other."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.cli.commands import started
from tests.store.filling import LOGS, made, read, sqlite_at, tables


def read_at_once(engine: Engine, home: Path, *runs: Path) -> None:
    """Each log by a process of its own, all at the same time."""
    home.mkdir(exist_ok=True)
    url = engine.url.render_as_string(hide_password=False)
    (home / "config.toml").write_text(f'[store]\nurl = "{url}"\n')
    words = ("ingest", "--home", str(home), "--timezone", "UTC")
    running = [started(*words, str(log), cwd=str(home)) for log in runs]
    for process in running:
        _, told = process.communicate(timeout=120)
        assert process.returncode == 0, told.decode()


@pytest.mark.parametrize(
    "runs", [LOGS, (LOGS[0], LOGS[0]), (*LOGS, *LOGS)], ids=["different", "same", "both twice"]
)
def test_logs_read_at_once_give_what_they_give_in_turn(
    store: Engine, tmp_path: Path, runs: tuple[Path, ...]
) -> None:
    read_at_once(store, tmp_path / "home", *runs)
    folder = tmp_path / "in turn"
    folder.mkdir()
    other = made(sqlite_at(folder))
    for log in dict.fromkeys(runs):
        read(other, log)
    assert tables(store) == tables(other)
    other.dispose()
