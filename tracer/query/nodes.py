"""What a query is once it is read: a tree of conditions and a span of time.

Conditions compare by what they mean; `text` and `column` say where and how they were
typed, for showing them, and take no part in comparison.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

import msgspec

from tracer.errors import Phrase


class MatchKind(StrEnum):
    """How the text of a Match is compared with a stored value.

    Case never counts but in ids.
    """

    EXACT = "exact"
    PREFIX = "prefix"  # the value begins with it: "anna@"
    DOMAIN = "domain"  # the address is of this domain
    WILDCARD = "wildcard"  # the whole value (for domains too the whole address), * is anything
    TEXT = "text"  # the value contains it
    CIDR = "cidr"  # the address lies in this network


class Match(msgspec.Struct, frozen=True):
    """A value to look for.

    `text` is lower-case with A-labels for addresses, domains and host names; Message-IDs
    and queue ids keep their case and stand without < >. The null reverse-path is EXACT
    "<>". For the key tls it is "yes", "no", or the name the log uses ("TLSv1.3").
    """

    kind: MatchKind
    text: str


class Compare(msgspec.Struct, frozen=True):
    """A number to compare with: octets, seconds, attempts; for windows microseconds.

    `op` is one of > < >= <= =.
    """

    op: str
    value: float


Value: TypeAlias = Match | Compare


class Condition(msgspec.Struct, frozen=True, eq=False):
    """Base of the nodes, whose last two fields tell the place and take no part in comparison."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Condition) and _meaning(self) == _meaning(other)

    def __hash__(self) -> int:
        return hash(_meaning(self))


class Term(Condition, frozen=True, eq=False):
    """One condition: the field `key` has any of `values`: one or more; none for `since:all`."""

    key: str
    values: tuple[Value, ...]
    column: int = 1
    text: str = ""


class Not(Condition, frozen=True, eq=False):
    """Not `item`, which is itself no Not."""

    item: Node
    column: int = 1
    text: str = ""


class And(Condition, frozen=True, eq=False):
    """All of `items`, none of which is an And. `And(())` is everything."""

    items: tuple[Node, ...]
    column: int = 1
    text: str = ""


class Or(Condition, frozen=True, eq=False):
    """Any of `items`: two or more, none of which is an Or."""

    items: tuple[Node, ...]
    column: int = 1
    text: str = ""


Node: TypeAlias = Term | Not | And | Or


def _meaning(node: Condition) -> tuple[object, ...]:
    return (type(node), *(getattr(node, name) for name in node.__struct_fields__[:-2]))


EVERYTHING = And(())


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """Which deliveries are asked for.

    `since_us` is inclusive, `until_us` exclusive, None is open. `window` holds the terms
    last, since and until of the text, as comparisons of microseconds.
    """

    where: Node
    since_us: int | None
    until_us: int | None
    text: str
    hints: tuple[Phrase, ...] = ()
    window: tuple[Term, ...] = ()


def both(items: tuple[Node, ...], *, column: int = 1, text: str = "") -> Node:
    """All of the items as one node without And inside And."""
    flat: list[Node] = []
    for item in items:
        flat.extend(item.items if isinstance(item, And) else (item,))
    return flat[0] if len(flat) == 1 else And(tuple(flat), column, text)


def either(items: tuple[Node, ...], *, column: int = 1, text: str = "") -> Node:
    """Any of the items as one node without Or inside Or."""
    flat: list[Node] = []
    for item in items:
        flat.extend(item.items if isinstance(item, Or) else (item,))
    return flat[0] if len(flat) == 1 else Or(tuple(flat), column, text)


def any_of(items: Iterable[Node], *, column: int = 1, text: str = "") -> Node:
    """Any of the items, where conditions on the same key become one with all their values."""
    values: dict[str, dict[Value, None]] = {}
    others: list[Node] = []
    for item in items:
        if isinstance(item, Term) and item.key != "text":  # a comma in a text is a comma
            values.setdefault(item.key, {}).update(dict.fromkeys(item.values))
        else:
            others.append(item)
    terms = (Term(key, tuple(found), column, text) for key, found in values.items())
    return either((*terms, *others), column=column, text=text)


def negated(item: Node, *, column: int = 1, text: str = "") -> Node:
    """The opposite of an item; twice is the item again."""
    return item.item if isinstance(item, Not) else Not(item, column, text)
