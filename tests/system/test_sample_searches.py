"""Every search that the sample's README promises finds something."""

from __future__ import annotations

import json
import re
import time
from importlib.resources import files
from pathlib import Path

import pytest
from click.testing import CliRunner

from collectors.samples import sample_lines
from webui.cli import mailtracer

README = files("collectors.samples").joinpath("README.md").read_text("utf-8")
SEARCHES = re.findall(r"`((?:from|to|subject|ip):[^`]*)`", README)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("home")
    log = where / "sample.log"
    now_us = time.time_ns() // 1000
    log.write_text("".join(f"{line}\n" for line in sample_lines(now_us)), "utf-8")
    result = json.loads(run(where, "ingest", "--json", str(log)))
    assert result["unparsed"] == 0
    return where


def run(home: Path, verb: str, *words: str) -> str:
    done = CliRunner().invoke(mailtracer, [verb, "--home", str(home), *words])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_readme_names_many_searches() -> None:
    assert len(SEARCHES) > 40


@pytest.mark.parametrize("query", SEARCHES)
def test_search_of_the_readme_finds_mail(home: Path, query: str) -> None:
    assert json.loads(run(home, "search", "--count", "--json", query))["count"] > 0


@pytest.mark.parametrize(
    "status",
    ["delivered", "relayed", "expanded", "bounced", "rejected", "expired", "deferred", "discarded",
     "removed"],
)  # fmt: skip
def test_sample_has_mail_of_each_status(home: Path, status: str) -> None:
    query = f"status:{status}"
    assert json.loads(run(home, "search", "--count", "--json", query))["count"] > 0
