"""`mailtracer collect` as a process: killed, rotated under, stopped."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from itertools import cycle
from pathlib import Path

import pytest

from collectors.cli.collect import alone
from collectors.samples import sample_lines
from tests.cli.commands import done, ingested, rows, run, started

NOW_US = 1_795_348_800_000_000  # 2026-11-22 12:00 UTC
PATIENCE_S = 60.0


def settings(home: Path, pattern: str = "mail.log*") -> Path:
    """A home whose settings name one log."""
    home.mkdir()
    (home / "config.toml").write_text(
        f'[[source]]\nname = "mail.log"\npath = "{home}/{pattern}"\ntimezone = "UTC"\n', "utf-8"
    )
    done("init", home)
    return home / "mail.log"


def until(is_so: Callable[[], bool]) -> None:
    """Wait for a condition; fail if it does not come."""
    end = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.05)


def collecting(home: Path) -> subprocess.Popen[bytes]:
    return started("collect", "--home", str(home))


def status(home: Path) -> dict[str, object]:
    told: dict[str, object] = json.loads(done("collect", home, "--status", "--json"))
    return told


def append(log: Path, lines: list[str]) -> None:
    with log.open("a", encoding="utf-8") as file:
        for line in lines:
            file.write(f"{line}\n")
            file.flush()


def ended(process: subprocess.Popen[bytes]) -> tuple[int, str]:
    _, said = process.communicate(timeout=PATIENCE_S)
    return process.returncode, said.decode()


@pytest.fixture(scope="module")
def lines() -> list[str]:
    return list(sample_lines(NOW_US))[-6000:]


@pytest.fixture(scope="module")
def whole(lines: list[str], tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, object]]:
    """What reading all lines in one go gives."""
    folder = tmp_path_factory.mktemp("whole")
    log = folder / "mail.log"
    append(log, lines)
    ingested(folder / "home", str(log), "--timezone", "UTC")
    return rows(folder / "home")


def cut(log: Path, number: int) -> None:
    """Rotate as logrotate's copytruncate does."""
    shutil.copy(log, log.with_name(f"mail.log.{number}"))
    os.truncate(log, 0)


def rename(log: Path, number: int) -> None:
    """Rotate as logrotate does by itself."""
    log.rename(log.with_name(f"mail.log.{number}"))


def test_killed_and_rotated_at_any_time_it_ends_as_one_whole_ingest(
    tmp_path: Path, lines: list[str], whole: list[dict[str, object]]
) -> None:
    home = tmp_path / "home"
    log = settings(home)
    step, rotations = len(lines) // 6 + 1, cycle((rename, cut))
    process = collecting(home)

    def is_begun() -> bool:
        return bool(status(home)["lines"])

    for number, start in enumerate(range(0, len(lines), step)):
        half = lines[start : start + step // 2]
        append(log, half)
        if number % 2:
            until(is_begun)
            process.send_signal(signal.SIGKILL)
            process.communicate()
            process = collecting(home)
        append(log, lines[start + step // 2 : start + step])
        if number < 5:
            next(rotations)(log, 9 - number)
    until(lambda: status(home)["lines"] == len(lines))
    process.send_signal(signal.SIGTERM)
    assert ended(process)[0] == 0
    assert rows(home) == whole


def test_what_is_written_is_found_within_seconds(tmp_path: Path, lines: list[str]) -> None:
    home = tmp_path / "home"
    log = settings(home)
    append(log, lines[:200])
    process = collecting(home)
    try:
        until(lambda: bool(status(home)["lines"]))
        append(log, lines[200:400])
        written = time.monotonic()
        until(lambda: status(home)["lines"] == 400)
        assert time.monotonic() - written < 10
    finally:
        process.terminate()
        assert ended(process)[0] == 0


def test_two_do_not_follow_the_same_logs(tmp_path: Path, lines: list[str]) -> None:
    home = tmp_path / "home"
    log = settings(home)
    append(log, lines[:10])
    process = collecting(home)
    try:
        until((home / "collect.lock").exists)
        until(lambda: (home / "collect.lock").read_text() == str(process.pid))
        second = started("collect", "--home", str(home))
        code, said = ended(second)
        assert (code, str(process.pid) in said) == (75, True)
    finally:
        process.terminate()
        assert ended(process)[0] == 0


def test_serve_follows_the_logs_too(tmp_path: Path, lines: list[str]) -> None:
    home = tmp_path / "home"
    append(settings(home), lines[:100])
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        listen = f"127.0.0.1:{free.getsockname()[1]}"
    process = started("serve", "--home", str(home), "--listen", listen)
    until(lambda: status(home)["lines"] == 100)
    process.terminate()
    ended(process)
    with alone(home):  # nobody follows them any more
        pass


def test_without_a_source_it_says_what_to_write(tmp_path: Path) -> None:
    done_ = run("collect", tmp_path)
    assert done_.exit_code == 78
    assert "[[source]]" in done_.stderr


def test_status_tells_of_a_source_that_was_never_followed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    settings(home)
    assert status(home)["problem"] == "not followed yet"
    done("collect", home, "--once")
    assert status(home)["problem"] == "no such file yet"


def test_bounce_messages_in_a_followed_folder_are_read(tmp_path: Path) -> None:
    home = tmp_path / "home"
    settings(home, "bounces")
    folder = home / "bounces"
    folder.mkdir()
    notices = Path(__file__).parents[1] / "corpus" / "notices"
    for message in sorted(notices.glob("*.eml"))[:5]:
        shutil.copy(message, folder)
    done("collect", home, "--once")
    assert status(home)["lines"] == 5
    events = status(home)["events"]
    done("collect", home, "--once")
    assert status(home)["events"] == events != 0
