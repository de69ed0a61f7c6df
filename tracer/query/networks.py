"""Read `ip:` values: an address, a network, or the first numbers of one."""

from __future__ import annotations

import ipaddress
import re

from tracer.errors import InvalidQuery
from tracer.query.nodes import Match, MatchKind

_BEGINNING = r"((?:\d{1,3}\.){1,2}\d{1,3}|\d{1,3})(?:\.\*?)*"


def read_network(text: str) -> tuple[Match, ...]:
    """EXACT for an address, CIDR for a network; both as `ipaddress` writes them.

    `192.0.2.*` is the network 192.0.2.0/24. Raises InvalidQuery with a suggestion.
    """
    plain = text.strip("[]")
    if found := network(plain) or _from_beginning(plain):
        return (found,)
    raise InvalidQuery(
        "ip: takes an address or a network", suggestion=_suggestion(plain.partition("/")[0])
    )


def network(text: str) -> Match | None:
    """The match of a whole address or network; None if the text is neither."""
    try:
        if "/" not in text:
            return Match(MatchKind.EXACT, str(ipaddress.ip_address(text)))
        found = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
    if found.prefixlen == found.max_prefixlen:
        return Match(MatchKind.EXACT, str(found.network_address))
    return Match(MatchKind.CIDR, str(found))


def _from_beginning(text: str) -> Match | None:
    beginning = re.fullmatch(_BEGINNING, text)
    if beginning is None or not text.endswith((".", "*")):
        return None
    numbers = beginning[1].split(".")
    padded = ".".join(numbers + ["0"] * (4 - len(numbers)))
    return network(f"{padded}/{8 * len(numbers)}")


def _suggestion(text: str) -> str:
    found = network(text) or _from_beginning(text + ".")
    return f"ip:{found.text}" if found else "ip:192.0.2.0/24"
