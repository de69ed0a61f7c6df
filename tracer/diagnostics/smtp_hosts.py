"""Which hosts take a domain's mail, and what they said: asked by several checks, found once."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from tracer.diagnostics.lookup import Answer, Answered, Lookup
from tracer.diagnostics.model import Side, Target
from tracer.diagnostics.smtp import Call, Conversation
from tracer.diagnostics.world import World

MOST_CALLED = 10
"""Addresses that a run connects to; large providers have dozens that all say the same."""
_MOST_ASKED = 2  # addresses that are asked about the recipient


@dataclass(frozen=True, slots=True)
class MailHost:
    """One host of a domain's MX records, and its addresses, IPv4 first."""

    name: str  # A-labels, lower case, no dot at the end
    preference: int
    addresses: tuple[str, ...]
    answers: tuple[Answer, ...]  # A, AAAA; none where the name is an address already

    @property
    def is_literal(self) -> bool:
        """The record names an address, which RFC 5321, 5.1 does not allow."""
        return _is_address(self.name)

    @property
    def is_known(self) -> bool:
        """Whether the name server told whether there are addresses."""
        return bool(self.addresses) or all(answer.known for answer in self.answers)


@dataclass(frozen=True, slots=True)
class MailHosts:
    """The hosts of a domain, the most preferred first.

    `is_implicit`: there is no MX record, so the domain's own address takes its mail
    (RFC 5321, 5.1). `is_null`: the domain says that it takes none (RFC 7505).
    """

    domain: str
    mx: Answer
    hosts: tuple[MailHost, ...] = ()
    is_implicit: bool = False
    is_null: bool = False
    records: tuple[tuple[int, str], ...] = ()  # (preference, name) as given, "" for "."


def inbound_domain(target: Target) -> str:
    """The domain whose mail hosts are looked at: the recipient's; without one, the sender's."""
    return target.recipient_domain or target.sender_domain


def inbound_side(target: Target) -> Side:
    """Who looks after that domain."""
    return Side.RECIPIENT if target.recipient_domain else Side.SENDER


def mail_hosts(domain: str, dns: Lookup) -> MailHosts:
    """The hosts by RFC 5321, 5.1. Where MX cannot be told there are none, and `mx` says why."""
    mx = dns.ask(domain, "MX")
    if mx.outcome is Answered.NODATA:
        hosts = _with_addresses([(0, domain)], dns)
        return MailHosts(domain, mx, tuple(host for host in hosts if host.addresses), True)
    records = _records(mx)
    names = list({name: (preference, name) for preference, name in reversed(records)}.values())
    named = sorted((preference, name) for preference, name in names if name)
    return MailHosts(
        domain,
        mx,
        _with_addresses(named, dns),
        is_null=any(not name for _, name in records),
        records=records,
    )


def conversations(target: Target, world: World) -> tuple[Conversation, ...]:
    """What the mail hosts of `inbound_domain` said, the preferred first; () with SMTP off."""
    if world.smtp is None:
        return ()
    return world.smtp.talk(calls(mail_hosts(inbound_domain(target), world.dns)))


def calls(hosts: MailHosts) -> tuple[Call, ...]:
    """Whom to talk to: each address once, no more than MOST_CALLED, every host before a
    second address of any; the first ones of the best preference are asked about the recipient."""
    rounds = max((len(host.addresses) for host in hosts.hosts), default=0)
    pairs: dict[str, MailHost] = {}
    for turn in range(rounds):
        for host in hosts.hosts:
            for address in host.addresses[turn : turn + 1]:
                pairs.setdefault(address, host)
    best = min((host.preference for host in hosts.hosts if host.addresses), default=0)
    asked = [address for address, host in pairs.items() if host.preference == best][:_MOST_ASKED]
    return tuple(
        Call(host.name, address, address in asked)
        for address, host in list(pairs.items())[:MOST_CALLED]
    )


def _records(mx: Answer) -> tuple[tuple[int, str], ...]:
    records = []
    for record in mx.records:
        preference, _, name = record.partition(" ")
        if preference.isdigit():
            records.append((int(preference), name.strip().rstrip(".").lower()))
    return tuple(sorted(records))


def _with_addresses(named: list[tuple[int, str]], dns: Lookup) -> tuple[MailHost, ...]:
    questions = [
        (name, rdtype) for _, name in named if not _is_address(name) for rdtype in ("A", "AAAA")
    ]
    found: dict[str, list[Answer]] = {}
    for (name, _), answer in zip(questions, dns.ask_all(questions), strict=True):
        found.setdefault(name, []).append(answer)
    return tuple(_host(preference, name, found.get(name, [])) for preference, name in named)


def _host(preference: int, name: str, of_name: list[Answer]) -> MailHost:
    addresses = dict.fromkeys(record for answer in of_name for record in answer.records)
    return MailHost(name, preference, tuple(addresses), tuple(of_name))


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True
