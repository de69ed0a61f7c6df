"""The name servers of a run: their addresses, and which of them keep silent."""

from __future__ import annotations

import ipaddress
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tracer.errors import UnusableInput

_PORT = 53
_GIVEN_UP_AFTER = 6  # silences of a server that has never answered in this run


class BadNameserver(UnusableInput):
    """A name server's address that cannot be read."""


@dataclass(frozen=True, slots=True)
class Nameserver:
    """Where questions go."""

    address: str  # an IP address
    port: int = _PORT

    def __str__(self) -> str:
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{host}:{self.port}"


def parse_nameserver(text: str) -> Nameserver:
    """Read `192.0.2.1`, `192.0.2.1:5353`, `2001:db8::1` or `[2001:db8::1]:5353`.

    Raises BadNameserver.
    """
    host, port = text.strip(), ""
    if host.startswith("["):
        host, _, port = host[1:].partition("]")
        port = port.removeprefix(":")
    elif host.count(":") == 1:
        host, _, port = host.partition(":")
    try:
        number = int(port or _PORT)
        if not 0 < number < 65536:
            raise ValueError(port)
        return Nameserver(str(ipaddress.ip_address(host)), number)
    except ValueError as error:
        raise BadNameserver(
            f"“{text}” is not the address of a name server. "
            "Write an IP address and a port, as in 192.0.2.1:53 or [2001:db8::1]:53."
        ) from error


def system_nameservers() -> tuple[Nameserver, ...]:
    """The system's resolvers; its search list and options are left alone."""
    import dns.resolver

    try:
        found = dns.resolver.Resolver().nameservers
    except dns.resolver.NoResolverConfiguration:
        return ()
    return tuple(Nameserver(address) for address in found if isinstance(address, str))


class Servers:
    """Name servers in the order to try them; a silent one goes to the end of the line.

    With `gives_up`, one that is silent time and again and was never heard is asked no more.
    """

    def __init__(self, servers: Iterable[Nameserver], *, gives_up: bool) -> None:
        self._gives_up = gives_up
        self._all = tuple(dict.fromkeys(servers))
        self._silences = dict.fromkeys(self._all, 0)
        self._heard: set[Nameserver] = set()
        self._lock = threading.Lock()

    def in_order(self) -> Sequence[Nameserver]:
        """Those worth asking, the most responsive first."""
        with self._lock:
            hopeful = [server for server in self._all if not self._is_hopeless(server)]
            return sorted(hopeful, key=self._silences.__getitem__)

    def _is_hopeless(self, server: Nameserver) -> bool:
        if not self._gives_up or server in self._heard:
            return False
        return self._silences[server] >= _GIVEN_UP_AFTER

    def answered(self, server: Nameserver) -> None:
        with self._lock:
            self._heard.add(server)
            self._silences[server] = 0

    def kept_silent(self, server: Nameserver) -> None:
        with self._lock:
            self._silences[server] += 1

    def __str__(self) -> str:
        return ", ".join(map(str, self._all))
