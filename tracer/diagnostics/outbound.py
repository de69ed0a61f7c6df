"""Which addresses the diagnostics may connect to.

Names come from the DNS of strangers, so they may point into our own network. Nothing but
public addresses is reached, unless the settings say that others belong to the mail too.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from enum import StrEnum

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address

ANYWHERE = ("0.0.0.0/0", "::/0")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052, 2.1: an IPv4 address at its end
_NAT64_LOCAL = ipaddress.ip_network("64:ff9b:1::/48")  # RFC 8215
_COMPATIBLE = ipaddress.ip_network("::/96")  # RFC 4291, 2.5.5.1
_LAST_32 = (1 << 32) - 1


class Refusal(StrEnum):
    """Why a connection is not made."""

    NONE = ""
    OFF = "off"  # nothing may leave this machine
    NOT_PUBLIC = "not_public"


@dataclass(frozen=True, slots=True)
class Outbound:
    """What may be reached over SMTP and HTTPS.

    `private` are networks, like 10.0.0.0/8, that may be reached although they are not
    public; ANYWHERE lifts every limit.
    """

    enabled: bool = True
    private: tuple[str, ...] = ()

    def refuses(self, address: str) -> Refusal:
        """Why this address may not be reached; NONE if it may. Text that is none may not."""
        if not self.enabled:
            return Refusal.OFF
        try:
            ip = ipaddress.ip_address(address)
        except ValueError:
            return Refusal.NOT_PUBLIC
        networks = map(ipaddress.ip_network, self.private)
        if any(ip in network for network in networks if network.version == ip.version):
            return Refusal.NONE
        return Refusal.NONE if _is_public(ip) else Refusal.NOT_PUBLIC


def is_public(address: str) -> bool:
    """Whether the world can reach an address (IANA special-purpose registries, RFC 6890).

    An IPv6 address that only wraps an IPv4 one is judged by that one.
    """
    try:
        return _is_public(ipaddress.ip_address(address))
    except ValueError:
        return False


def is_internal(address: str) -> bool:
    """Whether an address is a private network's, a link's or the machine's own.

    Those of documentation (RFC 5737) are not: no network numbers its hosts by them.
    """
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    networks = map(ipaddress.ip_network, _INTERNAL)
    return any(ip in network for network in networks if network.version == ip.version)


_INTERNAL = (
    "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8",
    "169.254.0.0/16", "0.0.0.0/8", "fc00::/7", "fe80::/10", "::1/128", "::/128",
)  # fmt: skip


def _is_public(ip: _Address) -> bool:
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.scope_id or ip in _NAT64_LOCAL:
            return False
        inner = _wrapped(ip)
        if inner is not None:
            return _is_public(inner)
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def _wrapped(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that a packet to `ip` would end at."""
    if ip in _NAT64 or ip in _COMPATIBLE:
        return ipaddress.IPv4Address(int(ip) & _LAST_32)
    if ip.teredo:
        return ip.teredo[1]
    return ip.ipv4_mapped or ip.sixtofour
