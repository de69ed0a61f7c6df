"""The command as a person types it: in this process, or started in one of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from click.testing import CliRunner, Result

from tests.store.filling import HERE
from webui.cli import mailtracer

ROOT = Path(__file__).resolve().parents[2]
LOGS = [str(HERE / "mx1.log"), str(HERE / "mx2.log")]
LINES = sum(len(Path(log).read_text("utf-8").splitlines()) for log in LOGS)
ROW = (
    "id received_at updated_at status cause sender recipient original_recipient subject message_id "
    "direction host queue_id queue_ids client relay size attempts delay_s reply enhanced_status "
    "source"
).split()
TOTALS = (
    "lines events unparsed duplicates messages deliveries first_at last_at seconds lines_per_s"
).split()
EVERY = ("--since", "all", "--limit", "0")


def run(verb: str, home: Path, *words: str) -> Result:
    return CliRunner().invoke(
        mailtracer, [verb, "--home", str(home), *words], catch_exceptions=False
    )


def with_settings(file: Path, verb: str, *words: str) -> Result:
    """The same with a settings file."""
    return CliRunner().invoke(
        mailtracer, [verb, "--config", str(file), *words], catch_exceptions=False
    )


def done(verb: str, home: Path, *words: str) -> str:
    """Standard output of a command that must succeed."""
    result = run(verb, home, *words)
    assert result.exit_code == 0, result.output
    return result.stdout


def ingested(home: Path, *words: str) -> dict[str, object]:
    told: dict[str, object] = json.loads(done("ingest", home, "--json", *words))
    return told


def rows(home: Path, *words: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in done("search", home, *EVERY, *words).splitlines()]


def started(*words: str, **more: object) -> subprocess.Popen[bytes]:
    """The command in a process of its own, away from the checkout."""
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "webui.cli", *words],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more,  # type: ignore[call-overload]
    )  # fmt: skip
