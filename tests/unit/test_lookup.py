"""Every outcome of a DNS question, told apart, and asked once."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Callable

import dns.name
import dns.resolver
import pytest

from tests.fakes import FakeLookup
from tests.nameserver import NameServer
from tests.zone_text import Records
from tracer.diagnostics.lookup import (
    Answered,
    BadNameserver,
    Lookup,
    Nameserver,
    ascii_name,
    parse_nameserver,
    servers,
)

ZONE = """
    example.com             300  TXT    "v=spf1 " "-all"
    example.com             600  MX     10 mx.example.com.
    example.com             600  MX     20 mx2.example.com.
    mx.example.com               A      192.0.2.1
    www.example.com         60   CNAME  web.example.com.
    web.example.com         900  A      192.0.2.80
    a.b.example.com              TXT    "deep"
    *.wild.example.com           A      192.0.2.9
    there.wild.example.com       TXT    "here"
    far.example.com              CNAME  nowhere.example.com.
    loop.example.com             CNAME  loop2.example.com.
    loop2.example.com            CNAME  loop.example.com.
    xn--bcher-kva.example.com    A      192.0.2.5
    octets.example.com           TXT    "caf\\233"
"""


@pytest.fixture(params=["wire", "fake"])
def ask(request: pytest.FixtureRequest) -> object:
    """`ask(name, type)` of a real Lookup at a real server, and of the fake: they must agree."""
    if request.param == "fake":
        yield FakeLookup(ZONE).ask
        return
    with NameServer(ZONE) as server:
        yield Lookup([server.address]).ask


def test_txt_strings_are_joined_without_a_space(ask: Callable) -> None:
    answer = ask("example.com", "TXT")
    assert answer.outcome is Answered.ANSWER
    assert answer.records == ("v=spf1 -all",)
    assert answer.ttl_s == 300


def test_records_are_text_in_the_servers_order(ask: Callable) -> None:
    assert sorted(ask("example.com", "MX").records) == [
        "10 mx.example.com.",
        "20 mx2.example.com.",
    ]


def test_octets_beyond_ascii_are_read_as_latin_1(ask: Callable) -> None:
    assert ask("octets.example.com", "TXT").records == ("caf\xe9",)


def test_a_name_without_this_type_is_nodata_and_not_nxdomain(ask: Callable) -> None:
    assert ask("example.com", "AAAA").outcome is Answered.NODATA


def test_a_name_above_a_longer_one_exists(ask: Callable) -> None:
    assert ask("b.example.com", "TXT").outcome is Answered.NODATA


def test_a_name_that_is_not_there_is_nxdomain(ask: Callable) -> None:
    answer = ask("no.example.com", "A")
    assert answer.outcome is Answered.NXDOMAIN
    assert answer.absent and answer.known
    assert answer.ttl_s == 60


def test_a_wildcard_answers_for_names_that_are_not_there(ask: Callable) -> None:
    assert ask("any.wild.example.com", "A").records == ("192.0.2.9",)
    assert ask("there.wild.example.com", "A").outcome is Answered.NODATA


def test_a_cname_is_followed_and_the_shortest_ttl_counts(ask: Callable) -> None:
    answer = ask("WWW.Example.COM.", "a")
    assert (answer.name, answer.rdtype) == ("www.example.com", "A")
    assert answer.records == ("192.0.2.80",)
    assert answer.canonical == "web.example.com"
    assert answer.ttl_s == 60


def test_a_cname_to_nowhere_is_nxdomain(ask: Callable) -> None:
    assert ask("far.example.com", "A").outcome is Answered.NXDOMAIN


def test_a_name_in_letters_beyond_ascii_is_asked_in_a_labels(ask: Callable) -> None:
    answer = ask("Bücher.example.com", "A")
    assert answer.name == "xn--bcher-kva.example.com"
    assert answer.records == ("192.0.2.5",)


@pytest.mark.parametrize(
    "name",
    ["", ".", "a..example.com", "x" * 64 + ".example.com", "a." * 127 + "com", "\ud83d\udca9.\xad"],
)
def test_a_name_that_cannot_exist_is_not_asked(ask: Callable, name: str) -> None:
    answer = ask(name, "A")
    assert answer.outcome is Answered.NXDOMAIN
    assert answer.evidence.server == ""
    assert "not a valid domain name" in answer.evidence.note


def test_labels_of_any_ascii_are_asked_as_they_are() -> None:
    with NameServer() as server:
        Lookup([server.address]).ask("a b%(x).example.com", "A")
        assert server.asked == [(r"a\032b%\(x\).example.com", "A")]


def test_a_cname_that_the_server_does_not_follow_is_followed_here() -> None:
    records = Records.read(ZONE)
    records.follow = False
    with NameServer(records) as server:
        lookup = Lookup([server.address])
        answer = lookup.ask("www.example.com", "A")
        assert answer.records == ("192.0.2.80",)
        assert answer.canonical == "web.example.com"
        assert answer.ttl_s == 60
        assert lookup.ask("loop.example.com", "A").outcome is Answered.NODATA
        assert lookup.ask("far.example.com", "A").outcome is Answered.NXDOMAIN
        assert len(server.asked) == len(set(server.asked))


def test_silence_is_temporary_and_never_absence() -> None:
    with NameServer("example.com TXT !TIMEOUT") as server:
        answer = Lookup([server.address], timeout_s=0.05).ask("example.com", "TXT")
    assert answer.outcome is Answered.TEMPORARY
    assert not answer.known and not answer.absent
    assert answer.evidence.note == "no answer in time"
    assert answer.evidence.server == server.address


@pytest.mark.parametrize("fault", ["SERVFAIL", "REFUSED"])
def test_a_refusal_is_temporary_and_named(fault: str) -> None:
    with NameServer(f"example.com * !{fault}") as server:
        answer = Lookup([server.address]).ask("example.com", "TXT")
    assert answer.outcome is Answered.TEMPORARY
    assert answer.evidence.note == fault


def test_an_answer_cut_by_udp_is_asked_again_by_tcp() -> None:
    with NameServer('example.com TXT "v=spf1 -all"\nexample.com TXT !TC') as server:
        answer = Lookup([server.address]).ask("example.com", "TXT")
        assert answer.records == ("v=spf1 -all",)
        assert server.tcp_asked == [("example.com", "TXT")]


def test_an_answer_too_big_for_udp_comes_whole() -> None:
    text = " ".join(f'"{n:0250}"' for n in range(20))
    with NameServer(f"example.com TXT {text}") as server:
        answer = Lookup([server.address]).ask("example.com", "TXT")
    assert len(answer.records[0]) == 20 * 250


def test_a_failed_validation_is_bogus_with_the_resolvers_words() -> None:
    with NameServer("example.com A 192.0.2.1\nexample.com * !BOGUS") as server:
        answer = Lookup([server.address]).ask("example.com", "A")
    assert answer.outcome is Answered.BOGUS
    assert "EDE 6" in answer.evidence.note


def test_a_failure_that_only_validation_explains_is_bogus() -> None:
    with NameServer("example.com A 192.0.2.1\nexample.com * !BOGUS", says_why=False) as server:
        answer = Lookup([server.address]).ask("example.com", "A")
    assert answer.outcome is Answered.BOGUS
    assert "fails DNSSEC validation" in answer.evidence.note


def test_the_ad_bit_is_told() -> None:
    with NameServer(ZONE, authenticated=True) as server:
        answer = Lookup([server.address]).ask("mx.example.com", "A")
    assert answer.authenticated and answer.evidence.authenticated


def test_evidence_tells_who_was_asked_and_what_came() -> None:
    with NameServer(ZONE) as server:
        evidence = Lookup([server.address]).ask("example.com", "MX").evidence
    assert evidence.question == "example.com MX"
    assert "10 mx.example.com." in evidence.answer.splitlines()
    assert evidence.server == server.address
    assert evidence.at_us > 1_700_000_000_000_000
    assert evidence.took_ms is not None and evidence.took_ms >= 0


@pytest.mark.parametrize("fault", ["TIMEOUT", "SERVFAIL", "REFUSED"])
def test_the_next_server_is_asked_when_one_fails(fault: str) -> None:
    with NameServer(f"example.com * !{fault}") as bad, NameServer(ZONE) as good:
        answer = Lookup([bad.address, good.address], timeout_s=0.1).ask("example.com", "MX")
        assert answer.outcome is Answered.ANSWER
        assert answer.evidence.server == good.address


def test_a_silent_server_is_asked_last_from_then_on() -> None:
    with NameServer("com * !TIMEOUT\nexample.com * !TIMEOUT") as bad, NameServer(ZONE) as good:
        lookup = Lookup([bad.address, good.address], timeout_s=0.1)
        for rdtype in ("MX", "TXT", "A", "AAAA"):
            lookup.ask("example.com", rdtype)
        assert len(bad.asked) == 1


def test_a_dead_server_is_given_up_so_that_a_run_ends() -> None:
    names = [f"{n}.example.com" for n in range(20)]
    with NameServer("\n".join(f"{name} * !TIMEOUT" for name in names)) as server:
        lookup = Lookup([server.address], timeout_s=0.05)
        answers = [lookup.ask(name, "A") for name in names]
        assert len(server.asked) == 6
    assert {answer.outcome for answer in answers} == {Answered.TEMPORARY}
    assert "no name server answers" in answers[-1].evidence.note


def test_a_question_is_asked_once_however_many_ask() -> None:
    with NameServer(ZONE, delay_s=0.05) as server:
        lookup = Lookup([server.address])
        threads = [
            threading.Thread(target=lookup.ask, args=(name, "TXT"))
            for name in ("example.com", "EXAMPLE.com.") * 8
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert server.asked == [("example.com", "TXT")]
        assert [answer.name for answer in lookup.answers()] == ["example.com"]


def test_several_questions_are_asked_at_once_and_answered_in_order() -> None:
    with NameServer(ZONE, delay_s=0.1) as server:
        lookup = Lookup([server.address])
        answers = lookup.ask_all([("mx.example.com", "A"), ("example.com", "TXT")] * 3)
    assert [answer.rdtype for answer in answers] == ["A", "TXT"] * 3
    starts = [answer.evidence.at_us for answer in answers]
    assert max(starts) - min(starts) < 90_000


def test_beyond_the_number_of_queries_the_answer_is_temporary() -> None:
    with NameServer(ZONE) as server:
        lookup = Lookup([server.address], budget_queries=1)
        assert lookup.ask("example.com", "MX").outcome is Answered.ANSWER
        beyond = lookup.ask("example.com", "TXT")
        assert lookup.ask("example.com", "MX").outcome is Answered.ANSWER
        assert len(server.asked) == 1
    assert beyond.outcome is Answered.TEMPORARY
    assert "number of DNS queries" in beyond.evidence.note


def test_beyond_the_seconds_of_a_run_the_answer_is_temporary() -> None:
    with NameServer("slow.example.com * !TIMEOUT") as server:
        lookup = Lookup([server.address], timeout_s=5, budget_s=0.1)
        assert lookup.ask("slow.example.com", "A").outcome is Answered.TEMPORARY
        beyond = lookup.ask("example.com", "A")
    assert beyond.outcome is Answered.TEMPORARY
    assert "time for DNS" in beyond.evidence.note


def test_a_port_where_nobody_listens_is_temporary() -> None:
    with NameServer() as server:
        address = server.address
    answer = Lookup([address], timeout_s=0.1).ask("example.com", "A")
    assert answer.outcome is Answered.TEMPORARY


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("192.0.2.1", Nameserver("192.0.2.1", 53)),
        ("192.0.2.1:5353", Nameserver("192.0.2.1", 5353)),
        ("2001:db8::1", Nameserver("2001:db8::1", 53)),
        ("[2001:db8::1]:5353", Nameserver("2001:db8::1", 5353)),
        ("[2001:db8::1]", Nameserver("2001:db8::1", 53)),
    ],
)
def test_a_name_servers_address_is_read(text: str, expected: Nameserver) -> None:
    assert parse_nameserver(text) == expected
    assert parse_nameserver(str(expected)) == expected


@pytest.mark.parametrize("text", ["", "dns.example.com", "192.0.2.1:x", "192.0.2.1:70000"])
def test_a_wrong_address_of_a_name_server_is_told(text: str) -> None:
    with pytest.raises(BadNameserver, match=r"Write an IP address and a port"):
        Lookup([text])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Faß.example", "xn--fa-hia.example"),
        ("пример.рф", "xn--e1afmkfd.xn--p1ai"),
        ("_dmarc.Example.COM.", "_dmarc.example.com"),
        ("bücher。example", "xn--bcher-kva.example"),
        ("a_b.bücher.example", "a_b.xn--bcher-kva.example"),
    ],
)
def test_names_become_a_labels_by_idna_2008(name: str, expected: str) -> None:
    assert ascii_name(name) == expected


def test_the_system_s_search_list_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wildcard in the search domain must not turn "no record" into a record."""
    with NameServer('*.corp.test TXT "v=spf1 +all"\nexample A 192.0.2.1') as server:
        system = dns.resolver.Resolver(configure=False)
        system.nameservers = ["127.0.0.1"]
        system.search = [dns.name.from_text("corp.test.")]
        monkeypatch.setattr(dns.resolver, "Resolver", lambda: system)
        assert servers.system_nameservers() == (Nameserver("127.0.0.1"),)
        answer = Lookup([server.address]).ask("nosuch.example", "TXT")
        assert answer.outcome is Answered.NXDOMAIN
        assert server.asked == [("nosuch.example", "TXT")]


def test_importing_the_lookup_does_not_import_dns() -> None:
    program = (
        "import sys, tracer.diagnostics.lookup; "
        "sys.exit(any(name in sys.modules for name in ('dns', 'idna', 'spf', 'dkim')))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_no_test_speaks_to_another_machine_or_asks_the_systems_resolver() -> None:
    with pytest.raises(AssertionError, match=r"asks the system's resolver for example\.com"):
        socket.getaddrinfo("example.com", 25)
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock,
        pytest.raises(AssertionError, match="only loopback is allowed"),
    ):
        sock.sendto(b"", ("192.0.2.1", 53))


def test_a_server_from_before_edns_is_asked_without_it() -> None:
    with NameServer(ZONE, knows_edns=False) as server:
        answer = Lookup([server.address]).ask("mx.example.com", "A")
        assert answer.records == ("192.0.2.1",)
        assert len(server.asked) == 2


def test_a_filter_that_says_no_tells_nothing_about_the_name() -> None:
    with NameServer("example.com A 192.0.2.1\nblocked.example A !FILTERED") as server:
        answer = Lookup([server.address]).ask("blocked.example", "A")
    assert answer.outcome is Answered.TEMPORARY
    assert "EDE 17" in answer.evidence.note
