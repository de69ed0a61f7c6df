"""What a file format of exports is; the formats themselves stand in a file each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from tracer.exports.columns import Column


class Out(Protocol):
    """Where octets go: forwards only, counted and hashed on the way."""

    def write(self, octets: bytes, /) -> int:
        """Take these octets."""


class Sheet(Protocol):
    """A file in the making."""

    def add(self, columns: Sequence[Sequence[Any]]) -> None:
        """Write some rows, given by column."""

    def close(self) -> None:
        """Write what comes last; the file is whole then."""


@dataclass(frozen=True, slots=True)
class Style:
    """How to write: `exact` changes no cell for the sake of spreadsheets; `lang` is theirs."""

    exact: bool = False
    lang: str = "en"
    folder: str | None = None  # for what a format must keep aside while it writes


@dataclass(frozen=True, slots=True)
class Format:
    """One file format; `open` writes what comes first."""

    name: str  # the word of `--format`
    title: str  # for people; a name, hence not translated
    suffix: str
    mimetype: str
    open: Callable[[Out, Sequence[Column], Style], Sheet]
    rows_per_s: int  # on a small server, until jobs have told better
    is_text: bool = False  # can be sent while it is made
