"""The settings of the delivery diagnostics."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import ClassVar

LEAST_SECONDS, MOST_SECONDS = 0.5, 30.0  # a run as a whole ends after 45 s (diagnostics.run)
_STRICT: Mapping[str, str] = {"extra": "forbid"}
_WITH_PORT = re.compile(r"(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})")


def _positive(number: int) -> str:
    return "" if number > 0 else "must be 1 or more"


def _seconds(number: float) -> str:
    within = LEAST_SECONDS <= number <= MOST_SECONDS
    return "" if within else f"must be between {LEAST_SECONDS:g} and {MOST_SECONDS:g}"


def _addresses(texts: tuple[str, ...]) -> str:
    wrong = [text for text in texts if not _is_address(text)]
    return f"must be IP addresses; {wrong[0]!r} is none" if wrong else ""


def _nameservers(texts: tuple[str, ...]) -> str:
    for text in texts:
        found = _WITH_PORT.fullmatch(text)
        if not _is_address((found[1] or found[2]) if found else text):
            return f"must be addresses like 192.0.2.1 or [2001:db8::1]:53, not {text!r}"
    return ""


def _networks(texts: tuple[str, ...]) -> str:
    for text in texts:
        try:
            ip_network(text)
        except ValueError:
            return f"must be networks like 10.0.0.0/8; {text!r} is none"
    return ""


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class DiagnosticsSettings:
    """What the delivery diagnostics may ask, and whom."""

    __pydantic_config__: ClassVar[Mapping[str, str]] = _STRICT

    outbound: bool = field(
        default=True,
        metadata={"help": "`false`: nothing leaves this machine; network checks do not apply."},
    )
    nameservers: tuple[str, ...] = field(
        default=(),
        metadata={
            "help": "Name servers to ask, like `192.0.2.1` or `[2001:db8::1]:53`; "
            "none given: those of the system.",
            "check": _nameservers,
        },
    )
    private: tuple[str, ...] = field(
        default=(),
        metadata={
            "help": "Networks whose mail hosts may be connected to although they are not public, "
            "like `10.0.0.0/8`.",
            "check": _networks,
        },
    )
    ips: tuple[str, ...] = field(
        default=(),
        metadata={
            "help": "Addresses that your own mail leaves from, for senders whose mail your log "
            "does not show the address of.",
            "check": _addresses,
        },
    )
    helo: str = field(
        default="",
        metadata={"help": "The name that your server greets others with (`myhostname`)."},
    )
    smtp_seconds: float = field(
        default=2.7,
        metadata={
            "help": "Seconds that a conversation with a mail host may take as a whole. Hosts that "
            "greet late on purpose need more; the page waits as long.",
            "check": _seconds,
        },
    )
    blocklists: str = field(
        default="",
        metadata={"help": "A file of block lists to ask in place of those that come along."},
    )
    facts: bool = field(
        default=True,
        metadata={
            "help": "When a message fails for a reason that DNS may explain, look that up and keep "
            "it with the message.",
        },
    )
    runs_per_minute: int = field(
        default=10,
        metadata={
            "help": "Runs that one address may start in a minute; a target takes half as many.",
            "check": _positive,
        },
    )
    keep_days: int = field(
        default=90, metadata={"help": "For how many days reports are kept.", "check": _positive}
    )
