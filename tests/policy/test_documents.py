"""Pages that are made from the code agree with it."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from docs.write_settings import PAGE, page
from tracer.query import parse_query
from tracer.release import version
from webui.cli import COMMANDS

ROOT = Path(__file__).resolve().parents[2]


def test_the_settings_page_is_what_the_code_says() -> None:
    assert PAGE.read_text("utf-8") == page(), "run `make docs`"


def test_the_version_is_the_topmost_of_the_changelog() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    top = re.search(r"^## \[(.+?)\]", changelog, re.MULTILINE)
    assert top and version() == top[1]


def shown_commands() -> list[list[str]]:
    """What README.md tells people to type after `mailtracer`."""
    readme = (ROOT / "README.md").read_text("utf-8")
    return [shlex.split(line) for line in re.findall(r"^\.venv/bin/mailtracer (.*)$", readme, re.M)]


def test_the_readme_shows_commands_that_exist() -> None:
    shown = {words[0] for words in shown_commands()}
    assert {"ingest", "serve", "search", "show"} <= shown <= set(COMMANDS)


def test_the_searches_of_the_readme_are_understood() -> None:
    searches = [words[1] for words in shown_commands() if words[0] == "search"]
    assert searches
    for text in searches:
        assert parse_query(text, now_us=0).hints == ()
