"""Lines without what stands beside them: `{queue_id}: to=<{recipient_0}>, relay=…`.

A log repeats the same few sentences around a message's own names. With the names taken out,
which the file holds in columns of their own, the lines of a day shrink to a quarter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

NAMES = ("queue_id", "message_id", "sender", "client", "helo", "subject")
RECIPIENTS = 9  # of one hop that are taken out; a list of thousands would take long
SHORTEST = 4  # characters; what is shorter stands in many words


def values(rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """What is taken out of a hop's lines, by the name put in its place; `rows` are the hop's."""
    first = rows[0]
    found = {"{queue_id}": first["queue_id"], "{message_id}": first["message_id"]}
    found |= {
        f"{{recipient_{n}}}": row["recipient"] or "" for n, row in enumerate(rows[:RECIPIENTS])
    }
    found |= {f"{{{name}}}": first[name] for name in NAMES[2:]}
    return {name: value for name, value in found.items() if len(value) >= SHORTEST}


def taken_out(texts: Sequence[str], told: Mapping[str, str]) -> list[str] | None:
    """The texts with names for values; None where they could not be put back."""
    cut = []
    for text in texts:
        short = text
        for name, value in told.items():
            short = short.replace(value, name)
        if put_back(short, told) != text:
            return None
        cut.append(short)
    return cut


def put_back(text: str, told: Mapping[str, str]) -> str:
    """The text with values for names."""
    if "{" in text:
        for name, value in told.items():
            text = text.replace(name, value)
    return text
