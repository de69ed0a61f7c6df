"""What a delivery can be found by: keys of addresses, domains, clients and ids.

A key is 48 bits of two checksums: a search compares numbers, the indexes stay small, and
one of ten million other addresses shares a key with a chance of 0.000004 %. It is no
protection: who makes two addresses meet only finds both.
"""

from __future__ import annotations

import socket
from binascii import crc32, crc_hqx
from enum import IntEnum
from functools import lru_cache

from tracer.address import canonical, domain_of, normalise

REMEMBERED = 8_000
WHOLE_HOP = -1


class Role(IntEnum):
    """In which role a term stands."""

    SENDER = 0
    RECIPIENT = 1
    CLIENT = 2


class Tie(IntEnum):
    """What a queue id says about a hop that has another one."""

    __hash__ = int.__hash__  # Enum's own is written in Python
    NEXT = 2  # it got this id where it was handed to
    FROM = 3  # it had this id before
    PATH = 4  # an earlier leg of the same mail has this id
    NOTICE = 5  # a notice about it has this id


AddressKeys = tuple[int, int, tuple[int, ...]]
"""Keys of an address, of its domain, and of the addresses within it (SRS, VERP, +tag)."""


def key_of(value: str) -> int:
    """48 bits that stand for a text."""
    encoded = value.encode("utf-8", "backslashreplace")
    return crc32(encoded) << 16 | crc_hqx(encoded, 0)


@lru_cache(maxsize=REMEMBERED)
def domain_key(domain: str) -> int:
    """The key of a domain in the form of `tracer.address.normalise`.

    32 bits, with a sign: a store that packs numbers keeps them in four octets.
    """
    return crc32(domain.encode("utf-8", "backslashreplace")) - (1 << 31)


@lru_cache(maxsize=REMEMBERED)
def address_keys(address: str) -> AddressKeys:
    """Keys of an address as logged."""
    plain = address.lower()
    if "=" in plain or "+" in plain or not plain.isascii() or plain[-1:] in _ODD_ENDS:
        return _keys_of_odd(plain)
    encoded = plain.encode()  # as key_of does, which this path of every address cannot afford
    key = crc32(encoded) << 16 | crc_hqx(encoded, 0)
    return key, domain_key(plain.rpartition("@")[2]), ()


_ODD_ENDS = (".", ">", "")


def _keys_of_odd(address: str) -> AddressKeys:
    plain = normalise(address)
    domain = domain_of(plain) if "@" in plain else ""
    inner = canonical(plain)
    return key_of(plain), domain_key(domain), _others(inner, domain) if inner else ()


def _others(forms: tuple[str, ...], domain: str) -> tuple[int, ...]:
    others: dict[int, None] = {}
    for form in forms:
        others[key_of(form)] = None
        if (inner := domain_of(form)) != domain:
            others[domain_key(inner)] = None
    return tuple(others)


@lru_cache(maxsize=REMEMBERED)
def client_key(client: str) -> str:
    """A client address as text that sorts by value: `4cb007105`; `""` if it is none."""
    family, mark = (socket.AF_INET6, "6") if ":" in client else (socket.AF_INET, "4")
    try:
        return mark + socket.inet_pton(family, client).hex()
    except (OSError, ValueError):
        return ""


@lru_cache(maxsize=REMEMBERED)
def client_of(key: str | None) -> str:
    """The address that a client key stands for; `""` for none."""
    if not key:
        return ""
    family = socket.AF_INET6 if key[0] == "6" else socket.AF_INET
    return socket.inet_ntop(family, bytes.fromhex(key[1:]))
