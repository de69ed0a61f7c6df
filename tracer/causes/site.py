"""A site's own rules: files in `causes.d` that add to our causes, or are causes of their own.

A file whose `id` is one of ours may hold `[[match]]`, `[[example]]` and `[[not_example]]`:
they are added. A file with another `id` is a whole cause, written like ours. Whether the
rules are any good is proven by `tracer.site_rules`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from tracer.causes.catalog import Cause, Example, Rule, check, check_rules, read_file
from tracer.errors import ConfigError

_ID = re.compile(r"[a-z][a-z0-9_]*")


class Addition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a site's file adds to a cause that exists."""

    id: str
    match: tuple[Rule, ...]
    example: tuple[Example, ...]
    not_example: tuple[Example, ...] = ()


class SiteFile(NamedTuple):
    """One file: what it is called, its text, and what it holds."""

    name: str
    text: str
    content: Cause | Addition

    def line(self, table: str, number: int) -> str:
        """Like "causes.d/x.toml:12", where the `number`th [[table]] stands; from 1."""
        heads = re.finditer(rf"^\s*\[\[\s*{table}\s*\]\]", self.text, re.MULTILINE)
        found = [self.text.count("\n", 0, head.end()) + 1 for head in heads]
        return f"{self.name}:{found[number - 1]}" if number <= len(found) else self.name


def read_site(folder: Path, ours: Mapping[str, Cause]) -> tuple[SiteFile, ...]:
    """The files of a site's folder, causes of its own first; none where there is no folder.

    Raises ConfigError naming the file and the key or the line.
    """
    read = [
        read_text(f"{folder.name}/{path.name}", _content(path), ours)
        for path in sorted(folder.glob("*.toml"))
    ]
    return tuple(sorted(read, key=lambda file: isinstance(file.content, Addition)))


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}.") from error


def read_text(name: str, content: bytes, ours: Mapping[str, Cause]) -> SiteFile:
    """One file of a site. Raises ConfigError naming the file and the key or the line."""
    is_addition = _id(content) in ours
    held: Cause | Addition = _addition(name, content) if is_addition else _own(name, content)
    return SiteFile(name, content.decode("utf-8"), held)


def _id(content: bytes) -> object:
    try:
        return tomllib.loads(content.decode("utf-8")).get("id")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        return None  # told by whoever reads the rest


def _addition(name: str, content: bytes) -> Addition:
    try:
        added = read_file(name, content, Addition)
    except ConfigError as error:
        if "unknown field" not in str(error):
            raise
        raise ConfigError(
            f"{error}. To one of our causes a file may add match, example and not_example only; "
            "for other texts write a cause of your own under another `id`."
        ) from error
    check_rules(name, added.match)
    _ask_for_proof(name, added)
    return added


def _own(name: str, content: bytes) -> Cause:
    cause = read_file(name, content, Cause)
    if not _ID.fullmatch(cause.id):
        raise ConfigError(f"{name}: `id` is {cause.id!r}; write small letters, digits and _")
    check(name, cause)
    _ask_for_proof(name, cause)
    return cause


def _ask_for_proof(name: str, held: Cause | Addition) -> None:
    if not held.match:
        raise ConfigError(f"{name}: there is no [[match]]; write how the reply is recognised")
    if not held.example:
        raise ConfigError(f"{name}: there is no [[example]]; write a reply that proves the rule")


def merged(ours: Mapping[str, Cause], files: Sequence[SiteFile]) -> dict[str, Cause]:
    """Our causes with what a site's files add. Raises ConfigError for an id that comes twice."""
    causes = dict(ours)
    for file in files:
        held = file.content
        known = causes.get(held.id)
        if isinstance(held, Cause):
            if known:
                raise ConfigError(f"{file.name}: `id` {held.id!r} is taken; write another one")
            causes[held.id] = held
        elif known:
            causes[held.id] = msgspec.structs.replace(
                known,
                match=(*known.match, *held.match),
                example=(*known.example, *held.example),
                not_example=(*known.not_example, *held.not_example),
            )
    return causes
