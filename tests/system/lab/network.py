"""Where the lab's hosts live, and how a client reaches one under its own name.

On `Loopback` all is 127.0.0.1 with free ports, clients take their names by XCLIENT,
and routes are a transport table. `tests/system/lab/namespace.py` has the other kind:
a private network where every host has its name, its address and port 25.
"""

from __future__ import annotations

import smtplib
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from tests.system.lab.server import LOOPBACK


@dataclass(frozen=True)
class Place:
    """A host's name and where it listens."""

    name: str
    address: str
    port: int


@dataclass(frozen=True)
class Client:
    """Who hands mail over: its name ("" if its address has none), address and HELO word."""

    name: str
    address: str
    helo: str = ""

    @property
    def hello(self) -> str:
        return self.helo or self.name


class Network(Protocol):
    """What the lab asks of the world it is set in."""

    def place(self, name: str, port: int) -> Place:
        """A place for the service `name`; `port` is the one it would like."""

    def settings(self) -> Mapping[str, str]:
        """Postfix parameters that make names work here.

        `lab_sender_checks` and `lab_client_checks` are restrictions that need DNS.
        """

    def route(self, domain: str, to: Place) -> str:
        """The transport table's line that sends `domain` there, or ""."""

    def know(self, name: str, address: str) -> None:
        """Make a client's address usable, with its name both ways ("" for none)."""

    def connect(self, client: Client, to: Place) -> smtplib.SMTP:
        """A session whose other side sees `client`, greeted, EHLO not yet said."""


def free_port() -> int:
    with socket.create_server((LOOPBACK, 0)) as sock:
        return int(sock.getsockname()[1])


class Loopback:
    """127.0.0.1 alone, as any machine has it."""

    def place(self, name: str, port: int) -> Place:
        return Place(name, LOOPBACK, free_port())

    def settings(self) -> Mapping[str, str]:
        return {
            "smtp_host_lookup": "native",
            "smtp_dns_support_level": "disabled",
            "smtpd_peername_lookup": "no",
            "smtpd_authorized_xclient_hosts": "127.0.0.0/8",
            "lab_sender_checks": "",
            "lab_client_checks": "",
        }

    def route(self, domain: str, to: Place) -> str:
        return f"{domain} smtp:[{to.address}]:{to.port}"

    def know(self, name: str, address: str) -> None:
        """Nothing to do: names and addresses come by XCLIENT."""

    def connect(self, client: Client, to: Place) -> smtplib.SMTP:
        smtp = smtplib.SMTP(to.address, to.port, timeout=20)
        smtp.ehlo("lab.invalid")
        code, text = smtp.docmd(
            f"XCLIENT NAME={client.name or '[UNAVAILABLE]'} ADDR={client.address}"
        )
        if code != 220:
            raise ConnectionError(f"XCLIENT was refused: {code} {text!r}")
        return smtp
