"""Say what is wrong with a text that the grammar refuses, where, and how to mend it."""

from __future__ import annotations

import re

from tracer.errors import InvalidQuery, Phrase
from tracer.query.keys import EXAMPLES, KEYS

_KEY_BEFORE = rf"(?i)(?:^|(?<=[\s(-]))({'|'.join(KEYS)}):$"
_IN_PARENTHESES = r"\(([^()]*)\)"
_JOINT = r"(?:OR|AND)(?![^\s()])"
_LAST_JOINT = r"(?:(?<=[\s()])|^)(OR|AND)$"
_QUOTED_OR_ONE = r'(?s)"(?:[^"\\]|\\.)*"?|.'


def explain(text: str, position: int) -> InvalidQuery:
    """The error for a text that cannot be read on at `position` (its length: it ends too soon)."""
    before, rest = text[:position].rstrip(), text[position:]
    if rest.startswith('"'):
        return _unclosed_quotation(text, position)
    if key := re.search(_KEY_BEFORE, before):
        return _after_key(key[1].lower(), rest, len(before))
    if before.endswith(","):
        message = Phrase("a value is missing after the comma")
        return _error(message, len(before), before.rpartition(" ")[2].rstrip(","))
    if rest.startswith(")"):
        return _closing(text, before, position)
    return _joint(text, before, rest, position)


def too_many_values(limit: int) -> Phrase:
    """The message for a query with more values than the store takes at once."""
    return Phrase(
        "a query holds at most %(limit)s values; "
        "search in parts, or use a domain or * for many at once",
        limit=limit,
    )


def _error(message: Phrase, position: int, suggestion: str = "") -> InvalidQuery:
    return InvalidQuery(message, column=position + 1, suggestion=suggestion)


def _unclosed_quotation(text: str, position: int) -> InvalidQuery:
    start = max(text.rfind(" ", 0, position), text.rfind("(", 0, position)) + 1
    typed = text[start:].rstrip()
    suggestion = f'{typed}"' if len(typed) > position - start + 1 else ""
    return _error(Phrase("this quotation mark is never closed"), position, suggestion)


def _after_key(key: str, rest: str, position: int) -> InvalidQuery:
    inside = re.match(_IN_PARENTHESES, rest)
    values = [word for word in inside[1].split() if word != "OR"] if inside else []
    if not values:
        message = Phrase("%(key)s: needs a value", key=key)
        return _error(message, position, f"{key}:{EXAMPLES[key]}")
    message = Phrase("several values of %(key)s: stand with commas, without parentheses", key=key)
    return _error(message, position, f"{key}:{','.join(values)}")


def _closing(text: str, before: str, position: int) -> InvalidQuery:
    if before.endswith("("):
        return _error(Phrase("nothing stands between these parentheses"), position)
    if joint := re.search(_LAST_JOINT, before):
        return _one_sided(joint[1], joint.start())
    return _error(Phrase("this ) has no ( before it"), position)


def _joint(text: str, before: str, rest: str, position: int) -> InvalidQuery:
    if joint := re.match(_JOINT, rest):
        return _one_sided(joint[0], position)
    if last := re.search(_LAST_JOINT, before):
        return _one_sided(last[1], last.start())
    unclosed = _unclosed(text)
    if unclosed is not None and not rest:
        typed = text[unclosed:].rstrip()
        return _error(
            Phrase("this ( is never closed"), unclosed, f"{typed})" if typed != "(" else ""
        )
    return _error(Phrase("something to look for is missing here"), position)


def _one_sided(joint: str, position: int) -> InvalidQuery:
    return _error(Phrase("%(joint)s needs something on both sides", joint=joint), position)


def _unclosed(text: str) -> int | None:
    """The place of the last ( that no ) closes; None if every one is closed."""
    still_open: list[int] = []
    for piece in re.finditer(_QUOTED_OR_ONE, text):
        if piece[0] == "(":
            still_open.append(piece.start())
        elif piece[0] == ")" and still_open:
            still_open.pop()
    return still_open[-1] if still_open else None
