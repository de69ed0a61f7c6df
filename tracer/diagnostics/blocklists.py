"""The block lists that are asked: what each is worth and what its answers mean.

They stand in `blocklists.toml`, or in a file of the same form that the settings name.
"""

from __future__ import annotations

import functools
import ipaddress
import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec

from tracer.diagnostics.model import Side
from tracer.errors import ConfigError

FILE = Path(__file__).parent / "blocklists.toml"
HEAVY = 5
"""From this weight on a listing is a failure: many refuse mail for it."""

_REFUSALS = ("127.255.255.0/24", "127.0.0.1/32", "127.0.1.255/32")


class Kind(StrEnum):
    """What a list knows."""

    IP4 = "ip4"
    IP6 = "ip6"
    DOMAIN = "domain"


class Meaning(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one answer says; without a weight of its own the list's counts, 0 is no listing."""

    text: str
    weight: int | None = None
    side: Side = Side.SENDER


class Blocklist(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One list. `codes` are addresses, or with `bits` the values of the last octet's bits;
    an answer that none explains is not read as a listing."""

    name: str
    zone: str
    kinds: tuple[Kind, ...]
    weight: int
    listed: str = ""  # what is always listed (RFC 5782, 5); "" for the standard's own
    not_listed: str = ""
    bits: bool = False
    codes: dict[str, Meaning]
    removal: str = ""  # {subject} is filled in
    terms: str = ""  # who may ask, with the page that says so

    @property
    def is_of_domains(self) -> bool:
        return Kind.DOMAIN in self.kinds

    @property
    def test_points(self) -> tuple[str, str]:
        """The names of the entry that must be there, and of the one that must not."""
        if self.is_of_domains:
            pair = self.listed or "test", self.not_listed or "invalid"
        else:
            pair = self.listed or "127.0.0.2", self.not_listed or "127.0.0.1"
        return self.question(pair[0]), self.question(pair[1])

    def question(self, subject: str) -> str:
        """The name to ask for: RFC 5782, 2.1 (octets), 2.4 (nibbles), 2.2 (domains)."""
        try:
            ip = ipaddress.ip_address(subject)
        except ValueError:
            return f"{subject}.{self.zone}"
        turned = ip.reverse_pointer.removesuffix(".in-addr.arpa").removesuffix(".ip6.arpa")
        return f"{turned}.{self.zone}"

    def meanings(self, answer: str) -> tuple[Meaning, ...]:
        """What an answer (an A record) says; () for one that is no listing."""
        if is_refusal(answer) or not answer.startswith("127."):
            return ()
        if not self.bits:
            known = self.codes.get(answer)
            return (known,) if known else ()
        octet = int(answer.rpartition(".")[2])
        return tuple(known for bit, known in self.codes.items() if octet & int(bit))


def is_refusal(answer: str) -> bool:
    """Whether an answer says that the list will not tell: it is about who asks.

    Spamhaus' 127.255.255.0/24 and 127.0.1.255; 127.0.0.1 of SURBL and URIBL, which is also
    what resolvers answer that filter names.
    """
    ip = ipaddress.ip_address(answer)
    return any(ip in ipaddress.ip_network(network) for network in _REFUSALS)


@functools.cache
def blocklists(path: str = "") -> tuple[Blocklist, ...]:
    """The lists of a file, else the ones that come along; raises ConfigError with the place."""
    file = Path(path) if path else FILE
    try:
        tables: dict[str, Any] = tomllib.loads(file.read_text("utf-8"))
        return msgspec.convert(tables.get("list", ()), tuple[Blocklist, ...])
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise ConfigError(f"{file}: {error}") from error
