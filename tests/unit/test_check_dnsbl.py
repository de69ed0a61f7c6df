"""Block lists: a list that tells nothing from here is never read as a listing, nor as clean."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.checking import checked, codes
from tracer.diagnostics.blocklists import Blocklist, Kind, Meaning, blocklists
from tracer.diagnostics.checks import dnsbl
from tracer.diagnostics.model import Finding, Side, Target, Verdict
from tracer.errors import ConfigError

FAIL, WARNING, UNKNOWN, PASS, NA = (
    Verdict.FAIL, Verdict.WARNING, Verdict.UNKNOWN, Verdict.PASS, Verdict.NA,
)  # fmt: skip
IP = "198.51.100.7"
LISTS = """
[[list]]
name = "Heavy"
zone = "bl.test"
kinds = ["ip4", "ip6"]
weight = 9
removal = "https://bl.test/{subject}"
codes = { "127.0.0.2" = { text = "SBL" }, "127.0.0.10" = { text = "PBL", side = "provider" } }
[[list]]
name = "Domains"
zone = "dbl.test"
kinds = ["domain"]
weight = 3
bits = true
codes = { "2" = { text = "black" }, "4" = { text = "grey" } }
"""
GOOD = "2.0.0.127.bl.test A 127.0.0.2\n"
GOOD_DOMAINS = "test.dbl.test A 127.0.0.2\n"


@pytest.fixture
def lists(tmp_path: Path) -> str:
    path = tmp_path / "lists.toml"
    path.write_text(LISTS)
    return str(path)


def asked(lists: str, zone: str, **target: object) -> list[Finding]:
    given = Target(**target)  # type: ignore[arg-type]
    return checked(dnsbl.CHECK, given, zone, options={"blocklists": lists})


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        (GOOD, {"clean": PASS}),
        (GOOD + "7.100.51.198.bl.test A 127.0.0.2", {"listed": FAIL}),
        ("other.test A 127.0.0.1", {"dead": UNKNOWN}),
        ("2.0.0.127.bl.test A 127.255.255.254", {"refused": UNKNOWN}),
        ("*.bl.test A 127.255.255.255", {"refused": UNKNOWN}),
        ("*.bl.test A 127.0.0.1", {"refused": UNKNOWN}),
        ("*.bl.test A 127.0.0.2", {"lists_everything": UNKNOWN}),
        ("*.bl.test A 203.0.113.80", {"rewritten": UNKNOWN}),
        ("2.0.0.127.bl.test A !TIMEOUT", {"silent": UNKNOWN}),
        ("2.0.0.127.bl.test A !SERVFAIL", {"silent": UNKNOWN}),
        (GOOD + "7.100.51.198.bl.test A !TIMEOUT", {"silent": UNKNOWN}),
        (GOOD + "7.100.51.198.bl.test A 127.255.255.252", {"refused": UNKNOWN}),
        (GOOD + "7.100.51.198.bl.test A 127.0.0.77", {"unexplained": UNKNOWN}),
    ],
)
def test_what_a_list_says_of_an_address(
    lists: str, zone: str, expected: dict[str, Verdict]
) -> None:
    assert codes(asked(lists, zone, ips=(IP,))) == expected


def test_an_ipv6_address_is_asked_for_by_nibbles(lists: str) -> None:
    nibbles = "1." + "0." * 23 + "8.b.d.0.1.0.0.2"
    findings = asked(lists, GOOD + f"{nibbles}.bl.test A 127.0.0.2", ips=("2001:db8::1",))
    assert codes(findings) == {"listed": FAIL}
    assert findings[0].subject == "2001:db8::1"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("127.0.0.2", {"listed_lightly": WARNING}),
        ("127.0.0.6", {"listed_lightly": WARNING}),
        ("127.0.0.1", {"refused": UNKNOWN}),
        ("127.0.0.8", {"unexplained": UNKNOWN}),
    ],
)
def test_a_domain_list_answers_in_bits(
    lists: str, answer: str, expected: dict[str, Verdict]
) -> None:
    zone = GOOD_DOMAINS + f"example.com.dbl.test A {answer}"
    assert codes(asked(lists, zone, sender="anna@news.example.com")) == expected


def test_domain_lists_are_never_asked_about_addresses(lists: str) -> None:
    findings = asked(lists, GOOD + GOOD_DOMAINS, ips=(IP,), sender="anna@example.com")
    questions = [e.question for finding in findings for e in finding.evidence]
    assert questions == ["7.100.51.198.bl.test A", "example.com.dbl.test A"]


def test_a_listing_brings_its_reason_who_can_act_and_where_to_be_removed(lists: str) -> None:
    zone = GOOD + '7.100.51.198.bl.test A 127.0.0.10\n7.100.51.198.bl.test TXT "see bl.test"'
    (finding,) = asked(lists, zone, ips=(IP,))
    assert finding.side is Side.PROVIDER
    assert finding.params["said"] == "see bl.test"
    assert finding.params["meaning"] == "PBL"
    assert finding.fix is not None
    assert finding.fix.url == f"https://bl.test/{IP}"


def test_an_internal_address_is_not_asked_for(lists: str) -> None:
    assert codes(asked(lists, "", ips=("10.0.0.5",))) == {"internal": NA}


def test_the_lists_that_come_along_can_all_be_read_and_say_what_they_cost() -> None:
    lists = blocklists()
    assert len(lists) >= 6
    assert {kind for one in lists for kind in one.kinds} == set(Kind)
    assert all(one.terms.startswith("free") and one.removal for one in lists)


def test_a_faulty_file_of_lists_is_told_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "lists.toml"
    path.write_text('[[list]]\nname = "x"\n')
    with pytest.raises(ConfigError, match=r"lists\.toml.*zone"):
        blocklists(str(path))
    assert codes(asked(str(path), "", ips=(IP,))) == {"bad_file": UNKNOWN}


def test_answers_that_are_refusals_mean_nothing_even_where_a_file_names_them() -> None:
    listing = Blocklist(
        name="x", zone="x.test", kinds=(Kind.IP4,), weight=9,
        codes={"127.0.0.1": Meaning("listed"), "127.255.255.254": Meaning("listed")},
    )  # fmt: skip
    assert listing.meanings("127.0.0.1") == listing.meanings("127.255.255.254") == ()
