"""What Citus refuses in a statement over spread tables (docs.citusdata.com, "SQL Support and
Workarounds", version 11.3), looked for in the statements that were really sent."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import count

from tracer.store.citus import SPREAD_BY

_SPREAD = "|".join(SPREAD_BY)
_NAMED = re.compile(
    rf"\b(?:FROM|JOIN|USING|UPDATE|INTO|,)\s+({_SPREAD})_\d{{8}}\b(?:\s+(?:AS\s+)?"
    r"(?!(?:ON|WHERE|SET|CROSS|JOIN|ORDER|GROUP|LIMIT|USING|UNION|LEFT)\b)([a-z]\w*))?",
    re.IGNORECASE,
)
_SAME = re.compile(r"\b(?:(\w+)\.)?\"?(hop_id|block)\"? = (\w+)\.\"?(hop_id|block)\"?")
# A membership is a join by equal columns to Citus too.
_WITHIN = re.compile(r"\((\w+)\.(hop_id), \w+\.n\) IN \(SELECT (\w+)\.(hop_id), ")
_NEVER = {
    r"\bFOR (UPDATE|SHARE)\b": "rows of several shards cannot be locked",
    r"\bTABLESAMPLE\b": "no samples",
    r"\bWITH RECURSIVE\b": "no recursion",
    r"\b(GROUPING SETS|CUBE|ROLLUP)\b": "no grouping sets",
    r"\bSET \"?(hop_id|block)\"? =": "the column that a table is spread by never changes",
    r"\b(LEFT|RIGHT|FULL)\b.*\bJOIN\b": "outer joins depend on what is spread",
}  # fmt: skip


def faults(statement: str) -> Iterator[str]:
    """What is wrong with a statement; nothing where it names no spread table."""
    names = list(_NAMED.finditer(statement))
    if not names:
        return
    for pattern, why in _NEVER.items():
        if re.search(pattern, statement, re.IGNORECASE | re.DOTALL):
            yield why
    for scope in _scopes(statement):
        numbers = count()
        aliases = [match[2] or f"unnamed{next(numbers)}" for match in _NAMED.finditer(scope)]
        if not _are_joined(aliases, scope):
            yield f"tables that are not joined by what they are spread by: {', '.join(aliases)}"


def _scopes(statement: str) -> list[str]:
    """The statement's parts at each side of UNION, subqueries left in: what they name is joined to
    what is around them, or stands alone."""
    return re.split(r"\bUNION(?: ALL)?\b", statement)


def _are_joined(aliases: list[str], text: str) -> bool:
    """Whether one gets from each table to each other by equal columns."""
    if len(aliases) < 2:
        return True
    near: dict[str, set[str]] = {}
    numbers = count()
    for one, column, other, same in (*_SAME.findall(text), *_WITHIN.findall(text)):
        one = one or f"unnamed{next(numbers)}"  # a subquery on the one table it names
        if column == same:
            near.setdefault(one, set()).add(other)
            near.setdefault(other, set()).add(one)
    seen, ahead = set[str](), [aliases[0]]
    while ahead:
        if (here := ahead.pop()) not in seen:
            seen.add(here)
            ahead += near.get(here, ())
    return seen.issuperset(aliases)
