"""Passwords as they are kept: scrypt (RFC 7914) with a salt of its own for each.

Cost as OWASP's Password Storage Cheat Sheet names it (read 2026-11-22): N = 2^17 needs 128 MB a
login; N = 2^15 with r = 8 and p = 3 is its equal in work and takes 32 MB, which small servers have.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

SHORTEST = 10
LONGEST = 1000
_COST, _BLOCK, _TIMES = 2**15, 8, 3
_MEMORY = 64 * 1024 * 1024


def hashed(password: str) -> str:
    """`scrypt$N$r$p$salt$hash`, each time another."""
    salt = secrets.token_bytes(16)
    made = _scrypt(password, salt, _COST, _BLOCK, _TIMES)
    words = (_COST, _BLOCK, _TIMES, *(base64.b64encode(one).decode() for one in (salt, made)))
    return "$".join(("scrypt", *map(str, words)))


def matches(password: str, kept: str) -> bool:
    """Whether this is the password of which `hashed` made `kept`.

    An empty `kept` costs the same time and matches nothing: who asks must not learn whether
    there is such a name.
    """
    _, cost, block, times, salt, known = (kept or _nobody()).split("$")
    made = _scrypt(password, base64.b64decode(salt), int(cost), int(block), int(times))
    return hmac.compare_digest(made, base64.b64decode(known)) and bool(kept)


def _nobody() -> str:
    empty = base64.b64encode(bytes(32)).decode()
    return f"scrypt${_COST}${_BLOCK}${_TIMES}${empty}${empty}"


def _scrypt(password: str, salt: bytes, cost: int, block: int, times: int) -> bytes:
    octets = password[:LONGEST].encode("utf-8", "surrogatepass")
    return hashlib.scrypt(octets, salt=salt, n=cost, r=block, p=times, maxmem=_MEMORY, dklen=32)
