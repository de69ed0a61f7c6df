"""Teaching: from one reply that nobody recognised to a rule file for a site's `causes.d`. Pure.

What differs from message to message (names, addresses, numbers) must not get into the rule:
the words are taken from the reply as rules hear it, and so is the example that proves it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from tracer.causes.catalog import Example
from tracer.causes.heard import cut, hear

LONGEST = 90  # characters of suggested words
_CUT = re.compile(r"\S*[@#/]\S*|\bloopback\b|\S*\d\S*|https?:\S*")
_EDGES = " .,;:!?()[]{}<>\"'-*=|"
_NAME = re.compile(r"[a-z0-9]+")
_NAME_WORDS = 5


def heard_words(example: Example) -> str:
    """A reply as rules hear it: lower case, single spaces, names and numbers cut out."""
    return hear(cut(example.reply), example.status, example.command, example.program).text


def suggested(example: Example) -> str:
    """The words that most likely decide: the longest stretch without a name or a number."""
    stretches = (piece.strip(_EDGES) for piece in _CUT.split(heard_words(example)))
    longest = max(stretches, key=_letters, default="")
    if len(longest) <= LONGEST:
        return longest
    return longest[:LONGEST].rpartition(" ")[0].strip(_EDGES)


def _letters(words: str) -> int:
    return sum(letter.isalpha() for letter in words)


def as_heard(words: str) -> str:
    """Words that a person typed, as a rule must have them to hold."""
    return " ".join(words.lower().replace("’", "'").split())


def rule_file(cause: str, words: Sequence[str], example: Example) -> str:
    """A file that gives replies with any of these words a cause, with the example as proof."""
    given = {
        "reply": cut(" ".join(example.reply.split())),
        "status": example.status,
        "command": example.command,
        "program": example.program,
        "outcome": example.outcome,
    }
    lines = [
        f"id = {_text(cause)}",
        "",
        "[[match]]",
        'level = "phrase"',
        f"text = [{', '.join(map(_text, words))}]",
        "",
        "[[example]]",
        *(f"{key} = {_text(value)}" for key, value in given.items() if value),
    ]
    return "\n".join(lines) + "\n"


def file_name(cause: str, words: str) -> str:
    """A name for such a file, without .toml: the cause and the first of its words."""
    said = _NAME.findall(words.lower())[:_NAME_WORDS]
    return "-".join([cause.replace("_", "-"), *said])[:80]


def _text(value: str) -> str:
    """A TOML basic string, which is a JSON one but for DEL (TOML 1.0, String)."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
