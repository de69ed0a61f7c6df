"""How long a diagnosis takes against what it has to wait for: python -m bench.diagnose

A name server that waits 50 ms before each answer and mail hosts that wait 100 ms before each
reply stand on loopback. The longest chain of dependent questions is the conversation with a
mail host: its name (MX), its address (A), then banner, EHLO, STARTTLS and the TLS handshake.
SPF includes nest less deep than that takes. Whatever else is asked should be asked meanwhile.

healthy     a full run for a pair, the median of the runs
twice       questions that reached the name server more than once in a run
in trouble  the same with a dead name server before the live one, and a mail host that drips
            its banner, an octet now and then
"""

from __future__ import annotations

import argparse
import socket
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from statistics import median

import trustme

from tests.mail_host import MailHost
from tests.nameserver import NameServer
from tracer.diagnostics.https_door import HttpsDoor
from tracer.diagnostics.lookup import Lookup
from tracer.diagnostics.model import Report, Target
from tracer.diagnostics.outbound import ANYWHERE, Outbound
from tracer.diagnostics.run import diagnose
from tracer.diagnostics.smtp_door import SmtpDoor
from tracer.diagnostics.summary import counts
from tracer.diagnostics.world import World

DNS_S, SMTP_S = 0.05, 0.1
CHAIN_S = 2 * DNS_S + 4 * SMTP_S
TIMES_CHAIN, TROUBLE_S = 1.3, 5.0
RUNS = 7
HOSTS = ("127.0.0.1", "127.0.0.2")
TARGET = Target(
    sender="orders@corp.example",
    recipient="anna@northwind.example",
    ips=("192.0.2.10",),
    helo="mail.corp.example",
    selectors=("s1",),
)
ZONE = """
corp.example 3600 MX 10 mail.corp.example.
corp.example 3600 TXT "v=spf1 mx include:_spf.corp.example -all"
_spf.corp.example TXT "v=spf1 include:_eu.corp.example ip4:192.0.2.128/25 -all"
_eu.corp.example TXT "v=spf1 ip4:192.0.2.0/26 -all"
mail.corp.example A 192.0.2.10
10.2.0.192.in-addr.arpa PTR mail.corp.example.
_dmarc.corp.example TXT "v=DMARC1; p=reject; rua=mailto:dmarc@corp.example"
s1._domainkey.corp.example TXT "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
_smtp._tls.corp.example TXT "v=TLSRPTv1; rua=mailto:tls@corp.example"
northwind.example 3600 MX 10 mx1.northwind.example.
northwind.example 3600 MX 20 mx2.northwind.example.
northwind.example TXT "v=spf1 mx -all"
mx1.northwind.example A 127.0.0.1
mx2.northwind.example A 127.0.0.2
_dmarc.northwind.example TXT "v=DMARC1; p=quarantine; rua=mailto:dmarc@northwind.example"
"""


def main() -> int:
    """The command; 1 if a goal was missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.diagnose")
    parser.add_argument("--runs", type=int, default=RUNS, help=f"of each kind ({RUNS})")
    runs = parser.parse_args().runs
    times, twice = [], 0
    with _internet(drip_s=0.0) as net:
        _run([net.nameserver], net.port)  # the first loads the libraries
        net.asked()
        for _ in range(runs):
            report, seconds = _run([net.nameserver], net.port)
            asked = net.asked()
            times.append(seconds)
            twice += sum(count - 1 for count in Counter(asked).values())
    missed = _told("healthy", times, TIMES_CHAIN * CHAIN_S)
    found = ", ".join(f"{count} {verdict}" for verdict, count in counts(report.findings).items())
    print(f"            chain {CHAIN_S:.2f} s, {median(times) / CHAIN_S:.2f} times the chain")
    print(f"            {len(asked)} questions; {found}")
    print(f"twice       {twice}")
    with _internet(drip_s=0.4) as net, _dead_server() as dead:
        times = [_run([dead, net.nameserver], net.port)[1] for _ in range(min(runs, 3))]
    missed += _told("in trouble", times, TROUBLE_S)
    return 1 if missed or twice else 0


def _told(what: str, times: list[float], goal_s: float) -> int:
    reached = median(times)
    low, high = min(times), max(times)
    print(f"{what:12}{reached:.2f} s ({low:.2f} to {high:.2f}), goal {goal_s:.2f} s")
    return 1 if reached > goal_s else 0


def _run(nameservers: list[str], port: int) -> tuple[Report, float]:
    outbound = Outbound(private=ANYWHERE)
    world = World(
        dns=Lookup(nameservers),
        smtp=SmtpDoor(TARGET, outbound, helo="trace.corp.example", port=port),
        https=HttpsDoor(outbound, port=port),
        now_us=time.time_ns() // 1000,
        outbound=outbound,
    )
    began = time.perf_counter()
    report = diagnose(TARGET, world)
    return report, time.perf_counter() - began


@dataclass(frozen=True, slots=True)
class _Net:
    """The other side, which stands in a process of its own: it must not share our time."""

    nameserver: str
    port: int
    line: Connection

    def asked(self) -> list[tuple[str, str]]:
        """What the name server was asked since the last time."""
        self.line.send("asked")
        told: list[tuple[str, str]] = self.line.recv()
        return told


@contextmanager
def _internet(*, drip_s: float) -> Iterator[_Net]:
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, drip_s), daemon=True)
    process.start()
    try:
        nameserver, port = ours.recv()
        yield _Net(nameserver, port, ours)
    finally:
        ours.send("end")
        process.join()


def _serve(line: Connection, drip_s: float) -> None:
    """The name server and two mail hosts on one port; the second drips its banner if told so."""
    certificate = trustme.CA().issue_cert("mx1.northwind.example", "mx2.northwind.example")
    first = MailHost(address=HOSTS[0], certificate=certificate, delay_s=SMTP_S)
    second = MailHost(
        address=HOSTS[1], port=first.port, certificate=certificate, delay_s=SMTP_S, drip_s=drip_s
    )
    with NameServer(ZONE, delay_s=DNS_S) as names, first, second:
        line.send((names.address, first.port))
        while line.recv() == "asked":
            line.send(list(names.asked))
            names.asked.clear()


@contextmanager
def _dead_server() -> Iterator[str]:
    """An address that takes questions and never answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        host, port = silent.getsockname()
        yield f"{host}:{port}"


if __name__ == "__main__":
    sys.exit(main())
