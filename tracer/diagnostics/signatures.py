"""DKIM signatures that mail filters tell of in their log lines: selector and domain. Pure.

Only those count that a filter made itself or found to hold: a stranger can sign with any
name, and a key that never stood anywhere must not be called missing. Sources: OpenDKIM's
opendkim/opendkim.c; rspamd's symbols DKIM_SIGNED and R_DKIM_ALLOW (lualib/dkim_tools.lua,
plugins/dkim_check.c); `dkim_sd=` and `dkim_new=` of amavis' `$log_templ`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple


class Signature(NamedTuple):
    """The key that a signature names: `SELECTOR._domainkey.DOMAIN`, both in lower case."""

    selector: str
    domain: str


Said = tuple[str, str]
"""A log line: its program and its text."""

_NAME = r"[A-Za-z0-9_](?:[\w.-]{0,250}[A-Za-z0-9])?"
_MADE = re.compile(rf"\w+:? DKIM-Signature field added \(s=({_NAME}), d=({_NAME})\)", re.A)
_CHECKED = re.compile(rf"\w+:? s=({_NAME}) d=({_NAME})(?: a=[\w-]+)? SSL ?", re.A)
_HOLDS = re.compile(r"\w+:? DKIM verification successful", re.A)
_SYMBOL = re.compile(r"[,\[](DKIM_SIGNED|R_DKIM_ALLOW)\([-\d.]+\)\{([^}]*)\}", re.A)
_OPTION = re.compile(rf"({_NAME}):s=({_NAME})", re.A)
_AMAVIS = re.compile(rf"({_NAME}):({_NAME})", re.A)


def signatures(lines: Iterable[Said]) -> Iterator[Signature]:
    """The good signatures of one message, as its lines tell them; one may come twice."""
    by_opendkim: list[str] = []
    for program, text in lines:
        if program in ("opendkim", "dkim-filter"):
            by_opendkim.append(text)
        elif program in ("rspamd", ""):
            yield from _by_rspamd(text)
        elif program.startswith("amavis"):
            yield from _by_amavis(text)
    yield from _by_opendkim(by_opendkim)


def _by_opendkim(texts: Sequence[str]) -> Iterator[Signature]:
    """What it added; what it checked where it says that this held, and no error behind it."""
    holds = any(_HOLDS.fullmatch(text) for text in texts)
    for text in texts:
        found = _MADE.fullmatch(text) or (_CHECKED.fullmatch(text) if holds else None)
        if found:
            yield _signature(found[1], found[2])


def _by_rspamd(text: str) -> Iterator[Signature]:
    """`[R_DKIM_ALLOW(-0.20){shop.example:s=s1;promo.example:s=s2;},…`.

    A symbol stands once. Seen twice, one of them was put there by what a stranger wrote.
    """
    for symbol, options in _SYMBOL.findall(text):
        if text.count(f"{symbol}(") != 1:
            continue
        for option in options.split(";"):
            if found := _OPTION.fullmatch(option):
                yield _signature(found[2], found[1])


def _by_amavis(text: str) -> Iterator[Signature]:
    """`…, dkim_sd=s1:shop.example,s2:promo.example, dkim_new=mail:corp.example, 345 ms`.

    Nothing that a stranger words stands behind them, so their last mention counts.
    """
    for key in (", dkim_sd=", ", dkim_new="):
        _, met, rest = text.rpartition(key)
        for one in rest.partition(", ")[0].split(",") if met else ():
            if found := _AMAVIS.fullmatch(one):
                yield _signature(found[1], found[2])


def _signature(selector: str, domain: str) -> Signature:
    return Signature(selector.lower(), domain.lower())
