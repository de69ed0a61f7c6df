"""Running one check against zone text and mail hosts that are made up."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import trustme

from tests.fakes import FakeLookup
from tracer.diagnostics.check import Check
from tracer.diagnostics.https import Fetched, Page
from tracer.diagnostics.model import Finding, Target, Verdict
from tracer.diagnostics.outbound import Outbound
from tracer.diagnostics.smtp import Call, Certificate, Conversation, Reply, Tls, Trouble
from tracer.diagnostics.texts import placeholders, words_of
from tracer.diagnostics.world import World
from tracer.model import DAY_US, micros

NOW_US = micros(datetime(2026, 11, 22, 12, tzinfo=UTC))
HOST, ADDRESS = "mx1.example.com", "192.0.2.25"
MX = f"""
    example.com 3600 MX 10 {HOST}.
    {HOST} 300 A {ADDRESS}
"""


def checked(check: Check, target: Target, zone: str = MX, **world: Any) -> list[Finding]:
    """The findings of a check; `authenticated` sets the AD bit of all answers."""
    lookup = FakeLookup(zone, authenticated=world.pop("authenticated", False))
    given = World(dns=lookup, now_us=NOW_US, **world)
    assert check.concerns(target)
    findings = list(check.run(target, given))
    asked = lookup.asked
    assert len(asked) == len(set(asked)), "a question was asked twice"
    for finding in findings:
        _assert_words_are_filled(finding)
    return findings


def _assert_words_are_filled(finding: Finding) -> None:
    """Its texts want nothing that it does not bring; `effective` comes from its fix."""
    name, _, what = finding.code.partition(".")
    for words in words_of(name)[what].values():
        lacking = placeholders(words) - set(finding.params)
        assert lacking <= {"effective"}, f"{finding.code}: {lacking}"
        if lacking:
            assert finding.fix is not None, finding.code


def codes(findings: Sequence[Finding]) -> dict[str, Verdict]:
    """Verdicts by code, without the check's name."""
    return {finding.code.partition(".")[2]: finding.verdict for finding in findings}


@dataclass
class FakeSmtp:
    """Mail hosts that say what they are told to; an address that is not named keeps silent."""

    hosts: Mapping[str, Conversation] = field(default_factory=dict)
    called: list[Call] = field(default_factory=list)

    def talk(self, calls: Sequence[Call]) -> tuple[Conversation, ...]:
        self.called += [call for call in calls if call not in self.called]
        silent = functools.partial(talk, trouble=Trouble.TIMEOUT, ehlo=None, banner=None)
        return tuple(
            self.hosts.get(call.address) or silent(call.host, call.address) for call in calls
        )


@dataclass
class FakeHttps:
    """One page for every address."""

    page: dict[str, Any]
    fetched: list[str] = field(default_factory=list)

    def fetch(self, host: str, addresses: Sequence[str], path: str) -> Page:
        url = f"https://{host}{path}"
        self.fetched.append(url)
        given: dict[str, Any] = {
            "outcome": Fetched.OK, "status": 200, "content_type": "text/plain",
        } | self.page  # fmt: skip
        return Page(url=url, **given)


def reply(text: str) -> Reply:
    """`"250 first\\nsecond"`."""
    code, _, rest = text.partition(" ")
    return Reply(int(code), tuple(rest.split("\n")))


def talk(host: str = HOST, address: str = ADDRESS, **said: Any) -> Conversation:
    """A conversation in which all went well, but for what is given; replies as text."""
    usual: dict[str, Any] = {
        "banner": f"220 {host} ESMTP",
        "ehlo": f"250 {host}\nSIZE 26214400\nSTARTTLS",
        "at": "TLS",
        "at_us": NOW_US,
    }
    given = usual | said
    for step in ("banner", "ehlo", "starttls", "mail", "recipient", "stranger"):
        if isinstance(given.get(step), str):
            given[step] = reply(given[step])
    return Conversation(host=host, address=address, port=25, **given)


def encrypted(host: str = HOST, address: str = ADDRESS, **said: Any) -> Conversation:
    """The same with TLS; `tls` may be given."""
    return talk(host, address, **{"starttls": "220 ready", "tls": tls(host)} | said)


def tls(host: str = HOST, **certificate: Any) -> Tls:
    """A session with a certificate that is valid for the host, but for what is given."""
    usual: dict[str, Any] = {
        "names": (host,),
        "issuer": "CN=Test",
        "not_before_us": NOW_US - 30 * DAY_US,
        "not_after_us": NOW_US + 60 * DAY_US,
        "trusted": True,
    }
    return Tls(
        version="TLSv1.3",
        cipher="TLS_AES_256_GCM_SHA384",
        chain=issued(host),
        certificate=Certificate(**usual | certificate),
    )


@functools.cache
def authority() -> trustme.CA:
    return trustme.CA()


@functools.cache
def issued(host: str) -> tuple[bytes, ...]:
    """A real certificate's chain in DER."""
    import ssl

    chain = [blob.bytes().decode() for blob in authority().issue_cert(host).cert_chain_pems]
    root = authority().cert_pem.bytes().decode()
    return tuple(ssl.PEM_cert_to_DER_cert(pem) for pem in (*chain, root))


LAB = Outbound(private=("127.0.0.0/8",))
