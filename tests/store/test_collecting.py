"""Following logs: rotation, truncation, restarts; the store ends as after one whole ingest."""

from __future__ import annotations

import gzip
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from collectors.collecting import Collector
from tests.store.filling import LOGS, content, empty, read_lines
from tracer.config import SourceSettings
from tracer.errors import StoreUnavailable
from tracer.store import checkpoints, sources

LINES = [line for log in LOGS for line in log.read_text("utf-8").splitlines()]
HALF = len(LINES) // 2
NEW_YEAR_2026_S = 1_767_225_600


class Following:
    """A collector over one log of a folder, turned by hand."""

    def __init__(self, folder: Path, pattern: str = "mail.log*") -> None:
        self.folder, self.log = folder / "log", folder / "log" / "mail.log"
        self.log.parent.mkdir()
        self.pattern = pattern
        self.engine = empty(folder)
        self.warnings: list[str] = []
        self.collector: Any = None
        self.start()

    def close(self) -> None:
        self.collector.close()
        self.engine.dispose()

    def start(self) -> None:
        """As after a kill: what was in memory is gone."""
        self.collector.close() if self.collector else None
        source = SourceSettings(name="mail.log", path=str(self.log.parent / self.pattern))
        self.collector = Collector(self.engine, [source], warn=self.warnings.append)

    def write(self, lines: list[str], log: Path | None = None) -> None:
        with (log or self.log).open("a", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines)

    def turn(self) -> None:
        while self.collector.turn(Event()):
            pass

    def counted(self) -> int:
        with self.engine.connect() as conn:
            return sum(state.lines for state in sources.freshness(conn))


@pytest.fixture
def following(tmp_path: Path) -> Iterator[Following]:
    made = Following(tmp_path)
    yield made
    made.close()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, object]]:
    """What one ingest of all lines gives."""
    folder = tmp_path_factory.mktemp("whole")
    engine = empty(folder)
    read_lines(engine, folder, LINES)
    rows = content(engine)
    engine.dispose()
    assert len(rows) > 10
    return rows


def test_lines_that_come_bit_by_bit_give_the_same_store(
    following: Following, whole: list[dict[str, object]]
) -> None:
    for start in range(0, len(LINES), 7):
        following.write(LINES[start : start + 7])
        following.turn()
    assert content(following.engine) == whole
    assert following.counted() == len(LINES)


def test_half_a_line_waits_for_its_rest(
    following: Following, whole: list[dict[str, object]]
) -> None:
    octets = "".join(f"{line}\n" for line in LINES).encode()
    for start in range(0, len(octets), 10_007):
        with following.log.open("ab") as file:
            file.write(octets[start : start + 10_007])
        following.turn()
        following.start() if start % 3 == 0 else None
    assert content(following.engine) == whole
    assert following.counted() == len(LINES)


@pytest.mark.parametrize("pattern", ["mail.log*", "mail.log"])
def test_a_renamed_log_is_read_to_its_end_and_the_new_one_from_its_start(
    tmp_path: Path, whole: list[dict[str, object]], pattern: str
) -> None:
    following = Following(tmp_path, pattern)
    third = len(LINES) // 3
    following.write(LINES[:third])
    following.turn()
    following.write(LINES[third : third + 5])
    following.log.rename(rotated := following.log.parent / "mail.log.1")
    following.write(LINES[third + 5 : third + 9], rotated)  # the writer has it open yet
    following.turn()
    following.write(LINES[third + 9 : third + 12], rotated)
    following.write(LINES[third + 12 :])
    following.turn()
    assert content(following.engine) == whole
    assert following.counted() == len(LINES)
    following.close()


def test_a_log_that_is_moved_out_of_sight_is_read_to_its_end(
    following: Following, whole: list[dict[str, object]], tmp_path: Path
) -> None:
    following.write(LINES[:HALF])
    following.turn()
    following.write(LINES[HALF : HALF + 5])
    following.log.rename(elsewhere := tmp_path / "elsewhere")
    following.turn()
    following.write(LINES[HALF + 5 : HALF + 9], elsewhere)
    following.write(LINES[HALF + 9 :])
    following.turn()
    assert content(following.engine) == whole


@pytest.mark.parametrize("is_restarted", [False, True])
@pytest.mark.parametrize("pattern", ["mail.log*", "mail.log"])
def test_a_log_that_is_copied_and_cut_loses_and_doubles_nothing(
    tmp_path: Path, whole: list[dict[str, object]], pattern: str, is_restarted: bool
) -> None:
    following = Following(tmp_path, pattern)
    following.write(LINES[:HALF])
    following.turn()
    following.write(LINES[HALF : HALF + 20])  # not read before the copy was made
    shutil.copy(following.log, following.log.parent / "mail.log.1")
    os.truncate(following.log, 0)
    following.write(LINES[HALF + 20 : HALF + 40])
    if is_restarted:
        following.start()
    following.turn()
    following.write(LINES[HALF + 40 :])
    following.turn()
    assert content(following.engine) == whole
    assert following.counted() == len(LINES)
    following.close()


def test_a_copy_of_a_log_that_goes_on_is_not_read(following: Following) -> None:
    following.write(LINES[:HALF])
    following.turn()
    shutil.copy(following.log, following.log.parent / "mail.log.1")
    following.turn()
    assert following.counted() == HALF


def test_a_log_that_was_packed_while_nobody_looked_goes_on_where_it_was_left(
    following: Following, whole: list[dict[str, object]]
) -> None:
    following.write(LINES[:HALF])
    following.turn()
    following.write(LINES[HALF : HALF + 30])
    packed = following.log.parent / "mail.log.1.gz"
    packed.write_bytes(gzip.compress(following.log.read_bytes()))
    following.log.unlink()
    following.write(LINES[HALF + 30 :])
    following.start()
    following.turn()
    assert content(following.engine) == whole
    assert following.counted() == len(LINES)


def test_packed_rotations_are_read_at_the_first_start_and_never_again(
    following: Following, whole: list[dict[str, object]]
) -> None:
    text = "".join(f"{line}\n" for line in LINES[:HALF]).encode()
    (following.log.parent / "mail.log.2.gz").write_bytes(gzip.compress(text))
    following.write(LINES[HALF:])
    following.turn()
    (following.log.parent / "mail.log.2.gz").rename(following.log.parent / "mail.log.3.gz")
    following.start()
    following.turn()
    assert content(following.engine) == whole
    assert following.counted() == len(LINES)


def test_a_log_that_is_begun_anew_in_place_is_read_from_its_start(following: Following) -> None:
    following.write(LINES[:HALF])
    following.turn()
    following.log.write_text("".join(f"{line}\n" for line in LINES[HALF:]), "utf-8")
    following.turn()
    assert following.counted() == len(LINES)


def test_a_log_that_is_not_there_yet_is_told_once_and_read_when_it_comes(
    following: Following, whole: list[dict[str, object]]
) -> None:
    following.turn()
    following.turn()
    assert following.warnings == ["source mail.log: no such file yet"]
    following.write(LINES)
    following.turn()
    assert content(following.engine) == whole
    assert following.warnings[1:] == ["source mail.log: is read again"]


def test_a_stay_that_is_still_open_is_in_the_store_at_once(following: Following) -> None:
    opening = next(n for n, line in enumerate(LINES) if "status=deferred" in line)
    following.write(LINES[: opening + 1])
    following.turn()
    assert "deferred" in {row["status"] for row in content(following.engine)}


def test_a_busy_store_is_told_once_and_loses_nothing(
    following: Following, whole: list[dict[str, object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collectors.collecting.FIRST_PAUSE_S", 0.001)
    refused = [StoreUnavailable("busy"), OperationalError("x", {}, Exception("disk")), None]
    write = following.collector._write

    def refusing(ready: object) -> None:
        if refused and (error := refused.pop(0)):
            raise error
        write(ready)  # type: ignore[arg-type]

    monkeypatch.setattr(following.collector, "_write", refusing)
    following.write(LINES)
    following.turn()
    assert content(following.engine) == whole
    assert following.warnings == [
        "nothing can be stored just now, trying on: busy",
        "the store takes lines again; nothing is lost",
    ]


def test_what_could_not_be_stored_before_the_end_is_read_at_the_next_start(
    following: Following, whole: list[dict[str, object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refusing(_ready: object) -> None:
        raise StoreUnavailable("busy")

    monkeypatch.setattr(following.collector, "_write", refusing)
    following.write(LINES)
    stop = Event()
    stop.set()
    following.collector.turn(stop)
    assert following.counted() == 0
    following.start()
    following.turn()
    assert content(following.engine) == whole


def test_a_quiet_log_is_complete_up_to_now(following: Following) -> None:
    following.write(LINES)
    following.turn()
    with following.engine.connect() as conn:
        seen = checkpoints.every(conn)["mail.log"]
        state = sources.freshness(conn)[0]
    assert (seen.unread, seen.files, seen.problem) == (0, 1, "")
    assert state.complete_until_us == seen.seen_us


def test_a_pipe_is_told_and_not_waited_for(following: Following) -> None:
    os.mkfifo(following.log)
    following.turn()
    assert "is no file" in following.warnings[0]


def test_half_a_line_of_a_log_that_is_over_is_taken(
    following: Following, monkeypatch: pytest.MonkeyPatch
) -> None:
    following.write(LINES[:4])
    with following.log.open("a", encoding="utf-8") as file:
        file.write(LINES[4])
    following.turn()
    assert following.counted() == 4
    following.log.rename(following.log.parent / "mail.log.1")
    following.write(LINES[5:6])
    monkeypatch.setattr("collectors.following.QUIET_S", -1.0)
    following.turn()
    assert following.counted() == 6


def test_stamps_without_a_year_are_dated_by_the_file_and_by_what_was_read(
    following: Following,
) -> None:
    lines = [f"Dec 31 23:59:0{n} mx1 postfix/qmgr[9]: 4dQz{n}k1: removed" for n in range(3)]
    following.write(lines)
    os.utime(following.log, (NEW_YEAR_2026_S, NEW_YEAR_2026_S))
    following.turn()
    following.start()
    following.write(["Jan  1 00:00:05 mx1 postfix/qmgr[9]: 4dQz9k1: removed"])
    os.utime(following.log, (NEW_YEAR_2026_S + 9, NEW_YEAR_2026_S + 9))
    following.turn()
    with following.engine.connect() as conn:
        (state,) = sources.freshness(conn)
        (mark,) = checkpoints.load(conn, "mail.log")
    assert state.first_us == (NEW_YEAR_2026_S - 60) * 1_000_000
    assert mark.reached_us == (NEW_YEAR_2026_S + 5) * 1_000_000


def test_files_with_other_things_are_told_and_passed_over(following: Following) -> None:
    (following.log.parent / "mail.log.bin").write_bytes(bytes(range(256)) * 20)
    following.write(LINES)
    following.turn()
    assert following.counted() == len(LINES)
    assert "is not a text" in following.warnings[0]
