"""Families of words: what a reply speaks of when it uses words that no phrase foresaw.

"Postfach ist voll", "boîte pleine" and "inbox full" speak of the families `mailbox` and
`full`; a rule's `families` names those that must meet in one sentence. Owns the words
(`lexicon/families.toml` lists them) and the finding of them. Pure; knows no cause.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

import msgspec

from tracer.errors import ConfigError

_SENTENCE_END = re.compile(r"[.!?;。；！](?=\s|$)|。|；|！| - | -- | \| |:(?=\s)")
_TOKEN = re.compile(r"(?:(?<!\w)(?:[cdjlmnst]|qu)')?([^\W_]+(?:['\-][^\W_]+)*)")  # l'adresse
_PLACE = re.compile(r"\S*://\S+|(?:[\w-]+\.){2,}[\w-]+\S*")  # names of places are no words
_LIST = re.compile(
    r"rbl|dnsbl|blackhole|black-?list|block-?list|spamhaus|spamcop|\bbl\b|\bsbl\b|\bxbl\b|\bpbl\b"
)
_DOMAIN_LIST = re.compile(r"\bdbl\b|uribl|surbl|rhsbl")
_PREFIX = "recipient address rejected:"  # Postfix's, before any reason whatever
_UNSPACED = re.compile("[\u0900-\u0e7f\u3040-\uffff]")  # where words are not parted, or oddly
# "您的IP地址": where another script begins, a word begins.
_SCRIPTS_MEET = re.compile("(?<=[\u3040-\u9fff])(?=[a-z0-9])|(?<=[a-z0-9])(?=[\u3040-\u9fff])")
_ARTICLES = frozenset({"a", "an", "the", "any", "been"})  # "not a valid" is "not valid"
_SHORT = 14  # words; a reply so short is one sentence whatever its punctuation
_KEPT = 8192  # words remembered
_LEAST = 3  # letters of the shortest beginning


class Family(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Words that say the same, and how much their presence says (1 little, 5 nearly all)."""

    weight: float
    words: str


class Needed(NamedTuple):
    """One entry of a rule's `families`: those that must be in a sentence and those that must not.

    `weight` is how much their meeting says: the sum of what each family weighs.
    """

    these: frozenset[str]
    without: frozenset[str]
    weight: float


class _Words(NamedTuple):
    whole: Mapping[str, tuple[str, ...]]
    beginnings: Mapping[str, tuple[str, ...]]
    pairs: Mapping[str, tuple[tuple[str, bool, str], ...]]  # first word: second, is beginning
    unspaced: tuple[tuple[str, str], ...]  # looked for anywhere


@cache
def families() -> Mapping[str, Family]:
    """Every family by name; read once. Raises ConfigError naming the file and the key."""
    path = Path(__file__).parent / "lexicon" / "families.toml"
    try:
        return msgspec.convert(tomllib.loads(path.read_text("utf-8")), dict[str, Family])
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ConfigError(f"{path.name}: {error}") from error


def needed(entry: str) -> Needed:
    """Read "mailbox full -sender". Raises KeyError naming a family that there is not."""
    names = entry.split()
    these = frozenset(name for name in names if not name.startswith("-"))
    without = frozenset(name[1:] for name in names if name.startswith("-"))
    known = families()
    for name in without:
        known[name]
    return Needed(these, without, sum(known[name].weight for name in these))


def spoken(text: str) -> tuple[dict[str, str], ...]:
    """For each sentence the families it speaks of, each with the first word that stood for it.

    `text` is in lower case, as `Heard.text`.
    """
    text = _PLACE.sub(_of_place, text).replace(_PREFIX, " ")
    if not text.isascii():
        text = _SCRIPTS_MEET.sub(" ", text)
    tokens = _tokens(text)
    if len(tokens) <= _SHORT:
        return (_found(text, tokens),)
    parts = [part for part in _SENTENCE_END.split(text) if part.strip()]
    return tuple(_found(part, _tokens(part)) for part in parts)


def _tokens(text: str) -> list[str]:
    return [token for token in _TOKEN.findall(text) if token not in _ARTICLES]


def _of_place(place: re.Match[str]) -> str:
    """What a name of a place says: only those of block lists say something."""
    if _DOMAIN_LIST.search(place[0]):
        return " blocklist url "
    return " blocklist ip " if _LIST.search(place[0]) else " "


def _found(part: str, tokens: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    pairs = _words().pairs
    for at, token in enumerate(tokens):
        for name in _families_of(token):
            found.setdefault(name, token)
        if token in pairs and at + 1 < len(tokens):
            for name in _after(pairs[token], tokens[at + 1]):
                found.setdefault(name, f"{token} {tokens[at + 1]}")
    if not part.isascii():
        for word, name in _words().unspaced:
            if word in part:
                found.setdefault(name, word)
    return found


def _after(pairs: tuple[tuple[str, bool, str], ...], second: str) -> Iterator[str]:
    for word, is_beginning, name in pairs:
        if second == word or (is_beginning and second.startswith(word)):
            yield name


@lru_cache(maxsize=_KEPT)
def _families_of(token: str) -> tuple[str, ...]:
    words = _words()
    names = list(words.whole.get(token, ()))
    for length in range(_LEAST, len(token) + 1):
        names += words.beginnings.get(token[:length], ())
    return tuple(names)


@cache
def _words() -> _Words:
    whole: dict[str, tuple[str, ...]] = {}
    beginnings: dict[str, tuple[str, ...]] = {}
    pairs: dict[str, tuple[tuple[str, bool, str], ...]] = {}
    unspaced: list[tuple[str, str]] = []
    for name, family in families().items():
        for entry in family.words.split():
            word, is_beginning = entry.rstrip("*"), entry.endswith("*")
            first, joined, second = word.partition("_")
            if _UNSPACED.match(word):
                unspaced.append((word, name))
            elif joined:
                pairs[first] = (*pairs.get(first, ()), (second, is_beginning, name))
            else:
                kind = beginnings if is_beginning else whole
                kind[word] = (*kind.get(word, ()), name)
    return _Words(whole, beginnings, pairs, tuple(unspaced))
