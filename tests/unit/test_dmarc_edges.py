"""DMARC at its edges: names of every shape, public suffixes, policies that cannot be read."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from tests.fakes import FakeLookup
from tracer.diagnostics.dmarc import AuthResult, DmarcVerdict, evaluate

SUFFIX = '_dmarc.gov.example TXT "v=DMARC1; p=none; sp=quarantine; np=reject; psd=y"'
ORGANISATION = '_dmarc.example.com TXT "v=DMARC1; p=reject; sp=quarantine"'


class Said(NamedTuple):
    """What is told of a domain."""

    result: str
    policy: str
    record_domain: str
    org_domain: str


def verdict(author: str, zone: str, *dkim: str, spf: str = "") -> DmarcVerdict:
    passed = [AuthResult(domain=name, result="pass") for name in dkim]
    given = AuthResult(domain=spf, result="pass") if spf else None
    return evaluate(FakeLookup(zone), author, given, passed)


def said(author: str, zone: str, *dkim: str, spf: str = "") -> Said:
    found = verdict(author, zone, *dkim, spf=spf)
    return Said(str(found.result), str(found.policy), found.record_domain, found.org_domain)


@pytest.mark.parametrize(
    ("author", "dkim", "expected"),
    [
        # the suffix itself is ruled by its own p
        ("gov.example", "", Said("fail", "none", "gov.example", "gov.example")),
        ("gov.example", "gov.example", Said("pass", "none", "gov.example", "gov.example")),
        ("there.gov.example", "", Said("fail", "quarantine", "gov.example", "there.gov.example")),
        ("not.gov.example", "", Said("fail", "reject", "gov.example", "not.gov.example")),
        # neighbours below a suffix are strangers, and so is the suffix
        ("there.gov.example", "b.gov.example",
         Said("fail", "quarantine", "gov.example", "there.gov.example")),
        ("there.gov.example", "gov.example",
         Said("fail", "quarantine", "gov.example", "there.gov.example")),
        ("a.there.gov.example", "b.there.gov.example",
         Said("pass", "reject", "gov.example", "there.gov.example")),
        ("gov.example", "there.gov.example",
         Said("fail", "none", "gov.example", "gov.example")),
    ],
)  # fmt: skip
def test_a_public_suffix_with_a_record(author: str, dkim: str, expected: Said) -> None:
    zone = f"{SUFFIX}\nthere.gov.example A 192.0.2.1"
    assert said(author, zone, *filter(None, [dkim])) == expected


def test_an_organisation_below_a_suffix_has_the_say_over_its_own() -> None:
    zone = f'{SUFFIX}\n_dmarc.there.gov.example TXT "v=DMARC1; p=reject"'
    assert said("there.gov.example", zone).policy == "reject"
    assert said("a.there.gov.example", zone).record_domain == "there.gov.example"


@pytest.mark.parametrize(
    ("labels", "first"), [(8, "c.d.e.f.g.h.i"), (9, "c.d.e.f.g.h.i"), (12, "c.d.e.f.g.h.i")]
)
def test_a_domain_of_many_labels_is_asked_for_and_then_its_last_seven(
    labels: int, first: str
) -> None:
    tail = "c.d.e.f.g.h.i"
    author = ".".join([f"x{n}" for n in range(labels - 7)]) + f".{tail}"
    queries = verdict(author, "").queries
    parts = tail.split(".")
    above = [".".join(parts[cut:]) for cut in range(len(parts))]
    assert list(queries) == [f"_dmarc.{author}", *(f"_dmarc.{name}" for name in above)]
    assert len(queries) == 8
    assert queries[1] == f"_dmarc.{first}"


def test_a_name_too_long_for_a_record_of_its_own_is_under_its_parents() -> None:
    author = ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 49, "example.com"])
    assert len(author) == 253
    found = verdict(author, ORGANISATION)
    assert f"_dmarc.{author}" not in found.queries
    assert found.record_domain == "example.com"


@pytest.mark.parametrize("author", ["com", "com.", "COM"])
def test_a_top_level_domain_is_a_domain_without_a_record(author: str) -> None:
    found = verdict(author, "")
    assert (found.result, found.queries, found.org_domain) == ("none", ("_dmarc.com",), "com")


def test_a_top_level_domain_with_a_record_is_ruled_by_it() -> None:
    zone = '_dmarc.example TXT "v=DMARC1; p=reject; psd=y"'
    assert said("example", zone, "example") == Said("pass", "reject", "example", "example")


@pytest.mark.parametrize(
    ("author", "signer"),
    [
        ("EXAMPLE.com", "example.COM"),
        ("example.com.", "example.com"),
        ("example.com", "example.com."),
        (" example.com ", "example.com"),
    ],
)
def test_case_and_the_last_dot_change_nothing(author: str, signer: str) -> None:
    expected = Said("pass", "reject", "example.com", "example.com")
    assert said(author, ORGANISATION, signer) == expected
    assert said(author, ORGANISATION, spf=signer) == expected


@pytest.mark.parametrize("author", ["пример.рф", "ПРИМЕР.РФ", "xn--e1afmkfd.xn--p1ai"])
@pytest.mark.parametrize("signer", ["почта.пример.рф", "xn--80a1acny.xn--e1afmkfd.xn--p1ai"])
def test_names_in_letters_and_in_a_labels_are_the_same(author: str, signer: str) -> None:
    zone = '_dmarc.xn--e1afmkfd.xn--p1ai TXT "v=DMARC1; p=reject"'
    found = said(author, zone, signer)
    assert found == Said("pass", "reject", "xn--e1afmkfd.xn--p1ai", "xn--e1afmkfd.xn--p1ai")


@pytest.mark.parametrize("author", ["", " ", ".", "a..b", "anna@example.com", "x" * 64 + ".com"])
def test_what_is_no_domain_is_a_permanent_error_without_a_question(author: str) -> None:
    found = verdict(author, ORGANISATION)
    assert (found.result, found.policy, found.queries) == ("permerror", "", ())
    assert "is not a domain name" in found.reason


@pytest.mark.parametrize("author", ["example.com", "mail.example.com"])
@pytest.mark.parametrize("bad", ["p=rejct", "p=reject; sp=all", "p=reject; np="])
def test_a_policy_that_cannot_be_read_counts_as_none_if_somebody_gets_reports(
    author: str, bad: str
) -> None:
    text = f'_dmarc.example.com TXT "v=DMARC1; {bad}; rua=mailto:dmarc@example.com"'
    assert said(author, text).result == "fail"
    assert said(author, text).policy == "none"
    assert said(author, text, author).result == "pass"
    without = text.replace("rua=mailto:dmarc@example.com", "rua=dmarc@example.com")
    assert said(author, without, author)[:2] == ("none", "none")


@pytest.mark.parametrize(
    ("record", "there", "missing"),
    [
        ("p=reject; sp=none; np=quarantine", "none", "quarantine"),
        ("p=reject; sp=none; np=quarantine; t=y", "none", "none"),
        ("p=quarantine; np=reject; t=y", "none", "quarantine"),
        ("p=none; sp=reject; t=y", "quarantine", "quarantine"),
        ("p=reject; t=y", "quarantine", "quarantine"),
    ],
)
def test_the_test_mode_steps_down_whatever_policy_applies(
    record: str, there: str, missing: str
) -> None:
    zone = f'_dmarc.example.com TXT "v=DMARC1; {record}"\nthere.example.com A 192.0.2.1'
    assert said("there.example.com", zone).policy == there
    assert said("missing.example.com", zone).policy == missing


def test_several_records_at_every_level_leave_none() -> None:
    twice = '_dmarc.{} TXT "v=DMARC1; p=none"\n_dmarc.{} TXT "v=DMARC1; p=reject"'
    zone = "\n".join(twice.format(name, name) for name in ("mail.example.com", "example.com"))
    found = verdict("mail.example.com", zone, "mail.example.com")
    assert (found.result, found.policy) == ("none", "")
    assert found.several_records == ("mail.example.com", "example.com")


def test_several_records_at_the_signer_do_not_end_its_walk() -> None:
    zone = f"""
        {ORGANISATION}
        _dmarc.mail.example.com TXT "v=DMARC1; p=none; psd=n"
        _dmarc.mail.example.com TXT "v=DMARC1; p=none"
    """
    assert said("example.com", zone, "mail.example.com").result == "pass"


def test_each_name_is_listed_once_in_the_order_asked() -> None:
    zone = f"{ORGANISATION}\na.example.com A 192.0.2.1"
    found = verdict("a.example.com", zone, "x.b.example.com", "b.example.com", spf="c.example.com")
    assert found.queries == (
        "_dmarc.a.example.com", "_dmarc.example.com", "_dmarc.com",
        "_dmarc.c.example.com", "_dmarc.x.b.example.com", "_dmarc.b.example.com",
    )  # fmt: skip
    assert found.aligned == ("spf:c.example.com", "dkim:x.b.example.com", "dkim:b.example.com")


@pytest.mark.parametrize("word", ["pass", "Pass", "PASS"])
def test_results_are_read_in_any_letters(word: str) -> None:
    spf = AuthResult(domain="Example.COM.", result=word)
    assert evaluate(FakeLookup(ORGANISATION), "example.com", spf, []).result == "pass"
    assert evaluate(FakeLookup(ORGANISATION), "example.com", None, [spf]).result == "pass"
