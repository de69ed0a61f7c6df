"""Stores and settings that are missing, foreign, damaged, full or wrong."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.commands import (
    EVERY,
    LOGS,
    done,
    ingested,
    rows,
    run,
)
from tracer.release import version
from tracer.store import engine


def test_init_makes_a_store_that_can_be_searched(tmp_path: Path) -> None:
    for _ in range(2):
        result = run("init", tmp_path / "new")
        assert (result.exit_code, result.stdout) == (0, "")
        assert str(tmp_path / "new" / "mailtracer.db") in result.stderr
    assert rows(tmp_path / "new") == []
    assert json.loads(done("search", tmp_path / "new", "--count"))["complete_until"] is None


@pytest.mark.parametrize("words", [["search", "x"], ["show", "x"]])
def test_store_that_is_not_there_ends_with_69_and_the_next_step(
    tmp_path: Path, words: list[str]
) -> None:
    result = run(words[0], tmp_path / "none", *words[1:])
    assert (result.exit_code, result.stdout) == (69, "")
    assert f"there is no store at {tmp_path}/none/mailtracer.db" in result.stderr
    assert "mailtracer ingest" in result.stderr
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("words", [["search", "x"], ["show", "x"], ["init"], ["ingest", LOGS[1]]])
def test_file_that_is_no_store_ends_with_69_and_stays_as_it_is(
    tmp_path: Path, words: list[str]
) -> None:
    other = tmp_path / "mailtracer.db"
    other.write_text("somebody's notes, which are no database\n" * 100)
    before = other.read_bytes()
    result = run(words[0], tmp_path, *words[1:])
    assert (result.exit_code, result.stdout) == (69, "")
    assert "cannot be used: file is not a database" in result.stderr
    assert other.read_bytes() == before


@pytest.mark.parametrize("words", [["search", *EVERY], ["ingest", LOGS[0]]])
def test_damaged_store_ends_with_69(tmp_path: Path, words: list[str]) -> None:
    ingested(tmp_path, LOGS[1])
    store = tmp_path / "mailtracer.db"
    content = bytearray(store.read_bytes())
    content[8192 * 8 :] = os.urandom(len(content) - 8192 * 8)
    store.write_bytes(content)
    result = run(words[0], tmp_path, *words[1:])
    assert (result.exit_code, result.stdout) == (69, "")
    assert "is damaged" in result.stderr and "malformed" in result.stderr
    assert "mailtracer restore" in result.stderr


def test_full_disk_ends_with_75_and_reading_again_completes_the_store(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingested(tmp_path, LOGS[1], "--timezone", "UTC")
    with closing(sqlite3.connect(tmp_path / "mailtracer.db")) as store:
        pages = store.execute("PRAGMA page_count").fetchone()[0]
    with monkeypatch.context() as small:
        room = f"PRAGMA max_page_count = {pages}"
        small.setattr(engine, "_PRAGMAS", (*engine._PRAGMAS, room))
        result = run("ingest", tmp_path, LOGS[0])
    assert (result.exit_code, result.stdout) == (75, "")
    assert "cannot grow" in result.stderr and "Make room" in result.stderr
    ingested(tmp_path, LOGS[0], "--timezone", "UTC")
    assert rows(tmp_path) == rows(home)


def test_home_that_cannot_be_made_ends_with_69(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = run("ingest", tmp_path / "file" / "home", LOGS[1])
    assert (result.exit_code, result.stdout) == (69, "")
    assert "cannot make the folder" in result.stderr


def test_wrong_setting_ends_with_78_and_names_it(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text("[store]\nlive_dayz = 3\n")
    result = run("search", tmp_path, "--config", str(config), "x")
    assert (result.exit_code, result.stdout) == (78, "")
    assert "live_dayz" in result.stderr and "live_days" in result.stderr
    assert done("version", tmp_path, "--config", str(config)) == f"{version()}\n"


def test_store_of_the_settings_is_used(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(f'[store]\nurl = "sqlite:///{tmp_path}/else where/mail.db"\n')
    ingested(tmp_path / "home", "--config", str(config), LOGS[1])
    assert (tmp_path / "else where" / "mail.db").exists()
    assert len(rows(tmp_path / "home", "--config", str(config))) == 4
