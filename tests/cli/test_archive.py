"""`mailtracer archive`: days sealed, listed, verified, held and brought back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.cli.commands import LOGS, ingested, rows
from webui.cli import mailtracer


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    """A home whose days were all over long ago."""
    for log in map(Path, LOGS):
        old = log.read_text("utf-8").replace("2026-11-", "2024-11-")
        (tmp_path / log.name).write_text(old, "utf-8")
    home = tmp_path / "home"
    ingested(home, *(str(tmp_path / Path(log).name) for log in LOGS), "--timezone", "UTC")
    return home


def archive(home: Path, *words: str) -> Result:
    return CliRunner().invoke(mailtracer, ["archive", "--home", str(home), *words])


def told(home: Path, *words: str) -> str:
    result = archive(home, *words)
    assert result.exit_code == 0, result.output
    return result.stdout


def listed(home: Path) -> dict[str, dict[str, object]]:
    return {day["day"]: day for day in map(json.loads, told(home, "list", "--json").splitlines())}


def days(home: Path) -> set[str]:
    return {str(row["received_at"])[:10] for row in rows(home)}


def test_sealed_day_leaves_the_search_and_a_restored_one_is_found_again(filled: Path) -> None:
    before, (first, *rest) = rows(filled), sorted(days(filled))
    assert told(filled, "seal", first).startswith(f"{first}: ")
    assert days(filled) == set(rest)
    assert listed(filled)[first]["state"] == "sealed"
    assert told(filled, "verify") == "1 of 1 files are as they were sealed\n"
    assert f"{first}: " in told(filled, "restore", first)
    assert rows(filled) == before
    assert listed(filled)[first] == listed(filled)[first] | {
        "state": "live", "held": "restored by hand",
    }  # fmt: skip


def test_days_that_are_over_are_sealed_unless_held(filled: Path) -> None:
    held, *others = sorted(days(filled))
    (filled / "config.toml").write_text("[archive]\nplace = '{home}/elsewhere'\n")
    told(filled, "hold", held, "--why", "case 17")
    told(filled, "seal")
    state = listed(filled)
    assert (state[held]["state"], state[held]["held"]) == ("live", "case 17")
    assert [state[day]["state"] for day in others] == ["sealed"] * len(others)
    assert {path.stem for path in (filled / "elsewhere").iterdir()} == set(others)
    told(filled, "release", held)
    told(filled, "seal")
    assert listed(filled)[held]["state"] == "sealed"


def test_day_that_was_restored_can_be_sealed_again_and_is_then_free(filled: Path) -> None:
    first = min(days(filled))
    told(filled, "seal", first)
    told(filled, "restore", first)
    told(filled, "seal")
    assert listed(filled)[first]["state"] == "live", "it stays until it is named"
    told(filled, "seal", first)
    assert (listed(filled)[first]["state"], listed(filled)[first]["held"]) == ("sealed", "")


def test_hold_is_kept_by_a_restored_day_and_refuses_the_sealing(filled: Path) -> None:
    first = min(days(filled))
    told(filled, "seal", first)
    told(filled, "hold", first, "--why", "case 17")
    told(filled, "restore", first)
    assert listed(filled)[first]["held"] == "case 17"
    result = archive(filled, "seal", first)
    assert result.exit_code == 69
    assert "is held: case 17" in result.stderr and f"archive release {first}" in result.stderr
    assert listed(filled)[first]["state"] == "live"


def test_changed_file_is_told_with_65(filled: Path) -> None:
    first = min(days(filled))
    told(filled, "seal", first)
    file = filled / "archive" / f"{first}.parquet"
    file.write_bytes(file.read_bytes()[:-1])
    result = archive(filled, "verify")
    assert result.exit_code == 65
    assert "has changed since it was sealed" in result.stderr
    assert result.stdout == "0 of 1 files are as they were sealed\n"


@pytest.mark.parametrize(
    "words",
    [["restore", "yesterday"], ["seal", "2026-11"], ["hold", "x"], ["verify", "2026-11-31"]],
)
def test_what_is_no_day_ends_with_2(filled: Path, words: list[str]) -> None:
    result = archive(filled, *words)
    assert result.exit_code == 2
    assert "is not a day like 2026-11-22" in result.stderr


def test_day_without_mail_is_told(filled: Path) -> None:
    result = archive(filled, "seal", "2001-01-01")
    assert result.exit_code == 1
    assert "there is no mail of 2001-01-01 here" in result.stderr
    assert "mailtracer archive list" in result.stderr


def test_archive_without_a_day_says_that_there_is_nothing_to_compare(filled: Path) -> None:
    result = archive(filled, "verify")
    assert result.exit_code == 0
    assert "No day is in the archive yet" in result.stderr
