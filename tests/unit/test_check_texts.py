"""Every finding that a check can make has its words, in both languages."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from tracer.diagnostics import checks
from tracer.diagnostics.texts import LANGUAGES, placeholders, texts, words_of

FOLDER = Path(checks.__file__).parent
NAMES = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__")


@pytest.mark.parametrize("name", NAMES)
def test_every_code_has_words_and_all_words_are_of_a_code(name: str) -> None:
    codes = importlib.import_module(f"tracer.diagnostics.checks.{name}").CODES
    assert {f"{name}.{what}" for what in words_of(name)} == set(codes)
    for what, entry in words_of(name).items():
        assert sorted(entry) == sorted(LANGUAGES), what
        assert all(words.title for words in entry.values()), what


@pytest.mark.parametrize("name", NAMES)
def test_both_languages_tell_the_same(name: str) -> None:
    for what, entry in words_of(name).items():
        english, russian = entry["en"], entry["ru"]
        assert placeholders(english) == placeholders(russian), what
        assert len(english.steps) == len(russian.steps), what
        assert bool(english.text) == bool(russian.text), what
        assert bool(english.after) == bool(russian.after), what


def test_a_code_without_words_is_shown_as_it_is() -> None:
    assert texts("mx.from_the_future", "en", {}).title == "mx.from_the_future"


def test_every_check_stands_in_the_documents_with_its_source() -> None:
    page = (Path(__file__).parents[2] / "docs" / "checks.md").read_text("utf-8")
    rows = [line.split("|") for line in page.splitlines() if line.startswith("| `")]
    sources = {row[1].strip().strip("`"): row[4].strip() for row in rows if len(row) == 6}
    assert {check.name for check in checks.CHECKS} == set(sources) == set(NAMES)
    assert all(sources.values())
