"""Read any text: a query, or something pasted that is none."""

from __future__ import annotations

from collections.abc import Iterable

from tracer.errors import InvalidQuery, Phrase
from tracer.query import mistakes, paste
from tracer.query.nodes import EVERYTHING, Node, Term, any_of
from tracer.query.parse import MAX_VALUES, Reading, read_line
from tracer.query.values import read_values

MAX_LENGTH = 20_000
# Line ends other than \n and \r, and what no database or eye takes: spaces of one column.
_BLANKS = dict.fromkeys(
    (0x00, 0x0B, 0x0C, 0x1C, 0x1D, 0x1E, 0x85, 0x200B, 0x2028, 0x2029, 0xFEFF), " "
)


def read(text: str) -> Reading:
    """The conditions, window terms and hints of a query text or of something pasted.

    Several lines are alternatives; headers give their Message-IDs; what a mail program
    copies from its address field gives the addresses. Raises InvalidQuery with the column
    counted over the whole text, and nothing else for any text.
    """
    plain = clean(text)
    if ids := paste.message_ids(plain):
        return _pasted("msgid", (f"<{each}>" for each in ids))
    if len(plain) > MAX_LENGTH:
        raise InvalidQuery(
            Phrase(
                "a query has at most %(limit)s characters; search in parts", limit=f"{MAX_LENGTH:,}"
            )
        )
    if addresses := paste.mailboxes(plain):
        return _pasted("addr", addresses)
    if len(plain.split("\n")) > 1 or "\r" in plain:
        paste.refuse_headers(plain)
        return _read_lines(plain)
    return read_line(plain)


def clean(text: str) -> str:
    """The text with its columns kept and without what no database or encoding can hold."""
    return text.encode(errors="replace").decode().translate(_BLANKS)


def _pasted(key: str, texts: Iterable[str]) -> Reading:
    values = [value for text in texts for value in read_values(key, text)]
    if len(values) > MAX_VALUES:
        raise InvalidQuery(mistakes.too_many_values(MAX_VALUES))
    return Reading(Term(key, tuple(dict.fromkeys(values))), pasted=True)


def _read_lines(text: str) -> Reading:
    found = Reading()
    nodes: list[Node] = []
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) > MAX_VALUES:
        raise InvalidQuery(mistakes.too_many_values(MAX_VALUES))
    offset = 0
    for line in text.splitlines(keepends=True):
        if line.strip():
            one = read_line(line, offset=offset, is_alternative=len(lines) > 1)
            nodes.append(one.where)
            found.window += one.window
            found.hints += [hint for hint in one.hints if hint not in found.hints]
        offset += len(line)
    found.pasted = len(lines) > 1
    found.where = any_of(nodes, text=text.strip()) if nodes else EVERYTHING
    _limit(found.where)
    return found


def _limit(node: Node) -> None:
    items = (node,) if isinstance(node, Term) else getattr(node, "items", ())
    if sum(len(item.values) if isinstance(item, Term) else 1 for item in items) > MAX_VALUES:
        raise InvalidQuery(mistakes.too_many_values(MAX_VALUES))
