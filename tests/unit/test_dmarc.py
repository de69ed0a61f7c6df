"""DMARC as RFC 9989 has it: its own examples, and what it says about records that are wrong."""

from __future__ import annotations

import pytest

from tests.fakes import FakeLookup
from tests.zone_text import Records
from tracer.diagnostics.dmarc import (
    AuthResult,
    DmarcResult,
    DmarcVerdict,
    evaluate,
    parse_record,
    report_addresses,
)

PLAIN = "v=DMARC1; p=reject"
STRICT = "v=DMARC1; p=reject; adkim=s; aspf=s"


def verdict(
    records: dict[str, str] | Records,
    from_domain: str,
    spf: tuple[str, str] | None = None,
    dkim: list[tuple[str, str]] | None = None,
) -> DmarcVerdict:
    """The verdict where `records` are those at `_dmarc.NAME`; others are given as Records."""
    zone = records
    if isinstance(records, dict):
        zone = Records()
        for name, text in records.items():
            zone.add(f'_dmarc.{name} TXT "{text}"')
        zone.add(f"{from_domain.encode('idna').decode()} A 192.0.2.1")
    return evaluate(
        FakeLookup(zone),
        from_domain,
        AuthResult(domain=spf[0], result=spf[1]) if spf else None,
        [AuthResult(domain=domain, result=result) for domain, result in dkim or []],
    )


# B.1.1 and B.1.2: identical, parent and child, unrelated; relaxed and strict


@pytest.mark.parametrize("kind", ["spf", "dkim"])
@pytest.mark.parametrize(
    ("author", "identifier", "record", "expected"),
    [
        ("example.com", "example.com", PLAIN, "pass"),
        ("example.com", "example.com", STRICT, "pass"),
        ("example.com", "child.example.com", PLAIN, "pass"),
        ("example.com", "child.example.com", STRICT, "fail"),
        ("child.example.com", "example.com", PLAIN, "pass"),
        ("child.example.com", "example.com", STRICT, "fail"),
        ("child.example.com", "example.net", PLAIN, "fail"),
        ("child.example.com", "example.net", STRICT, "fail"),
        ("EXAMPLE.com", "Example.COM", STRICT, "pass"),
        ("news.example.com", "foo.example.com", PLAIN, "pass"),
        ("news.example.com", "foo.example.net", PLAIN, "fail"),
    ],
)
def test_alignment(kind: str, author: str, identifier: str, record: str, expected: str) -> None:
    given = {"spf": (identifier, "pass")} if kind == "spf" else {"dkim": [(identifier, "pass")]}
    assert verdict({"example.com": record}, author, **given).result == expected


# B.4 and 4.10.2: the walk


def test_b_4_1_a_simple_walk() -> None:
    found = verdict(
        {"example.com": PLAIN, "signing.example.com": "v=DMARC1; p=none"},
        "example.com",
        ("example.com", "pass"),
        [("signing.example.com", "pass")],
    )
    assert found.result is DmarcResult.PASS
    assert (found.record_domain, found.org_domain) == ("example.com", "example.com")
    assert found.aligned == ("spf:example.com", "dkim:signing.example.com")
    assert found.queries == ("_dmarc.example.com", "_dmarc.com", "_dmarc.signing.example.com")


def test_b_4_2_a_deep_walk_skips_names_in_the_middle() -> None:
    found = verdict(
        {"example.com": PLAIN, "signing.example.com": "v=DMARC1; p=none"},
        "a.b.c.d.e.f.g.h.i.j.k.example.com",
        ("example.com", "pass"),
        [("signing.example.com", "pass")],
    )
    assert found.result is DmarcResult.PASS
    assert (found.record_domain, found.org_domain) == ("example.com", "example.com")
    assert found.queries[:8] == (
        "_dmarc.a.b.c.d.e.f.g.h.i.j.k.example.com",
        "_dmarc.g.h.i.j.k.example.com",
        "_dmarc.h.i.j.k.example.com",
        "_dmarc.i.j.k.example.com",
        "_dmarc.j.k.example.com",
        "_dmarc.k.example.com",
        "_dmarc.example.com",
        "_dmarc.com",
    )


def test_b_4_3_a_public_suffix_keeps_its_children_apart() -> None:
    found = verdict(
        {
            "bank.example": "v=DMARC1; p=reject; psd=y",
            "giant.bank.example": "v=DMARC1; p=quarantine",
            "example": PLAIN,
        },
        "giant.bank.example",
        ("mail.giant.bank.example", "pass"),
        [("mail.mega.bank.example", "pass")],
    )
    assert found.result is DmarcResult.PASS
    assert found.aligned == ("spf:mail.giant.bank.example",)
    assert (found.record_domain, found.org_domain) == ("giant.bank.example",) * 2
    assert found.policy == "quarantine"
    assert "_dmarc.example" not in found.queries


def test_a_walk_asks_eight_names_at_most() -> None:
    found = verdict({}, "a.b.c.d.e.f.g.h.i.j.mail.example.com")
    assert found.result is DmarcResult.NONE
    assert found.queries == (
        "_dmarc.a.b.c.d.e.f.g.h.i.j.mail.example.com",
        "_dmarc.g.h.i.j.mail.example.com",
        "_dmarc.h.i.j.mail.example.com",
        "_dmarc.i.j.mail.example.com",
        "_dmarc.j.mail.example.com",
        "_dmarc.mail.example.com",
        "_dmarc.example.com",
        "_dmarc.com",
    )


@pytest.mark.parametrize("labels", [7, 8, 9, 40])
def test_a_walk_of_any_length_ends_at_the_top(labels: int) -> None:
    name = ".".join([*(f"l{n}" for n in range(labels - 1)), "com"])
    queries = verdict({}, name).queries
    assert len(queries) == min(labels, 8)
    assert queries[-1] == "_dmarc.com"


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ({"mail.example.com": PLAIN, "example.com": PLAIN}, "example.com"),
        ({"mail.example.com": PLAIN + "; psd=n", "example.com": PLAIN}, "mail.example.com"),
        ({"com": PLAIN + "; psd=y"}, "example.com"),
        ({"example.com": PLAIN + "; psd=y"}, "mail.example.com"),
        ({"a.mail.example.com": PLAIN + "; psd=y", "com": PLAIN}, "a.mail.example.com"),
        ({"a.mail.example.com": PLAIN + "; psd=n", "com": PLAIN}, "a.mail.example.com"),
        ({"com": PLAIN}, "com"),
        ({}, "a.mail.example.com"),
    ],
)
def test_the_organisational_domain_is_chosen_as_4_10_2_says(
    records: dict[str, str], expected: str
) -> None:
    assert verdict(records, "a.mail.example.com").org_domain == expected


def test_a_zone_cut_beyond_the_cap_is_not_found() -> None:
    """5.1.8: nine labels, and a record where the walk does not look."""
    found = verdict(
        {"example.com": PLAIN, "b.c.d.e.f.g.example.com": PLAIN + "; psd=n"},
        "mail.a.b.c.d.e.f.g.example.com",
    )
    assert found.record_domain == "example.com"
    assert "_dmarc.b.c.d.e.f.g.example.com" not in found.queries
    assert len(found.queries) == 8


def test_the_record_of_the_suffix_applies_where_the_organisation_has_none() -> None:
    found = verdict({"bank.example": "v=DMARC1; p=reject; sp=quarantine; psd=y"}, "a.bank.example")
    assert (found.record_domain, found.org_domain) == ("bank.example", "a.bank.example")
    assert found.policy == "quarantine"


def test_the_record_of_the_suffix_does_not_apply_where_the_organisation_has_one() -> None:
    found = verdict(
        {"bank.example": "v=DMARC1; p=reject; psd=y", "giant.bank.example": "v=DMARC1; p=none"},
        "mail.giant.bank.example",
    )
    assert (found.record_domain, found.policy) == ("giant.bank.example", "none")


def test_a_record_between_the_author_and_the_organisation_does_not_apply() -> None:
    found = verdict(
        {"mail.example.com": "v=DMARC1; p=none", "example.com": PLAIN}, "a.mail.example.com"
    )
    assert found.record_domain == "example.com"


def test_no_walk_is_needed_where_all_domains_are_the_same() -> None:
    found = verdict({"mail.example.com": PLAIN}, "mail.example.com", ("mail.example.com", "pass"))
    assert found.queries == ("_dmarc.mail.example.com",)
    assert found.org_domain == "mail.example.com"


# 4.7, 4.8 and 4.10.1: which policy


@pytest.mark.parametrize(
    ("record", "author", "expected"),
    [
        ("p=reject; sp=quarantine; np=none", "example.com", "reject"),
        ("p=reject; sp=quarantine", "there.example.com", "quarantine"),
        ("p=reject; sp=none; np=quarantine", "not.example.com", "quarantine"),
        ("p=reject; np=quarantine", "there.example.com", "reject"),
        ("p=none; sp=reject", "not.example.com", "reject"),
        ("p=quarantine", "not.example.com", "quarantine"),
        ("p=reject; t=y", "example.com", "quarantine"),
        ("p=quarantine; t=y", "example.com", "none"),
        ("p=none; t=y", "example.com", "none"),
        ("p=none; sp=reject; t=y", "there.example.com", "quarantine"),
        ("p=reject; t=maybe", "example.com", "reject"),
        ("p=Reject", "example.com", "reject"),
        ("p=reject; pct=0; rf=afrf; ri=86400", "example.com", "reject"),
        ("p=reject; unheard=of", "example.com", "reject"),
        ("p=reject; adkim=x; psd=q; fo=9", "example.com", "reject"),
        ("sp=reject", "example.com", "none"),
        ("", "example.com", "none"),
        ("p=bogus; rua=mailto:a@example.com", "example.com", "none"),
        ("p=reject; sp=bogus; rua=mailto:a@example.com", "example.com", "none"),
        ("p=reject; np=bogus; rua=mailto:a@example.com", "there.example.com", "none"),
        ("rua=mailto:a@example.com; p=quarantine", "example.com", "quarantine"),
        (" p = reject ; sp = none ", "example.com", "reject"),
        ("p=reject;;", "example.com", "reject"),
    ],
)
def test_the_policy_that_applies(record: str, author: str, expected: str) -> None:
    zone = Records.read(f"""
        _dmarc.example.com TXT "v=DMARC1; {record}"
        example.com A 192.0.2.1
        there.example.com TXT "a name with any record exists"
    """)
    found = verdict(zone, author)
    assert found.policy == expected
    assert found.result is DmarcResult.FAIL


@pytest.mark.parametrize("record", ["p=bogus", "p=reject; sp=x; rua=nobody", "p=none; np=x"])
def test_a_garbled_policy_without_an_address_means_no_dmarc(record: str) -> None:
    found = verdict({"example.com": f"v=DMARC1; {record}"}, "example.com", ("example.com", "pass"))
    assert found.result is DmarcResult.NONE
    assert found.policy == "none"


@pytest.mark.parametrize(
    "text",
    ["v=dmarc1; p=reject", "p=reject; v=DMARC1", "v=DMARC12; p=reject", "v=spf1 -all", "DMARC1"],
)
def test_what_is_not_a_record_is_passed_over(text: str) -> None:
    assert verdict({"example.com": text}, "example.com").result is DmarcResult.NONE


@pytest.mark.parametrize("text", ["V=DMARC1; p=reject", "v = DMARC1;p=reject"])
def test_the_name_of_the_version_may_be_a_capital(text: str) -> None:
    assert verdict({"example.com": text}, "example.com").policy == "reject"


def test_unrelated_text_beside_the_record_does_not_hide_it() -> None:
    zone = Records.read("""
        _dmarc.example.com TXT "google-site-verification=1"
        _dmarc.example.com TXT "v=DMARC1; " "p=reject"
    """)
    assert verdict(zone, "example.com").policy == "reject"


def test_several_records_are_discarded_and_the_walk_goes_on() -> None:
    zone = Records.read("""
        _dmarc.mail.example.com TXT "v=DMARC1; p=reject"
        _dmarc.mail.example.com TXT "v=DMARC1; p=none"
        _dmarc.example.com TXT "v=DMARC1; p=quarantine"
        mail.example.com A 192.0.2.1
    """)
    found = verdict(zone, "mail.example.com")
    assert (found.record_domain, found.policy) == ("example.com", "quarantine")
    assert found.several_records == ("mail.example.com",)


def test_a_domain_that_does_not_exist_is_still_under_its_parents_policy() -> None:
    found = verdict(
        Records.read('_dmarc.example.com TXT "v=DMARC1; p=none; np=reject"'), "nope.example.com"
    )
    assert (found.policy, found.record_domain) == ("reject", "example.com")


def test_a_name_above_another_one_exists() -> None:
    zone = Records.read("""
        _dmarc.example.com TXT "v=DMARC1; p=none; np=reject"
        deep.there.example.com A 192.0.2.1
    """)
    assert verdict(zone, "there.example.com").policy == "none"


# DNS that does not answer


@pytest.mark.parametrize("fault", ["TIMEOUT", "SERVFAIL", "BOGUS"])
def test_a_record_that_cannot_be_asked_for_is_a_temporary_error(fault: str) -> None:
    zone = Records.read(f"_dmarc.example.com TXT !{fault}")
    found = verdict(zone, "example.com", ("example.com", "pass"))
    assert found.result is DmarcResult.TEMPERROR
    assert found.policy == ""


@pytest.mark.parametrize(
    ("spf", "dkim", "expected"),
    [
        (("example.com", "temperror"), [], "temperror"),
        (None, [("example.com", "temperror")], "temperror"),
        (None, [("mail.example.com", "temperror")], "temperror"),
        (None, [("example.net", "temperror")], "fail"),
        (("example.com", "temperror"), [("example.com", "pass")], "pass"),
        (("example.com", "temperror"), [("example.net", "pass")], "temperror"),
        (("example.com", "softfail"), [("example.com", "permerror")], "fail"),
    ],
)
def test_a_temporary_error_counts_where_it_could_have_passed(
    spf: tuple[str, str] | None, dkim: list[tuple[str, str]], expected: str
) -> None:
    found = verdict({"example.com": PLAIN}, "example.com", spf, dkim)
    assert found.result == expected
    assert found.policy == "reject"


def test_a_walk_that_breaks_off_makes_relaxed_alignment_unclear() -> None:
    zone = Records.read("""
        _dmarc.mail.example.com TXT "v=DMARC1; p=reject"
        _dmarc.example.com TXT !SERVFAIL
    """)
    assert verdict(zone, "mail.example.com", ("example.com", "pass")).result == "temperror"
    assert verdict(zone, "mail.example.com", ("mail.example.com", "pass")).result == "pass"
    assert verdict(zone, "mail.example.com", ("mail.example.com", "fail")).result == "fail"


def test_an_author_domain_in_any_script_is_looked_up_in_a_labels() -> None:
    found = verdict(
        {"xn--bcher-kva.example": PLAIN}, "bücher.example", ("xn--bcher-kva.example", "pass")
    )
    assert found.result is DmarcResult.PASS
    assert found.queries[0] == "_dmarc.xn--bcher-kva.example"


@pytest.mark.parametrize("domain", ["", "a..b", "x" * 64 + ".example"])
def test_a_from_that_is_no_domain_is_a_permanent_error(domain: str) -> None:
    assert evaluate(FakeLookup(), domain, None, []).result is DmarcResult.PERMERROR


# RFC 9990, 4: leave to send reports


def leaves(zone: str, record: str, domain: str = "example.com") -> dict[str, object]:
    found = report_addresses(FakeLookup(zone), parse_record(domain, record))
    return {address.uri: address.allowed for address in found}


def test_an_address_of_the_same_organisation_needs_no_leave() -> None:
    zone = '_dmarc.example.com TXT "v=DMARC1; p=none"'
    record = "v=DMARC1; p=none; rua=mailto:a@example.com,mailto:b@reports.example.com!10m"
    assert list(leaves(zone, record).values()) == [True, True]


def test_an_address_elsewhere_needs_leave() -> None:
    zone = """
        example.com._report._dmarc.good.example TXT "v=DMARC1"
        *._report._dmarc.wild.example TXT "v=DMARC1; rua=mailto:other@wild.example"
        example.com._report._dmarc.slow.example TXT !TIMEOUT
        example.com._report._dmarc.odd.example TXT "v=spf1 -all"
    """
    names = ["good", "wild", "slow", "odd", "none"]
    record = "v=DMARC1; p=none; rua=" + ", ".join(f"mailto:a@{name}.example" for name in names)
    assert list(leaves(zone, record).values()) == [True, True, None, False, False]


def test_the_place_of_the_leave_is_named() -> None:
    record = parse_record("example.com", "v=DMARC1; p=none; ruf=mailto:a@r.example")
    (address,) = report_addresses(FakeLookup(), record)
    assert address.record_name == "example.com._report._dmarc.r.example"
    assert (address.tag, address.is_external) == ("ruf", True)


def test_unreadable_addresses_are_no_addresses() -> None:
    record = parse_record("e.test", "v=DMARC1; p=none; rua=a@e.test, mailto:, mailto:b@e.test")
    assert record.rua == ("mailto:b@e.test",)


def test_a_tag_is_never_read_out_of_another() -> None:
    record = parse_record("example.com", "v=DMARC1; sp=none; p=reject")
    assert (record.p, record.sp) == ("reject", "none")
