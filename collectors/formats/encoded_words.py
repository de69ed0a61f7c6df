"""Header text with RFC 2047 encoded words made readable.

Logs cut long headers and print the line breaks of folded ones as `?`, so words may
lack their end or be joined by `? `.  What cannot be decoded stays as it was logged.
"""

from __future__ import annotations

import binascii
import re
from functools import lru_cache

# An encoded word; the closing ?= may be missing only where the text ends.
_WORD = re.compile(r"=\?([^?\s]{1,40})\?([bBqQ])\?([^?]*)(?:\?=|\?$|$)")
_UNFIT = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]+")  # UTF-7 gives lone surrogates
_BETWEEN = re.compile(r"(\?=)\??\s+(?==\?)")
_NO_CHARSETS = frozenset(("unicode_escape", "raw_unicode_escape", "punycode", "idna"))


@lru_cache(maxsize=1024)  # newsletters and tickets say the same thing many times
def decoded(text: str) -> str:
    """`text` with its encoded words decoded; never raises."""
    if "=?" not in text:
        return text
    return _WORD.sub(_plain, _BETWEEN.sub(r"\1", text))


def _plain(word: re.Match[str]) -> str:
    charset, encoding, body = word.groups()
    charset = charset.partition("*")[0]  # RFC 2231: the language follows
    if not _is_charset(charset):
        return word.group()
    try:
        octets = body.encode("ascii")
        if encoding in "bB":
            octets = binascii.a2b_base64(octets if octets[-1:] == b"=" else _whole(octets))
        else:
            octets = binascii.a2b_qp(octets, header=True)
        readable = octets.decode(charset, "replace")
    except ValueError:
        return word.group()
    return readable if readable.isprintable() else _UNFIT.sub(" ", readable)


@lru_cache(maxsize=256)  # a stranger's made-up name would be looked for on the disk each time
def _is_charset(name: str) -> bool:
    """Whether Python can decode `name` as RFC 2047 means it: no escapes, no compression."""
    try:
        b"x".decode(name, "replace")
    except (LookupError, ValueError):
        return False
    return name.lower().replace("-", "_") not in _NO_CHARSETS


def _whole(octets: bytes) -> bytes:
    """The part of cut base64 that can be read."""
    return octets[: len(octets) - len(octets) % 4]
