"""What is said about mail hosts and their answers about a recipient."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.checking import ADDRESS, HOST, MX, FakeSmtp, checked, codes, encrypted, talk
from tracer.diagnostics.checks import smtp, starttls
from tracer.diagnostics.model import Finding, Side, Target, Verdict
from tracer.diagnostics.smtp import Conversation, Trouble

FAIL, WARNING, UNKNOWN, PASS, NA = (
    Verdict.FAIL, Verdict.WARNING, Verdict.UNKNOWN, Verdict.PASS, Verdict.NA,
)  # fmt: skip
TO = Target(sender="kim@example.net", recipient="anna@example.com")
PROBE = Target(sender="kim@example.net", recipient="anna@example.com", probe_recipient=True)
TWO = f"{MX}\nexample.com MX 20 mx2.example.com.\nmx2.example.com A 192.0.2.26"
NOTHING: dict[str, Any] = {"banner": None, "ehlo": None}


def found(*talks: Conversation, target: Target = TO, zone: str = MX) -> list[Finding]:
    hosts = {one.address: one for one in talks}
    return checked(smtp.CHECK, target, zone, smtp=FakeSmtp(hosts))


def second(**said: Any) -> Conversation:
    return talk("mx2.example.com", "192.0.2.26", **said)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({}, {"answers": PASS}),
        ({"trouble": Trouble.REFUSED, **NOTHING}, {"refused": FAIL}),
        ({"trouble": Trouble.TIMEOUT, "at": "BANNER", **NOTHING}, {"slow": UNKNOWN}),
        ({"trouble": Trouble.TIMEOUT, "at": "CONNECT", **NOTHING}, {"port_25_blocked": UNKNOWN}),
        ({"trouble": Trouble.CLOSED, "at": "EHLO", "ehlo": None}, {"hung_up": UNKNOWN}),
        ({"trouble": Trouble.NOT_SMTP, **NOTHING}, {"not_smtp": FAIL}),
        ({"trouble": Trouble.NO_ROUTE, **NOTHING}, {"no_route": UNKNOWN}),
        ({"trouble": Trouble.NOT_PUBLIC, **NOTHING}, {"not_public": NA}),
        ({"trouble": Trouble.OFF, **NOTHING}, {"off": NA}),
        ({"banner": "421 too many connections", "ehlo": None}, {"put_off": UNKNOWN}),
        ({"banner": "554 no service for you", "ehlo": None}, {"turned_away": WARNING}),
        ({"ehlo": "450 4.7.1 try later"}, {"put_off": UNKNOWN}),
    ],
)
def test_what_a_single_host_says(said: dict[str, Any], expected: dict[str, Verdict]) -> None:
    assert codes(found(talk(**said))) == expected


def test_a_dead_host_beside_a_living_one_is_no_blocked_port() -> None:
    silent = second(trouble=Trouble.TIMEOUT, at="CONNECT", **NOTHING)
    assert codes(found(talk(), silent, zone=TWO)) == {"silent": UNKNOWN, "answers": PASS}


def test_a_refusing_host_beside_a_living_one_is_a_warning() -> None:
    refusing = second(trouble=Trouble.REFUSED, **NOTHING)
    assert codes(found(talk(), refusing, zone=TWO)) == {"refused": WARNING, "answers": PASS}


def test_ipv6_without_a_way_there_says_nothing_about_the_host() -> None:
    zone = f"{MX}\n{HOST} AAAA 2001:db8::25"
    unrouted = talk(address="2001:db8::25", trouble=Trouble.NO_ROUTE, **NOTHING)
    assert codes(found(talk(), unrouted, zone=zone)) == {"answers": PASS}


def test_when_no_host_can_be_connected_to_our_own_port_is_suspected() -> None:
    silent = {"trouble": Trouble.TIMEOUT, "at": "CONNECT", **NOTHING}
    findings = found(talk(**silent), second(**silent), zone=TWO)
    assert codes(findings) == {"port_25_blocked": UNKNOWN}
    assert findings[0].side is Side.US


def test_smtp_switched_off_is_told() -> None:
    assert codes(checked(smtp.CHECK, TO)) == {"off": NA}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"recipient": "250 2.1.5 Ok"}, {"recipient_accepted": PASS}),
        ({"recipient": "550 5.1.1 no such user"}, {"recipient_unknown": FAIL}),
        ({"recipient": "550 no such user"}, {"recipient_unknown": FAIL}),
        ({"recipient": "550 5.7.1 blocked"}, {"recipient_refused": FAIL}),
        ({"recipient": "554 5.7.1 blocked"}, {"recipient_refused": FAIL}),
        ({"recipient": "450 4.2.0 greylisted, see example.com"}, {"recipient_put_off": UNKNOWN}),
        ({"recipient": "451 4.7.1 try again in 300 s"}, {"recipient_put_off": UNKNOWN}),
        ({"recipient": "421 4.7.0 too fast"}, {"recipient_put_off": UNKNOWN}),
        ({"recipient": "452 4.2.2 mailbox full"}, {"recipient_full": WARNING}),
        ({"recipient": "552 5.2.2 mailbox full"}, {"recipient_full": WARNING}),
        ({"recipient": "250 ok", "stranger": "250 ok"}, {"catch_all": UNKNOWN}),
        ({"recipient": "250 ok", "stranger": "550 no"}, {"recipient_accepted": PASS}),
        ({"mail": "550 5.7.1 sender not allowed"}, {"sender_refused": FAIL}),
        ({"mail": "451 4.1.8 try again"}, {"recipient_put_off": UNKNOWN}),
        ({}, {"recipient_not_asked": UNKNOWN}),
    ],
)
def test_what_a_host_says_of_a_recipient(
    said: dict[str, Any], expected: dict[str, Verdict]
) -> None:
    given = {"mail": "250 ok"} | said
    assert codes(found(encrypted(**given), target=PROBE)) == {"answers": PASS} | expected


def test_the_reply_is_shown_as_it_came() -> None:
    findings = found(
        encrypted(mail="250 ok", recipient="450 4.2.0 Greylisted\nsee x"), target=PROBE
    )
    assert findings[-1].params["reply"] == "450 4.2.0 Greylisted\n450 see x"


@pytest.mark.parametrize(
    "said",
    [
        {"banner": "421 too many connections from you", "ehlo": None},
        {"ehlo": "450 4.7.1 slow down"},
        {"trouble": Trouble.TIMEOUT, **NOTHING},
        {"trouble": Trouble.CLOSED, "ehlo": None},
        {"starttls": "454 4.7.0 TLS not available", "tls": None},
        {"starttls": "421 4.7.0 too many connections", "tls": None},
        {"trouble": Trouble.TIMEOUT, "starttls": None, "tls": None},
    ],
)
def test_a_host_that_puts_us_off_is_not_without_starttls(said: dict[str, Any]) -> None:
    world = FakeSmtp({ADDRESS: talk(**said)})
    findings = checked(starttls.CHECK, TO, MX, smtp=world)
    assert {finding.verdict for finding in findings} == {UNKNOWN}


def test_the_size_limit_and_the_banner_are_told() -> None:
    (finding,) = found(talk())
    assert finding.params["size"] == "26"
    assert finding.params["banner"] == f"220 {HOST} ESMTP"


def test_only_the_preferred_hosts_are_asked_about_the_recipient() -> None:
    door = FakeSmtp({ADDRESS: encrypted(), "192.0.2.26": second()})
    checked(smtp.CHECK, PROBE, TWO, smtp=door)
    assert [(call.address, call.ask_recipient) for call in door.called] == [
        (ADDRESS, True), ("192.0.2.26", False),
    ]  # fmt: skip
