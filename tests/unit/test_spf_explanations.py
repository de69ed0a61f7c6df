"""SPF: explanations (RFC 7208, 6.2) and macros (7)."""

from __future__ import annotations

import pytest

from tests.fakes import FakeLookup
from tests.unit.spf_verdicts import IP4, WORLD, verdict
from tracer.diagnostics.spf import SpfResult, evaluate


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            'TXT "%{i} may not send for %{d}, %{s}"',
            "192.0.2.10 may not send for e.test, anna@e.test",
        ),
        ('TXT "see %{c} %{r} %{t}"', None),
        ('TXT "%{x}"', ""),
        ('TXT "one"\nwhy.test TXT "two"', ""),
        ("TXT !TIMEOUT", ""),
        ('TXT "caf\\233"', ""),
        ("A 192.0.2.1", ""),
    ],
)
def test_a_fail_is_explained_in_the_domains_words(text: str, expected: str | None) -> None:
    found = verdict(f'e.test TXT "v=spf1 exp=why.test -all"\nwhy.test {text}')
    assert found.result is SpfResult.FAIL
    if expected is None:
        assert found.explanation.startswith("see 192.0.2.10 unknown ")
    else:
        assert found.explanation == expected


def test_too_long_a_name_loses_labels_from_the_left() -> None:
    """RFC 7208, 7.3."""
    domain = "somewhat.long.e.test"
    fits = ".".join([domain] * 11) + ".test"
    zone = f"""
        {domain} TXT "v=spf1 exp=dropped-as-it-is-too-long.{"%{o}." * 11}test -all"
        {fits} TXT "tricky"
    """
    assert len(f"dropped-as-it-is-too-long.{fits}") > 253 >= len(fits)
    assert verdict(zone, mail_from=f"a@{domain}").explanation == "tricky"


@pytest.mark.parametrize(
    ("macro", "expected"),
    [
        ("%{s}|%{l}|%{o}|%{d}", "a-b.c@mail.e.test|a-b.c|mail.e.test|mail.e.test"),
        ("%{i}|%{ir}|%{v}|%{c}", "192.0.2.10|10.2.0.192|in-addr|192.0.2.10"),
        ("%{h}|%{p}", "mx.e.test|mail.e.test"),
        ("%{d2}|%{dr}|%{d1r}", "e.test|test.e.mail|mail"),
        ("%{l-}|%{lr-.}|%{l1r-}", "a.b.c|c.b.a|a"),
        ("%{S}|%{L}", "a-b.c%40mail.e.test|a-b.c"),
        ("%%|%_|%-", "%| |%20"),
    ],
)
def test_macros_expand_as_section_7_says(macro: str, expected: str) -> None:
    zone = f'''
        mail.e.test TXT "v=spf1 exp=why.test -all"
        why.test TXT "{macro}"
        {WORLD}
    '''
    assert verdict(zone, mail_from="a-b.c@mail.e.test", helo="mx.e.test").explanation == expected


def test_the_explanation_is_asked_for_only_after_a_fail() -> None:
    lookup = FakeLookup('e.test TXT "v=spf1 exp=why.test +all"')
    evaluate(lookup, IP4, "a@e.test", "")
    assert lookup.asked == [("e.test", "TXT")]


def test_a_redirect_brings_its_own_explanation_and_an_include_none() -> None:
    zone = """
        e.test TXT "v=spf1 exp=ours.test redirect=r.test"
        i.test TXT "v=spf1 include:r.test exp=ours.test -all"
        r.test TXT "v=spf1 exp=theirs.test -all"
        ours.test TXT "ours"
        theirs.test TXT "theirs"
    """
    assert verdict(zone).explanation == "theirs"
    assert verdict(zone, mail_from="a@i.test").explanation == "ours"
