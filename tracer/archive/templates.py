"""Lines without what stands beside them: `{queue_id}: to=<{recipient_0}>, relay={relay_0}, …`.

A log repeats the same few sentences around a message's own names. With the names taken out,
which the file holds in columns of their own, and the numbers put into a list, a few hundred
sentences are left of a day, and its lines shrink to an eighth.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

NAMES = ("queue_id", "message_id", "sender", "client", "helo", "subject")
RECIPIENTS = 9  # of one hop that are taken out; a list of thousands would take long
SHORTEST = 4  # characters; what is shorter stands in many words
_NUMBER = re.compile(r"(?<=[=/])\d+(?:\.\d+)?(?=[,/ ])")
_PLACE = "{}"  # of a number


class Template(msgspec.Struct, frozen=True):
    """Lines of a hop with names for values, and the numbers that stood at `{}`, in order."""

    texts: list[str]
    numbers: list[str]


def values(rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """What is taken out of a hop's lines, by the name put in its place; `rows` are the hop's."""
    told = {name: value for name, value in _of_replies(rows[:RECIPIENTS]) if value}
    size = rows[0]["size"]
    if size is not None:
        told["size={size},"] = f"size={size},"
    return told | names(rows)


def _of_replies(rows: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Longest first: a reply may name what follows."""
    for n, row in enumerate(rows):
        yield f"({{reply_{n}}})", f"({row['reply']})" if row.get("reply") else ""
    for n, row in enumerate(rows):
        yield f"relay={{relay_{n}}},", f"relay={row['relay']}," if row.get("relay") else ""
        delay = row.get("delay_s")
        yield f"delay={{delay_{n}}},", "" if delay is None else f"delay={delay:g},"
    for name in ("from_queue_id", "notice_queue_id"):
        for queue_id in rows[0][f"{name}s"][:1]:
            yield f"{{{name}}}", queue_id


def names(rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The same as files have it that an earlier version wrote."""
    first = rows[0]
    found = {"{queue_id}": first["queue_id"], "{message_id}": first["message_id"]}
    found |= {
        f"{{recipient_{n}}}": row["recipient"] or "" for n, row in enumerate(rows[:RECIPIENTS])
    }
    found |= {f"{{{name}}}": first[name] for name in NAMES[2:]}
    return {name: value for name, value in found.items() if len(value) >= SHORTEST}


def taken_out(texts: Sequence[str], told: Mapping[str, str]) -> Template | None:
    """The texts as a template; None where they could not be put back."""
    cut: list[str] = []
    numbers: list[str] = []
    for text in texts:
        short = text
        for name, value in told.items():
            short = short.replace(value, name)
        numbers += _NUMBER.findall(short)
        cut.append(_NUMBER.sub(_PLACE, short))
    template = Template(cut, numbers)
    return template if put_back(template, told) == list(texts) else None


def put_back(template: Template, told: Mapping[str, str]) -> list[str]:
    """The texts with values for names, and the numbers at their places."""
    left, backwards = iter(template.numbers), dict(reversed(list(told.items())))
    found = []
    for text in template.texts:
        first, *parts = text.split(_PLACE)
        whole = first + "".join([next(left, "") + part for part in parts])
        found.append(named(whole, backwards))
    return found


def named(text: str, told: Mapping[str, str]) -> str:
    """The text with values for names."""
    if "{" in text:
        for name, value in told.items():
            text = text.replace(name, value)
    return text
