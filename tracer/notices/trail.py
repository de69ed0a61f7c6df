"""The way of a message by its Received headers (RFC 5321, 4.4), which any server may forge."""

from __future__ import annotations

import re

from tracer.model import SECOND_US
from tracer.notices.decode import header_text
from tracer.notices.fields import Fields, time_us
from tracer.notices.limits import MOST_HOPS
from tracer.notices.model import TrailHop

_BY = re.compile(r"(?:^|\s)by\s+([\w.-]{1,255})")
_FROM = re.compile(r"^from\s+\[?([^\s\[\]();]{1,255})\]?")
_IP = re.compile(r"\[(?:IPv6:)?([0-9A-Fa-f.:]{3,45})\]|\((?:[^()\s]{0,255} )?([\d.]{7,15})\)")
_WITH = re.compile(r"\swith\s+((?:Microsoft )?[A-Za-z0-9-]{1,30})")
_ID = re.compile(r"\sid\s+<?([\w.+/$-]{3,100})")
_COMMENT = re.compile(r"\([^()]{0,500}\)")
_FOR = re.compile(r"\sfor\s+<?([^\s<>;]{1,256}@[^\s<>;]{1,256})>?")


def read_trail(fields: Fields) -> tuple[TrailHop, ...]:
    """The hops of a message, oldest first, with the time that each one took."""
    hops: list[TrailHop] = []
    before_us: int | None = None
    for value in reversed(fields.all("received")[:MOST_HOPS]):
        told, _, stamp = header_text(value[:2000]).rpartition(";")
        at_us = time_us(stamp)
        known = at_us is not None and before_us is not None
        delay_s = (at_us - before_us) / SECOND_US if known else None  # type: ignore[operator]
        hops.append(_hop(told or stamp, at_us, delay_s))
        before_us = at_us if at_us is not None else before_us
    return tuple(hops)


def _hop(told: str, at_us: int | None, delay_s: float | None) -> TrailHop:
    client, by = _FROM.match(told), _BY.search(told)
    before_by = told[: by.start()] if by else told
    ip = _IP.search(before_by) if client else None
    plain = _COMMENT.sub(" ", _COMMENT.sub(" ", told))
    return TrailHop(
        by=by[1] if by else "",
        client=client[1] if client else "",
        ip=(ip[1] or ip[2]) if ip else "",
        protocol=_first(_WITH, plain),
        queue_id=_first(_ID, plain).rstrip("."),
        recipient=_first(_FOR, plain),
        at_us=at_us,
        delay_s=delay_s,
    )


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found[1] if found else ""
