"""A test internet with planted faults: a diagnosis finds exactly these, no more, no fewer.

Signed, unsigned and bogus zones, block lists that work and that do not, mail hosts with good,
expired and wrong certificates, one that keeps silent, one that is busy, one behind a firewall,
hosts of MTA-STS policies: all on loopback.
"""

from __future__ import annotations

import base64
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.needs import need
from tests.system.internet.hosts import Certificates, mail_hosts, web_hosts
from tests.system.internet.programs import Dns
from tracer.diagnostics.https_door import HttpsDoor
from tracer.diagnostics.lookup import Lookup
from tracer.diagnostics.model import Report, Target, Verdict
from tracer.diagnostics.outbound import Outbound
from tracer.diagnostics.run import chosen, diagnose
from tracer.diagnostics.smtp_door import SmtpDoor
from tracer.diagnostics.smtp_tls import Roots
from tracer.diagnostics.world import World

LISTS = Path(__file__).parent / "internet" / "blocklists.toml"
OUTBOUND = Outbound(private=("127.0.71.0/24",))
GOOD_IP = "198.51.100.10"
FINE = frozenset({Verdict.PASS, Verdict.NA})


@dataclass(frozen=True)
class Internet:
    """Where everything is."""

    resolver: str
    smtp_port: int
    https_port: int
    ca_file: str

    def diagnose(self, target: Target, *names: str, lists: str = str(LISTS)) -> Report:
        """A whole run, or only these checks."""
        roots = Roots(self.ca_file)
        world = World(
            dns=Lookup([self.resolver]),
            smtp=SmtpDoor(
                target, OUTBOUND, port=self.smtp_port, roots=roots, helo="client.good.test",
                seconds=1.5,
            ),
            https=HttpsDoor(OUTBOUND, port=self.https_port, ca_file=self.ca_file),
            now_us=time.time_ns() // 1000,
            options={"blocklists": lists},
            outbound=OUTBOUND,
        )  # fmt: skip
        return diagnose(target, world, chosen(names))


@pytest.fixture(scope="module")
def internet() -> Iterator[Internet]:
    for program in ("knotd", "keymgr", "rbldnsd", "unbound"):
        need(program)
    with TemporaryDirectory(prefix="internet") as folder:
        certificates = Certificates(Path(folder))
        filled = {**certificates.pins(), "DKIM": _dkim_key()}
        with (
            mail_hosts(certificates) as smtp_port,
            web_hosts(certificates) as https_port,
            Dns(Path(folder), filled) as names,
        ):
            yield Internet(names.resolver, smtp_port, https_port, certificates.ca_file)


def _dkim_key() -> str:
    key = rsa.generate_private_key(65537, 2048).public_key()
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    text = base64.b64encode(der).decode()
    return f'{text[:200]}" "{text[200:]}'


def faults(report: Report) -> dict[str, Verdict]:
    """What a person has to look at."""
    return {
        finding.code: finding.verdict for finding in report.findings if finding.verdict not in FINE
    }


@pytest.fixture(scope="module")
def only_good(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A file with the block lists that work."""
    path = tmp_path_factory.mktemp("lists") / "good.toml"
    path.write_text(LISTS.read_text().split('[[list]]\nname = "Refusing"')[0])
    return str(path)


def test_a_healthy_pair_has_no_fault(internet: Internet, only_good: str) -> None:
    target = Target(
        sender="kim@good.test", recipient="anna@good.test", ips=(GOOD_IP,),
        helo="mail.good.test", selectors=("s1",), probe_recipient=True,
    )  # fmt: skip
    report = internet.diagnose(target, lists=only_good)
    assert faults(report) == {}
    passed = {finding.code for finding in report.findings if finding.verdict is Verdict.PASS}
    assert passed >= {
        "mx.found", "smtp.answers", "smtp.recipient_accepted", "starttls.encrypted",
        "dane.matches", "mta_sts.enforced", "tls_rpt.published", "dnssec.secure",
        "ptr.confirmed", "helo.matches", "dnsbl.clean", "client_setup.found",
    }  # fmt: skip
    dane = [finding.subject for finding in report.findings if finding.code == "dane.matches"]
    assert dane == ["mx1.good.test", "mx2.good.test"]


FAIL, WARNING, UNKNOWN = Verdict.FAIL, Verdict.WARNING, Verdict.UNKNOWN
PLANTED: dict[str, dict[str, Verdict]] = {
    "pinned.test": {"dane.mismatch": FAIL},
    "expired.plain.test": {"starttls.expired": WARNING},
    "wrong.plain.test": {"starttls.wrong_name": WARNING},
    "selfsigned.plain.test": {"starttls.untrusted": WARNING},
    "clear.plain.test": {"starttls.not_offered": WARNING},
    "tarpit.plain.test": {"smtp.slow": UNKNOWN, "starttls.not_known": UNKNOWN},
    "busy.plain.test": {"smtp.put_off": UNKNOWN, "starttls.not_known": UNKNOWN},
    "closed.plain.test": {"smtp.refused": FAIL, "starttls.not_known": UNKNOWN},
    "blackhole.plain.test": {"smtp.port_25_blocked": UNKNOWN, "starttls.not_known": UNKNOWN},
    "half.plain.test": {"smtp.refused": WARNING},
    "null.plain.test": {"mx.null": FAIL},
    "alias.plain.test": {"mx.alias": WARNING, "starttls.wrong_name": WARNING},
    "dangling.plain.test": {"mx.unresolvable": FAIL},
    "private.plain.test": {"mx.not_public": FAIL},
    "implicit.plain.test": {"mx.implicit": WARNING, "starttls.wrong_name": WARNING},
    "nothing.plain.test": {"mx.no_domain": FAIL},
    "sts-invalid.plain.test": {
        "mta_sts.mx_not_valid": FAIL, "starttls.untrusted": WARNING,
    },
    "sts-cert.plain.test": {"mta_sts.certificate": WARNING},
    "sts-other.plain.test": {"mta_sts.mx_not_named": FAIL},
    "sts-redirect.plain.test": {"mta_sts.redirect": WARNING, "tls_rpt.missing": WARNING},
}  # fmt: skip


@pytest.mark.parametrize("domain", PLANTED)
def test_a_recipients_domain_has_exactly_the_planted_fault(domain: str, internet: Internet) -> None:
    report = internet.diagnose(Target(recipient=domain))
    assert faults(report) == PLANTED[domain]


def test_a_domain_whose_signatures_fail_is_told_as_such(internet: Internet) -> None:
    found = faults(internet.diagnose(Target(recipient="bogus.test")))
    assert found.pop("dnssec.bogus") is FAIL
    assert set(found.values()) == {UNKNOWN}


def test_a_domain_whose_name_server_is_dead_has_no_fault_of_its_own(internet: Internet) -> None:
    began = time.monotonic()
    report = internet.diagnose(Target(sender="silent.test", recipient="anna@silent.test"))
    of_names = [finding for finding in report.findings if finding.check != "dnsbl"]
    assert {finding.verdict for finding in of_names} == {UNKNOWN, Verdict.NA}
    assert time.monotonic() - began < 30


@pytest.mark.parametrize(
    ("ip", "expected"),
    [
        ("198.51.100.77", {"ptr.missing": FAIL}),
        ("198.51.100.78", {"ptr.not_confirmed": FAIL}),
        ("198.51.100.80", {"ptr.generic": WARNING}),
        ("198.51.100.66", {"dnsbl.listed": FAIL}),
        (GOOD_IP, {}),
    ],
)
def test_a_sending_address_has_exactly_the_planted_fault(
    ip: str, expected: dict[str, Verdict], internet: Internet, only_good: str
) -> None:
    assert faults(internet.diagnose(Target(ips=(ip,)), lists=only_good)) == expected


def test_block_lists_that_tell_nothing_are_told_by_the_reason(internet: Internet) -> None:
    report = internet.diagnose(Target(ips=(GOOD_IP, "2001:db8::66")), "dnsbl")
    found = {finding.code: finding.params.get("lists") for finding in report.findings}
    assert found == {
        "dnsbl.listed": None,
        "dnsbl.clean": "Addresses",
        "dnsbl.refused": "Refusing",
        "dnsbl.lists_everything": "World",
        "dnsbl.dead": "Gone",
        "dnsbl.silent": "Silent",
    }
    listed = next(f for f in report.findings if f.code == "dnsbl.listed")
    assert listed.subject == "2001:db8::66"


def test_a_listed_domain_is_found_by_its_name(internet: Internet, only_good: str) -> None:
    target = Target(sender="news@mail.listed.example")
    report = internet.diagnose(target, "dnsbl", lists=only_good)
    assert [(f.code, f.subject) for f in report.findings] == [("dnsbl.listed", "listed.example")]


@pytest.mark.parametrize(
    ("recipient", "code"),
    [
        ("anna@good.test", "smtp.recipient_accepted"),
        ("nobody@good.test", "smtp.recipient_unknown"),
        ("grey@good.test", "smtp.recipient_put_off"),
    ],
)
def test_a_recipient_is_asked_about_where_it_was_wanted(
    recipient: str, code: str, internet: Internet
) -> None:
    probed = Target(recipient=recipient, probe_recipient=True)
    assert code in {finding.code for finding in internet.diagnose(probed, "smtp").findings}
    quiet = internet.diagnose(Target(recipient=recipient), "smtp")
    assert {finding.code for finding in quiet.findings} == {"smtp.answers"}


def test_no_question_is_asked_twice_and_all_go_to_the_one_resolver(internet: Internet) -> None:
    report = internet.diagnose(Target(sender="kim@good.test", recipient="anna@good.test"))
    evidence = {
        (one.question, one.at_us): one
        for finding in report.findings
        for one in finding.evidence
        if one.source == "dns"
    }
    questions = [question for question, _ in evidence]
    assert len(questions) == len(set(questions))
    assert {one.server for one in evidence.values()} == {internet.resolver}


@pytest.mark.parametrize(
    ("sender", "ip", "helo", "selector", "expected"),
    [
        ("kim@good.test", GOOD_IP, "mail.good.test", "s1", {}),
        (
            "kim@good.test", "198.51.100.66", "localhost", "s2",
            {
                "spf.not_authorized": FAIL, "dkim.missing": FAIL, "helo.not_qualified": FAIL,
                "dnsbl.listed": FAIL,
            },
        ),
        (
            "kim@expired.plain.test", GOOD_IP, "", "",
            {"spf.missing": FAIL, "dkim.no_selector": UNKNOWN, "dmarc.missing": WARNING},
        ),
    ],
)  # fmt: skip
def test_a_sender_has_exactly_the_planted_faults(
    sender: str, ip: str, helo: str, selector: str, expected: dict[str, Verdict],
    internet: Internet, only_good: str,
) -> None:  # fmt: skip
    selectors = (selector,) if selector else ()
    target = Target(
        sender=sender, recipient="anna@good.test", ips=(ip,), helo=helo, selectors=selectors
    )
    assert faults(internet.diagnose(target, lists=only_good)) == expected


def test_one_dead_name_server_and_one_tarpit_do_not_keep_a_run_waiting(
    internet: Internet,
) -> None:
    target = Target(recipient="tarpit.plain.test")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.1", 0))
        dead = f"127.0.0.1:{deaf.getsockname()[1]}"
        smtp = SmtpDoor(target, OUTBOUND, port=internet.smtp_port)
        world = World(dns=Lookup([dead, internet.resolver]), smtp=smtp, outbound=OUTBOUND)
        began = time.monotonic()
        report = diagnose(target, world)
        assert time.monotonic() - began < 8  # 5 s on a machine that does nothing else
    assert faults(report) == PLANTED["tarpit.plain.test"]
