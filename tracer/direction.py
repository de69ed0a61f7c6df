"""Which way a mail went, as far as a log can tell without knowing the site's domains."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import ip_address

from tracer.model import Delivery, Outcome

DIRECTIONS = ("", "inbound", "outbound", "relayed", "internal")
"""In the order in which the store numbers them; new ones go to the end."""

_OURS = frozenset({Outcome.DELIVERED, Outcome.JUNKED, Outcome.EXPANDED, Outcome.REJECTED})
_LOCAL_AGENTS = frozenset({"local", "virtual", "lmtp", "pipe", "discard"})


def direction(from_us: bool, delivery: Delivery) -> str:
    """`outbound` from us to others, `inbound`, `internal` both ours, `relayed` neither.

    To us: a local agent took it, or our door refused it. `""` while nobody has taken it
    and it is not ours.
    """
    outcome = delivery.outcome
    to_us = outcome in _OURS or delivery.program in _LOCAL_AGENTS
    if from_us:
        return "internal" if to_us and outcome is not Outcome.REJECTED else "outbound"
    if to_us:
        return "inbound"
    return "relayed" if delivery.attempts else ""


def is_ours(client: str, auth: str) -> bool:
    """Whether a mail came from us: logged in, made on this host, or from a private address."""
    return bool(auth) or _is_private(client)


@lru_cache(maxsize=4096)
def _is_private(client: str) -> bool:
    if not client:
        return True
    try:
        address = ip_address(client)
    except ValueError:
        return False
    return address.is_loopback or (address.is_private and not _is_documentation(client))


def _is_documentation(client: str) -> bool:
    """RFC 5737 and 3849 addresses stand for public ones in examples and labs."""
    return client.startswith(("192.0.2.", "198.51.100.", "203.0.113.", "2001:db8:"))
