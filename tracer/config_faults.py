"""What to say when a setting is wrong: the key, where it stands, what to write instead."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tracer.errors import ConfigError

Place = tuple[str | int, ...]  # ("source", 0, "path")

_WANTED = (  # pydantic's error types, the longer name first
    ("missing", "is missing"),
    ("string_type", "must be text, in quotes"),
    ("int_", "must be a whole number"),
    ("float_", "must be a number"),
    ("path_type", "must be a path, in quotes"),
    ("tuple_type", "must be written as [[source]] tables"),
    ("dataclass_type", "must be a table with keys of its own"),
)
_UNKNOWN = {"extra_forbidden", "unexpected_keyword_argument"}  # of a model, of a dataclass
_HEADER = re.compile(r"\s*\[(\[?)\s*([^\[\]]+?)\s*\]")
_KEY = re.compile(r"""\s*([\w."'-]+?)\s*=""")


class Misplaced(ConfigError):
    """A setting that only those who use it find wrong; who knows the file says where it stands."""

    def __init__(self, place: Place, problem: str) -> None:
        super().__init__(f"{key_of(place)} {problem}.")
        self.place = place
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Given:
    """What the administrator wrote: the file's text and values, and the environment."""

    file: Path | None
    text: str
    values: Mapping[str, Any]
    environment: Mapping[str, str]  # by full name
    places: Set[str]  # every known key, "store.url"

    def fault(self, place: Place, problem: str) -> str:
        """One line: where, which key, what is wrong with it."""
        return f"{self.where(place)}: {key_of(place)} {problem}."

    def where(self, place: Place) -> str:
        """`MAILTRACER_STORE__URL`, or `config.toml:12`; lines count from 1."""
        variable = "MAILTRACER_" + "__".join(map(str, place)).upper()
        whole = f"MAILTRACER_{place[0]}".upper()
        for name in (variable, whole):
            if name in self.environment:
                return name
        return f"{self.file}:{line_of(self.text, place)}"

    def faults(self, errors: Iterable[Mapping[str, Any]]) -> ConfigError:
        """All of pydantic's errors as one ConfigError, a line each."""
        return ConfigError("\n".join(self._worded(error) for error in errors))

    def _worded(self, error: Mapping[str, Any]) -> str:
        place: Place = error["loc"]
        if error["type"] in _UNKNOWN:
            meant = nearest(key_of(place), self.places)
            return f"{self.where(place)}: {key_of(place)} is not a setting.{meant}"
        return self.fault(place, _problem(error))


def _problem(error: Mapping[str, Any]) -> str:
    told, value = error["type"], error["input"]
    if told == "tuple_type" and len(error["loc"]) > 1:
        return f'must be a list, like ["a", "b"], not {value!r}'
    if told == "literal_error":
        return f"must be {error['ctx']['expected']}, not {value!r}"
    for start, wanted in _WANTED:
        if told.startswith(start):
            return wanted if isinstance(value, dict | list) else f"{wanted}, not {value!r}"
    return f"cannot be used: {error['msg']}"


def key_of(place: Place) -> str:
    """The key as a person writes it: `store.live_days`; tables in a list are passed over."""
    return ".".join(part for part in place if isinstance(part, str))


def nearest(key: str, known: Collection[str]) -> str:
    """` Did you mean store.live_days?`, or nothing if no known key is near."""
    from difflib import get_close_matches

    found = get_close_matches(key, sorted(known), n=1)
    return f" Did you mean {found[0]}?" if found else ""


def line_of(text: str, place: Place) -> int:
    """The line, from 1, where the file says what stands at `place`, or the nearest table."""
    table: Place = ()
    tables: Counter[str] = Counter()
    deepest, found = 0, 1
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            here = table = _table(header, tables)
        elif key := _KEY.match(line):
            here = (*table, *_parts(key[1]))
        else:
            continue
        if len(here) > deepest and place[: len(here)] == here:
            deepest, found = len(here), number
    return found


def _table(header: re.Match[str], tables: Counter[str]) -> Place:
    """`[store]` is ("store",); the second `[[source]]` is ("source", 1)."""
    name = header[2]
    if not header[1]:
        return _parts(name)
    tables[name] += 1
    return (*_parts(name), tables[name] - 1)


def _parts(name: str) -> Place:
    return tuple(part.strip(" \"'") for part in name.split("."))
