"""Write nodes as query text, and add a condition to a text: what links are made of."""

from __future__ import annotations

import re

from tracer.errors import InvalidQuery
from tracer.model import FAILED
from tracer.query.blocks import clean, read
from tracer.query.grammar import VALUE_PATTERN
from tracer.query.keys import WINDOW_KEYS
from tracer.query.nodes import And, Compare, Match, Node, Not, Or, Term, Value
from tracer.query.parse import Reading
from tracer.query.values import read_values

_UNITS: dict[str, tuple[tuple[str, int], ...]] = {
    "size": (("G", 1 << 30), ("M", 1 << 20), ("K", 1 << 10)),
    "delay": (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)),
}
_ONE_VALUE = "(?s)" + VALUE_PATTERN
_LINE_ENDS = r"[\r\n]+"
_EVERY_FAILURE = frozenset(outcome.value for outcome in FAILED)
_OPENING = ("“", "«")  # a later condition may hold what closes them
_JOINING = (*_OPENING, ",")  # at the beginning: a comma goes on with the condition before
_BEGINNINGS = frozenset({"last", "since"})


def unparse(node: Node) -> str:
    """A query text that reads as this node again; `""` for everything."""
    match node:
        case Term():
            return _term(node)
        case Not():
            return f"-{_enclosed(node.item)}"
        case And():
            return " ".join(_alternatives_enclosed(item) for item in node.items)
        case Or():
            return " OR ".join(unparse(item) for item in node.items)


def with_term(query_text: str, key: str, value: str) -> str:
    """The query text with one more condition, which every delivery must fulfil.

    `value` is a stored value, and is quoted where it would be read as anything else;
    for `last since until status dir code tls ip size delay attempts` it is what a person
    would type. A condition that is there already is not added again; a beginning or an
    end in time replaces the one before. Raises InvalidQuery if either cannot be read.
    """
    added = f"{key}:{_typed_value(key, value)}"
    reading = read(query_text)
    if key in WINDOW_KEYS:
        return _with_window(query_text, reading, key, added)
    where = reading.where
    if read(added).where in (where.items if isinstance(where, And) else (where,)):
        return clean(query_text).strip()
    return f"{_conjoinable(query_text, reading)} {added}".strip()


def _with_window(query_text: str, reading: Reading, key: str, added: str) -> str:
    replaced = _BEGINNINGS if key in _BEGINNINGS else {key}
    kept = [term for term in reading.window if term.key not in replaced]
    if len(kept) == len(reading.window):
        return f"{_conjoinable(query_text, reading)} {added}".strip()
    typed = (_alternatives_enclosed(reading.where), *(term.text for term in kept), added)
    return " ".join(filter(None, typed))


def _conjoinable(query_text: str, reading: Reading) -> str:
    """The text in a form that another condition may follow."""
    is_open = any(mark in query_text.lower() for mark in (*_OPENING, "message-id:"))
    if not (reading.pasted or is_open or isinstance(reading.where, Or)):
        return clean(query_text).strip()
    return " ".join(
        (_alternatives_enclosed(reading.where), *(term.text for term in reading.window))
    )


def _enclosed(node: Node) -> str:
    return f"({unparse(node)})" if isinstance(node, And | Or) else unparse(node)


def _alternatives_enclosed(node: Node) -> str:
    return _enclosed(node) if isinstance(node, Or) else unparse(node)


def _term(term: Term) -> str:
    if term.key == "text" and len(term.values) == 1 and (bare := _bare(term)):
        return bare
    if term.key == "status" and {_text(value) for value in term.values} == _EVERY_FAILURE:
        return "status:failed"
    return f"{term.key}:{','.join(_value(term.key, value) for value in term.values)}"


def _text(value: Value) -> str:
    return value.text if isinstance(value, Match) else ""


def _bare(term: Term) -> str:
    """Free text without its key, quoted if need be; `""` if it would read as anything else."""
    text = _text(term.values[0])
    candidates = [text, _quoted(text)]
    if ":" in text or text.startswith(_JOINING):
        candidates.reverse()
    for candidate in filter(str.strip, candidates):
        try:
            reading = read(candidate)
        except InvalidQuery:
            continue
        if reading.where == term:
            return candidate
    return ""


def _value(key: str, value: Value) -> str:
    if isinstance(value, Compare):
        return _comparison(key, value)
    quoted = _quoted(value.text)
    candidates = [value.text, f"@{value.text}", quoted]
    if value.text.startswith(_OPENING):
        candidates.reverse()
    return next((text for text in candidates if _reads_as(key, text, value)), quoted)


def _reads_as(key: str, candidate: str, value: Value) -> bool:
    token = re.match(_ONE_VALUE, candidate)
    if token is None or token.end() != len(candidate):
        return False
    try:
        return read_values(key, candidate) == (value,)
    except InvalidQuery:
        return False


def _comparison(key: str, compare: Compare) -> str:
    operator = "" if compare.op == "=" else compare.op
    for unit, factor in _UNITS.get(key, ()):
        if compare.value and compare.value % factor == 0:
            return f"{operator}{int(compare.value) // factor}{unit}"
    return f"{operator}{compare.value:.15g}"


def _quoted(text: str) -> str:
    plain = re.sub(_LINE_ENDS, " ", clean(text)).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{plain}"'


def _typed_value(key: str, value: str) -> str:
    quoted = _quoted(value)
    if key in WINDOW_KEYS:
        return quoted if " " in value else value
    value = clean(value)
    meant = read_values(key, quoted)
    return value if len(meant) > 1 or _reads_as(key, value, meant[0]) else quoted
