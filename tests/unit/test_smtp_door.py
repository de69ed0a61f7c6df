"""Conversations with mail hosts on loopback: what is said, when it ends, what is never said."""

from __future__ import annotations

import datetime
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.mail_host import HANG_UP, SILENCE, MailHost
from tests.unit.checking import LAB
from tracer.diagnostics.checks.starttls import faults_of
from tracer.diagnostics.model import Target
from tracer.diagnostics.outbound import ANYWHERE, Outbound, Refusal, is_internal, is_public
from tracer.diagnostics.smtp import Call, Conversation, Trouble
from tracer.diagnostics.smtp_door import SmtpDoor
from tracer.diagnostics.smtp_tls import Roots

MX = "mx.example.com"
TARGET = Target(sender="kim@example.net", recipient="anna@example.com")
PROBE = Target(
    sender="kim@example.net", recipient="anna@example.com",
    probe_recipient=True, probe_catch_all=True,
)  # fmt: skip


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def roots(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Roots:
    path = tmp_path_factory.mktemp("roots") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return Roots(str(path))


@pytest.fixture
def call(roots: Roots) -> Iterator[Callable[..., Conversation]]:
    """Talks to one host; `target`, `seconds`, `outbound` may be given."""

    def talk(host: MailHost, target: Target = TARGET, name: str = MX, **door: Any) -> Conversation:
        given: dict[str, Any] = {"helo": "client.example.net", "seconds": 3.0, "roots": roots}
        outbound = door.pop("outbound", LAB)
        smtp = SmtpDoor(target, outbound, port=host.port, **given | door)
        (said,) = smtp.talk([Call(name, host.address, ask_recipient=True)])
        return said

    yield talk


def test_a_host_is_heard_to_the_end_and_no_message_is_begun(
    authority: trustme.CA, call: Callable[..., Conversation]
) -> None:
    with MailHost(certificate=authority.issue_cert(MX)) as host:
        said = call(host)
        _until(lambda: host.heard[-1:] == ["QUIT"])
        assert host.heard == ["EHLO client.example.net", "STARTTLS", "QUIT"]
    assert said.trouble is Trouble.NONE
    assert said.extensions == {"SIZE": "26214400", "STARTTLS": ""}
    assert said.tls is not None and said.tls.certificate is not None
    assert said.tls.version == "TLSv1.3"
    assert said.tls.certificate.names == (MX,)
    assert faults_of(said.tls, MX, said.at_us) == ()
    assert "> EHLO client.example.net" in said.evidence.answer
    assert said.evidence.server == f"{MX}[127.0.0.1]:{host.port}"


def test_a_recipient_is_asked_about_only_when_wanted_and_taken_back(
    authority: trustme.CA, call: Callable[..., Conversation]
) -> None:
    with MailHost(certificate=authority.issue_cert(MX)) as host:
        said = call(host, PROBE)
        _until(lambda: host.heard[-1:] == ["QUIT"])
        words = [line.split(":")[0].split(" ")[0] for line in host.heard]
    assert words == ["EHLO", "STARTTLS", "EHLO", "MAIL", "RCPT", "RCPT", "RSET", "QUIT"]
    assert said.recipient is not None and said.recipient.code == 250
    assert said.stranger is not None


def test_one_address_is_called_once_whoever_asks(authority: trustme.CA, roots: Roots) -> None:
    with MailHost(certificate=authority.issue_cert(MX)) as host:
        door = SmtpDoor(TARGET, LAB, port=host.port, roots=roots)
        first = door.talk([Call(MX, host.address), Call("mx2.example.com", host.address)])
        again = door.talk([Call(MX, host.address)])
        assert host.connections == 1
    assert [said.host for said in first] == [MX, "mx2.example.com"]
    assert again[0] == first[0]


@pytest.mark.parametrize("kind", ["expired", "wrong_name", "untrusted"])
def test_a_bad_certificate_is_read_in_the_one_connection_there_is(
    kind: str, authority: trustme.CA, call: Callable[..., Conversation]
) -> None:
    ends = datetime.datetime(2026, 1, 1) if kind == "expired" else None
    issuer = trustme.CA() if kind == "untrusted" else authority
    name = "other.example.com" if kind == "wrong_name" else MX
    begins = datetime.datetime(2025, 1, 1) if ends else None
    certificate = issuer.issue_cert(name, not_before=begins, not_after=ends)
    with MailHost(certificate=certificate) as host:
        said = call(host)
        assert host.connections == 1
    assert said.offers_starttls is True
    assert said.tls is not None
    assert faults_of(said.tls, MX, time.time_ns() // 1000) == (kind,)


@pytest.mark.parametrize(
    ("replies", "trouble", "at"),
    [
        ({"": SILENCE}, Trouble.TIMEOUT, "BANNER"),
        ({"EHLO": SILENCE}, Trouble.TIMEOUT, "EHLO"),
        ({"STARTTLS": SILENCE}, Trouble.TIMEOUT, "STARTTLS"),
        ({"": HANG_UP}, Trouble.CLOSED, "BANNER"),
        ({"EHLO": HANG_UP}, Trouble.CLOSED, "EHLO"),
        ({"": "HTTP/1.1 400 Bad Request"}, Trouble.NOT_SMTP, "BANNER"),
        ({"": "220-" + "x" * 40_000}, Trouble.NOT_SMTP, "BANNER"),
    ],
)
def test_trouble_is_told_with_the_step(
    replies: dict[str, str], trouble: Trouble, at: str, call: Callable[..., Conversation]
) -> None:
    with MailHost(replies) as host:
        said = call(host, seconds=0.4)
    assert (said.trouble, said.at) == (trouble, at)


def test_a_host_that_drips_is_left_in_time(call: Callable[..., Conversation]) -> None:
    with MailHost(drip_s=0.05) as host:
        began = time.monotonic()
        said = call(host, seconds=0.5)
        assert time.monotonic() - began < 1.5
    assert (said.trouble, said.at) == (Trouble.TIMEOUT, "BANNER")


@pytest.mark.parametrize(
    ("replies", "step"),
    [({"": "421 4.7.0 too many"}, "banner"), ({"EHLO": "450 4.7.1 later"}, "ehlo")],
)
def test_a_host_that_puts_us_off_has_offered_nothing_and_refused_nothing(
    replies: dict[str, str], step: str, call: Callable[..., Conversation]
) -> None:
    with MailHost(replies) as host:
        said = call(host)
    reply = getattr(said, step)
    assert said.turned_away is reply and not reply.is_permanent
    assert said.offers_starttls is None


def test_a_closed_port_is_refused(call: Callable[..., Conversation]) -> None:
    with MailHost() as host:
        pass
    assert call(host).trouble is Trouble.REFUSED


@pytest.mark.parametrize(
    ("outbound", "trouble"),
    [(Outbound(), Trouble.NOT_PUBLIC), (Outbound(False, ANYWHERE), Trouble.OFF)],
)
def test_an_address_that_may_not_be_reached_is_not_called(
    outbound: Outbound, trouble: Trouble, call: Callable[..., Conversation]
) -> None:
    with MailHost() as host:
        assert call(host, outbound=outbound).trouble is trouble
        assert host.connections == 0


@pytest.mark.parametrize(
    "recipient",
    [
        "a\r\nDATA@example.com",
        "a b@example.com",
        "<a>@example.com",
        "no address",
        "\udc80@example.com",
    ],
)
def test_an_address_that_would_be_a_command_is_never_said(
    recipient: str, authority: trustme.CA, call: Callable[..., Conversation]
) -> None:
    with MailHost(certificate=authority.issue_cert(MX)) as host:
        call(host, Target(recipient=recipient, probe_recipient=True))
        _until(lambda: host.heard[-1:] == ["QUIT"])
        assert host.heard == ["EHLO client.example.net", "STARTTLS", "QUIT"]


@pytest.mark.parametrize("keyword", ["SMTPUTF8", "8BITMIME"])
def test_an_address_beyond_ascii_is_said_only_to_a_host_that_takes_it(
    keyword: str, call: Callable[..., Conversation]
) -> None:
    with MailHost({"EHLO": f"250-mx\r\n250 {keyword}"}) as host:
        said = call(host, Target(recipient="анна@пример.example", probe_recipient=True))
        _until(lambda: host.heard[-1:] == ["QUIT"])
    asked = "RCPT TO:<анна@xn--e1afmkfd.example>" in host.heard
    assert asked is (said.recipient is not None) is (keyword == "SMTPUTF8")
    assert not asked or "MAIL FROM:<> SMTPUTF8" in host.heard


def test_a_host_that_knows_no_ehlo_is_greeted_with_helo(call: Callable[..., Conversation]) -> None:
    with MailHost({"EHLO": "500 what?", "HELO": "250 mx.example.com"}) as host:
        said = call(host)
    assert said.offers_starttls is False and said.turned_away is None


def test_plain_text_that_hides_behind_starttls_is_forgotten(
    authority: trustme.CA, call: Callable[..., Conversation]
) -> None:
    injected = {"STARTTLS": "220 ready\r\n250 injected"}
    with MailHost(injected, certificate=authority.issue_cert(MX)) as host:
        said = call(host, PROBE)
    assert "injected" not in said.transcript.split("> STARTTLS")[1].replace("220 ready", "", 1)


def test_without_roots_nobody_is_called_untrusted(authority: trustme.CA, tmp_path: Path) -> None:
    with MailHost(certificate=authority.issue_cert(MX)) as host:
        door = SmtpDoor(TARGET, LAB, port=host.port, roots=Roots(str(tmp_path / "none.pem")))
        (said,) = door.talk([Call(MX, host.address)])
    assert said.tls is not None and said.tls.certificate is not None
    assert said.tls.certificate.trusted is None
    assert faults_of(said.tls, MX, said.at_us) == ()


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("100.64.0.1", False),
        ("169.254.169.254", False),
        ("192.0.2.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("fe80::1", False),
        ("fc00::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:8.8.8.8", True),
        ("::127.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::808:808", True),
        ("2002:7f00:1::", False),
        ("fe80::1%eth0", False),
        ("localhost", False),
        ("0x7f.1", False),
        ("2130706433", False),
    ],
)
def test_only_public_addresses_are_reached(address: str, public: bool) -> None:
    assert is_public(address) is public
    assert (Outbound().refuses(address) is Refusal.NONE) is public
    assert Outbound(enabled=False).refuses(address) is Refusal.OFF


def test_named_networks_may_be_reached_and_no_others() -> None:
    assert LAB.refuses("127.0.0.9") is Refusal.NONE
    assert LAB.refuses("10.0.0.1") is Refusal.NOT_PUBLIC
    assert is_internal("10.0.0.1") and not is_internal("192.0.2.1")


def _until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < end, "in vain"
        os.sched_yield()
