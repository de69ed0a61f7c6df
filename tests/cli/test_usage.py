"""Help, wrong usage and the version."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.cli.commands import (
    done,
    started,
)
from tracer.release import version
from webui.cli import COMMANDS, mailtracer


@pytest.mark.parametrize("verb", sorted(COMMANDS))
def test_every_command_takes_the_same_options_and_shows_an_example(verb: str) -> None:
    told = CliRunner().invoke(mailtracer, [verb, "--help"]).stdout
    for wanted in ("--config", "--home", "--help", "Example", f"mailtracer {verb}"):
        assert wanted in told


def test_help_calls_the_program_by_its_name() -> None:
    told, _ = started("--help").communicate(timeout=30)
    assert told.startswith(b"Usage: mailtracer [OPTIONS] COMMAND")
    for verb in COMMANDS:
        assert f"\n  {verb} " in told.decode()


@pytest.mark.parametrize(
    "words",
    [
        ["serch"], ["search", "--nope"], ["ingest"], ["show"], ["search", "--limit", "-1"],
        ["search", "--group", "thread"], ["ingest", "--year", "26", "x"],
        ["ingest", "--format", "exim", "x"], ["ingest", "--timezone", "Mars/Base", "x"],
        ["search", "--since", "someday"], ["search", "--until", "2026-13-01"],
    ],
)  # fmt: skip
def test_wrong_usage_ends_with_2_and_prints_no_result(words: list[str], tmp_path: Path) -> None:
    where = ["--home", str(tmp_path)] if len(words) > 1 else []
    result = CliRunner().invoke(mailtracer, [*words, *where], prog_name="mailtracer")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Try 'mailtracer" in result.stderr


def test_version_is_the_changelogs(tmp_path: Path) -> None:
    assert done("version", tmp_path) == f"{version()}\n"
