"""Pages that are made from the code agree with it."""

from __future__ import annotations

import re
from pathlib import Path

from docs.write_settings import PAGE, page
from tracer.release import version

ROOT = Path(__file__).resolve().parents[2]


def test_the_settings_page_is_what_the_code_says() -> None:
    assert PAGE.read_text("utf-8") == page(), "run `make docs`"


def test_the_version_is_the_topmost_of_the_changelog() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    top = re.search(r"^## \[(.+?)\]", changelog, re.MULTILINE)
    assert top and version() == top[1]
