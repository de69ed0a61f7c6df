"""A private network where hosts have their own names, addresses and port 25.

The process moves into mount and network namespaces of its own by unshare(1), gives
the loopback device addresses of the documentation ranges (RFC 5737), and answers
its own DNS. The machine outside sees none of it, and all of it ends with the process.
"""

from __future__ import annotations

import os
import smtplib
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.system.lab.names import Names
from tests.system.lab.network import Client, Place
from tests.system.lab.server import LOOPBACK

INSIDE = "MAIL_LAB_INSIDE"
BLOCKLIST = "zen.blocklist.example"
OWN = {
    "mx1.corp.example": "192.0.2.10",
    "mx3.corp.example": "192.0.2.11",
    "mx2.corp.example": "192.0.2.20",
    "localhost": LOOPBACK,
}
RESOLVER = {
    "/etc/resolv.conf": f"nameserver {LOOPBACK}\noptions timeout:2\n",
    "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
    "/etc/hosts": f"{LOOPBACK} localhost\n",
}


def enter() -> None:
    """Run this program again inside fresh namespaces, unless it is there already."""
    if INSIDE not in os.environ:
        os.environ[INSIDE] = "1"
        again = [sys.executable, *sys.orig_argv[1:]]
        os.execvp("unshare", ["unshare", "--mount", "--net", *again])


class Namespace:
    """The network inside; make one only after `enter()`."""

    def __init__(self, scratch: Path):
        self.names = Names()
        self._next_mx = 0
        self._addresses = {LOOPBACK}
        _run("ip", "link", "set", "lo", "up")
        for path, text in RESOLVER.items():
            ours = scratch / Path(path).name
            ours.write_text(text)
            _run("mount", "--bind", str(ours), path)
        self._sock = self.names.serve(LOOPBACK)

    def place(self, name: str, port: int) -> Place:
        address = OWN.get(name) or self._new_destination(name)
        self.know(name, address)
        return Place(name, address, port)

    def _new_destination(self, name: str) -> str:
        self._next_mx += 1
        self.names.mail(name.partition(".")[2], name)
        return f"198.51.100.{10 + self._next_mx}"

    def know(self, name: str, address: str) -> None:
        """Give this network the address, and the name both ways ("" for none)."""
        if address not in self._addresses:
            self._addresses.add(address)
            _run("ip", "address", "add", f"{address}/32", "dev", "lo")
        if name and name != "localhost":
            self.names.host(name, address)

    def settings(self) -> Mapping[str, str]:
        return {
            "lab_sender_checks": "reject_unknown_sender_domain",
            "lab_client_checks": f"reject_rbl_client {BLOCKLIST}",
        }

    def route(self, domain: str, to: Place) -> str:
        return ""

    def connect(self, client: Client, to: Place) -> smtplib.SMTP:
        self.know(client.name, client.address)
        return smtplib.SMTP(to.address, to.port, timeout=20, source_address=(client.address, 0))


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
