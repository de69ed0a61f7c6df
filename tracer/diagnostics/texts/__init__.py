"""The words of findings: `texts/NAME.toml`, one table per code and language.

The table `[too_many_lookups.en]` of `spf.toml` has the words of `spf.too_many_lookups`. What
can happen to any check (`crashed`, `unfinished`, `closed`) stands once, in `run.toml`.
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from tracer.causes.words import duration
from tracer.diagnostics.model import Finding
from tracer.diagnostics.notes import noted_all
from tracer.errors import ConfigError

FOLDER = Path(__file__).parent
LANGUAGES = ("en", "ru")
ANY_CHECK = "run"
_PLACE = re.compile(r"(?<!%)\{(\w+)\}")  # %{i} is an SPF macro and stays


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What people read about a finding: what it is, what it means, what to do.

    `after` says what changes once that is done, and when.
    """

    title: str
    text: str = ""
    steps: tuple[str, ...] = ()
    after: str = ""


def texts(code: str, lang: str, params: Mapping[str, str | int | float]) -> Words:
    """The words of `check.what` in a language, English where there are none in that one.

    `{name}` is filled from `params`, `{check}` with the check's name; what they do not hold
    stays as it is. A code without words has itself as its title: a report from another
    version must still be shown.
    """
    check, _, what = code.partition(".")
    entry = words_of(check).get(what) or words_of(ANY_CHECK).get(what)
    if entry is None:
        return Words(title=code)
    words = entry.get(lang) or entry["en"]
    params = {"check": check, **noted_all(params, lang)}
    return Words(
        title=_filled(words.title, params),
        text=_filled(words.text, params),
        steps=tuple(_filled(step, params) for step in words.steps),
        after=_filled(words.after, params),
    )


def told(finding: Finding, lang: str) -> Words:
    """The words of a finding, with `{subject}` and `{effective}`, how long caches may keep what
    is there now; where nobody knows that, nothing is said of when a change arrives."""
    effective_s = finding.fix.effective_s if finding.fix else None
    known: dict[str, str | int | float] = {"subject": finding.subject}
    if effective_s is not None:
        known["effective"] = duration(lang, _rounded(effective_s))
    words = texts(finding.code, lang, known | finding.params)
    return msgspec.structs.replace(words, after="") if "{effective}" in words.after else words


@functools.cache
def words_of(name: str) -> Mapping[str, Mapping[str, Words]]:
    """The texts of one file: by code without the check's name, by language.

    Raises ConfigError with the file and the key that is wrong; empty if there is no file.
    """
    path = FOLDER / f"{name}.toml"
    if not name.isidentifier() or not path.is_file():
        return {}
    try:
        tables: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
        return msgspec.convert(tables, dict[str, dict[str, Words]])
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise ConfigError(f"{path.name}: {error}") from error


def placeholders(words: Words) -> frozenset[str]:
    """The names of params that the words want."""
    said = "\n".join((words.title, words.text, *words.steps, words.after))
    return frozenset(_PLACE.findall(said))


def _rounded(seconds: int) -> int:
    """Up to whole minutes, hours or days: what a cache has left is an odd number of seconds."""
    for unit_s in (86_400, 3600, 60):
        if seconds >= 2 * unit_s or seconds == unit_s:
            return -(-seconds // unit_s) * unit_s
    return 60


def _filled(template: str, params: Mapping[str, str | int | float]) -> str:
    """The text with its places filled once: braces in a value are not looked at."""
    return _PLACE.sub(lambda place: str(params.get(place[1], place[0])), template)
