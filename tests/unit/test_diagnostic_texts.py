"""The texts of findings: every code in both languages, with the same places, and no orphans."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from types import ModuleType

import pytest

from tests.fake_checks import found
from tracer.diagnostics import checks
from tracer.diagnostics.checks import CHECKS
from tracer.diagnostics.model import Fix, Verdict
from tracer.diagnostics.texts import (
    ANY_CHECK,
    FOLDER,
    LANGUAGES,
    placeholders,
    texts,
    told,
    words_of,
)

MODULES: dict[str, ModuleType] = {
    found.name: import_module(f"{checks.__name__}.{found.name}")
    for found in pkgutil.iter_modules(checks.__path__)
}


def codes() -> set[str]:
    """Every code that a check may find."""
    return {
        code if code.startswith(f"{name}.") else f"{name}.{code}"
        for name, module in MODULES.items()
        for code in getattr(module, "CODES", ())
    }


def written() -> set[str]:
    """Every code that has a table, those of any check aside."""
    return {
        f"{path.stem}.{what}"
        for path in FOLDER.glob("*.toml")
        if path.stem != ANY_CHECK
        for what in words_of(path.stem)
    }


def test_every_check_is_listed_and_names_its_codes() -> None:
    named = {check.name for check in CHECKS}
    assert named == set(MODULES)
    assert not [name for name, module in MODULES.items() if not getattr(module, "CODES", ())]


def test_every_code_has_words_and_all_words_have_a_code() -> None:
    assert sorted(codes() - written()) == []
    assert sorted(written() - codes()) == []


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.toml")), ids=lambda path: path.stem)
def test_both_languages_say_the_same(path: object) -> None:
    for what, entry in words_of(path.stem).items():  # type: ignore[attr-defined]
        assert set(entry) == set(LANGUAGES), what
        english, russian = (entry[lang] for lang in LANGUAGES)
        assert placeholders(english) == placeholders(russian), what
        assert len(english.steps) == len(russian.steps), what
        assert bool(english.text) == bool(russian.text), what
        assert bool(english.after) == bool(russian.after), what


def test_values_are_put_in_once_and_braces_of_values_stay() -> None:
    words = texts("run.closed", "en", {"check": "{seconds} %{i}"})
    assert words.title.startswith("The check {seconds} %{i} was not made")


def test_a_place_without_a_value_stays_to_be_seen() -> None:
    assert "{seconds}" in texts("run.unfinished", "ru", {}).title


def test_what_can_happen_to_any_check_is_said_with_its_name() -> None:
    assert texts("spf.crashed", "en", {}).title == "The check spf broke"
    assert texts("spf.crashed", "ru", {}).title == "Проверка spf сломалась"


@pytest.mark.parametrize(
    ("ttl_s", "words"),
    [(0, "1 min"), (300, "5 min"), (2931, "49 min"), (3600, "1 h"), (86_399, "1 d")],
)
def test_when_a_change_arrives_is_told_in_round_times(ttl_s: int, words: str) -> None:
    finding = found("mx.none", Verdict.FAIL, fix=Fix(effective_s=ttl_s))
    assert words in told(finding, "en").after


def test_nothing_is_said_of_when_a_change_arrives_if_nobody_knows() -> None:
    assert told(found("mx.none", Verdict.FAIL), "ru").after == ""


def test_a_code_of_another_version_is_shown_as_it_is() -> None:
    assert texts("spf.of_next_year", "en", {}).title == "spf.of_next_year"
    assert texts("../run.closed", "en", {}).title == "../run.closed"
