"""Header text with RFC 2047 encoded words made readable.

Logs cut long headers and print the line breaks of folded ones as `?`, so words may
lack their end or be joined by `? `.  What cannot be decoded stays as it was logged.
"""

from __future__ import annotations

import binascii
import re

# An encoded word; the closing ?= may be missing only where the text ends.
_WORD = re.compile(r"=\?([^?\s]{1,40})\?([bBqQ])\?([^?]*)(?:\?=|\?$|$)")
_BREAK = re.compile(r"[\x00-\x1f\x7f]+")
_BETWEEN = re.compile(r"(\?=)\??\s+(?==\?)")


def decoded(text: str) -> str:
    """`text` with its encoded words decoded; never raises."""
    if "=?" not in text:
        return text
    return _WORD.sub(_plain, _BETWEEN.sub(r"\1", text))


def _plain(word: re.Match[str]) -> str:
    charset, encoding, body = word.groups()
    try:
        octets = body.encode("ascii")
        if encoding in "bB":
            octets = binascii.a2b_base64(octets if octets[-1:] == b"=" else _whole(octets))
        else:
            octets = binascii.a2b_qp(octets, header=True)
        readable = octets.decode(charset.partition("*")[0], "replace")
    except (LookupError, ValueError, binascii.Error):
        return word.group()
    return _BREAK.sub(" ", readable)


def _whole(octets: bytes) -> bytes:
    """The part of cut base64 that can be read."""
    return octets[: len(octets) - len(octets) % 4]
