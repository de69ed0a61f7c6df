"""Reading the plainest of POSTs without a server's help.

Nearly all webhooks are one head of ordinary letters and a body whose length it gives. Only
such a request is read here; anything that needs a second look (RFC 9112 leaves many) is left,
untouched, to gunicorn's parser, which knows every trap.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

LONGEST_HEAD = 8 * 1024
MOST_HEADERS = 60
_ODD = re.compile(rb"[^\t\r\n\x20-\x7e]|\r(?!\n)|(?<!\r)\n")
_TARGET = re.compile(r"(/[A-Za-z0-9/_.~-]*)(?:\?([!-\"$-~]*))?")
_NAME = re.compile(r"[a-z0-9-]+")
_LENGTH = re.compile(r"[0-9]{1,9}")
_NEEDS_MORE = frozenset({"transfer-encoding", "expect", "upgrade", "te", "trailer"})
_LASTS = {("HTTP/1.1", ""), ("HTTP/1.1", "keep-alive"), ("HTTP/1.0", "keep-alive")}
_ENDS = {("HTTP/1.1", "close"), ("HTTP/1.0", "close"), ("HTTP/1.0", "")}


@dataclass(frozen=True, slots=True)
class PlainPost:
    """A POST that is whole; header names in lower case, each once."""

    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    is_last: bool  # the sender wants the connection closed after the answer


def plain_post(came: bytes) -> PlainPost | None:
    """The one request that these octets are; None if they are not exactly one plain POST."""
    head, end, body = came.partition(b"\r\n\r\n")
    if not end or len(head) > LONGEST_HEAD or _ODD.search(head):
        return None
    first, *rest = head.decode("ascii").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or words[0] != "POST":
        return None
    target, headers = _TARGET.fullmatch(words[1]), _headers(rest)
    if target is None or headers is None or not _is_of(headers, body):
        return None
    manner = words[2], headers.get("connection", "").lower()
    if manner not in _LASTS and manner not in _ENDS:
        return None
    return PlainPost(target[1], target[2] or "", headers, body, manner in _ENDS)


def _headers(lines: list[str]) -> dict[str, str] | None:
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        name = name.lower()
        if not colon or name in headers or not _NAME.fullmatch(name):
            return None
        headers[name] = value.strip(" \t")
    return headers if len(lines) <= MOST_HEADERS else None


def _is_of(headers: dict[str, str], body: bytes) -> bool:
    """Whether the body is as long as announced, by the one way that is read here."""
    length = headers.get("content-length", "")
    if "host" not in headers or not _NEEDS_MORE.isdisjoint(headers):
        return False
    return _LENGTH.fullmatch(length) is not None and int(length) == len(body)
