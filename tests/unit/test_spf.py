"""SPF verdicts: every section of RFC 7208 that decides something, and what libraries got wrong."""

from __future__ import annotations

import time

import pytest

from tests.fakes import FakeLookup
from tests.nameserver import NameServer
from tracer.diagnostics.lookup import Lookup
from tracer.diagnostics.spf import SpfNode, SpfResult, SpfVerdict, evaluate, survey

IP4, OTHER4, IP6 = "192.0.2.10", "198.51.100.9", "2001:db8::10"


def verdict(zone: str, ip: str = IP4, mail_from: str = "anna@e.test", helo: str = "") -> SpfVerdict:
    return evaluate(FakeLookup(zone), ip, mail_from, helo)


def result(record: str, ip: str = IP4, more: str = "") -> str:
    """The result for `record` at e.test, where e.test, its MX and 192.0.2.10's name are right."""
    return verdict(f'e.test TXT "{record}"\n{WORLD}\n{more}', ip).result


WORLD = f"""
    e.test                       A    {IP4}
    e.test                       MX   10 mx.e.test.
    mx.e.test                    A    {OTHER4}
    mx.e.test                    AAAA {IP6}
    ok.test                      TXT  "v=spf1 ip4:192.0.2.0/24 -all"
    no.test                      TXT  "v=spf1 -all"
    soft.test                    TXT  "v=spf1 ~all"
    bare.test                    TXT  "no policy"
    bad.test                     TXT  "v=spf1 ip4:1.2.3 -all"
    10.2.0.192.in-addr.arpa      PTR  mail.e.test.
    mail.e.test                  A    {IP4}
"""


@pytest.mark.parametrize(
    ("record", "ip", "expected"),
    [
        # 4.5, 4.6.1, 12: what a record is
        ("v=spf1", IP4, "neutral"),
        ("V=SPF1 -ALL", IP4, "fail"),
        ("v=spf10 -all", IP4, "none"),
        ("v=spf1  a   -all  ", IP4, "pass"),
        ("v=spf1 -all moo", IP4, "permerror"),
        ("v=spf1 -all moo=", IP4, "fail"),
        ("v=spf1 a:  -all", IP4, "permerror"),
        ("v=spf1 !a -all", IP4, "permerror"),
        # 4.6.2: qualifiers
        ("v=spf1 ?all", IP4, "neutral"),
        ("v=spf1 ~all", IP4, "softfail"),
        ("v=spf1 +all", IP4, "pass"),
        # 5.1
        ("v=spf1 all:foo", IP4, "permerror"),
        ("v=spf1 -all/8", IP4, "permerror"),
        # 5.2
        ("v=spf1 include:ok.test -all", IP4, "pass"),
        ("v=spf1 include:no.test ~all", IP4, "softfail"),
        ("v=spf1 include:soft.test -all", IP4, "fail"),
        ("v=spf1 include:bad.test ?all", IP4, "permerror"),
        ("v=spf1 include:bare.test ?all", IP4, "permerror"),
        ("v=spf1 include:gone.test ?all", IP4, "permerror"),
        ("v=spf1 include", IP4, "permerror"),
        ("v=spf1 include:ok.test/24 -all", IP4, "permerror"),
        # 5.3
        ("v=spf1 a -all", IP4, "pass"),
        ("v=spf1 a -all", OTHER4, "fail"),
        ("v=spf1 a/24 -all", "192.0.2.200", "pass"),
        ("v=spf1 a:mx.e.test//64 -all", "2001:db8::ffff", "pass"),
        ("v=spf1 a/33 -all", IP4, "permerror"),
        ("v=spf1 a//129 -all", IP4, "permerror"),
        ("v=spf1 a:192.0.2.10 -all", IP4, "permerror"),
        ("v=spf1 a:single -all", IP4, "permerror"),
        # 5.4
        ("v=spf1 mx -all", OTHER4, "pass"),
        ("v=spf1 mx -all", IP6, "pass"),
        ("v=spf1 mx:ok.test -all", OTHER4, "fail"),
        # 5.5
        ("v=spf1 ptr -all", IP4, "pass"),
        ("v=spf1 ptr:test -all", IP4, "permerror"),
        ("v=spf1 ptr:mail.e.test -all", IP4, "pass"),
        ("v=spf1 ptr:other.test -all", IP4, "fail"),
        # 5.6
        ("v=spf1 ip4:192.0.2.0/24 -all", IP4, "pass"),
        ("v=spf1 ip4:192.0.2.0/24 -all", IP6, "fail"),
        ("v=spf1 ip4:192.0.2.10/0 -all", OTHER4, "pass"),
        ("v=spf1 ip4:192.0.2 -all", IP4, "permerror"),
        ("v=spf1 ip4:192.0.2.10//32 -all", IP4, "permerror"),
        ("v=spf1 ip6:2001:db8::/32 -all", IP6, "pass"),
        ("v=spf1 ip6:2001:db8::/129 -all", IP6, "permerror"),
        ("v=spf1 ip6:::1.2.3.4 -all", IP6, "fail"),
        ("v=spf1 ip:192.0.2.10 -all", IP4, "permerror"),
        # 5.7 and 7: exists, macros
        ("v=spf1 exists:mail.%{d} -all", IP6, "pass"),
        ("v=spf1 exists:nope.%{d} -all", IP4, "fail"),
        ("v=spf1 exists -all", IP4, "permerror"),
        ("v=spf1 exists:%{x}.e.test -all", IP4, "permerror"),
        ("v=spf1 exists:%{d0}.e.test -all", IP4, "permerror"),
        ("v=spf1 exists:%{d}%.e.test -all", IP4, "permerror"),
        ("v=spf1 exists:%{c}.e.test -all", IP4, "permerror"),
        ("v=spf1 exists:%(d).e.test -all", IP4, "permerror"),
        # 6.1
        ("v=spf1 redirect=ok.test", IP4, "pass"),
        ("v=spf1 redirect=ok.test", OTHER4, "fail"),
        ("v=spf1 redirect=gone.test", IP4, "permerror"),
        ("v=spf1 redirect=ok.test redirect=ok.test", IP4, "permerror"),
        ("v=spf1 redirect=", IP4, "permerror"),
        ("v=spf1 REDIRECT=ok.test", IP4, "pass"),
        # 6.2
        ("v=spf1 exp=a.test exp=b.test -all", IP4, "permerror"),
        ("v=spf1 exp=", IP4, "permerror"),
    ],
)
def test_the_record_decides(record: str, ip: str, expected: str) -> None:
    assert result(record, ip) == expected


@pytest.mark.parametrize(
    ("mail_from", "helo", "expected"),
    [
        ("", "e.test", "pass"),
        ("<>", "e.test", "pass"),
        ("<anna@e.test>", "", "pass"),
        ("", "single", "none"),
        ("", "[192.0.2.10]", "none"),
        ("", "", "none"),
        ("anna@nothing.test", "e.test", "none"),
        ("anna@single", "e.test", "none"),
        ("anna@e..test", "e.test", "none"),
        ("anna@[192.0.2.10]", "e.test", "none"),
        (f"anna@{'x' * 64}.test", "", "none"),
        (f"anna@{'x' * 60}.{'y' * 60}.{'z' * 60}.{'w' * 60}.{'v' * 60}.test", "", "none"),
        ('"a@b"@e.test', "", "pass"),
        ("anna@E.TEST", "", "pass"),
    ],
)
def test_the_identity_decides_whose_record_is_read(
    mail_from: str, helo: str, expected: str
) -> None:
    """RFC 7208, 2.4 and 4.3."""
    found = verdict(f'e.test TXT "v=spf1 a -all"\n{WORLD}', IP4, mail_from, helo)
    assert found.result == expected
    assert found.identity == ("mailfrom" if mail_from.strip("<>") else "helo")


@pytest.mark.parametrize("ip", ["", "192.0.2", "host.test", "192.0.2.10/24"])
def test_without_an_address_there_is_no_verdict(ip: str) -> None:
    found = verdict('e.test TXT "v=spf1 +all"', ip)
    assert found.result is SpfResult.NONE
    assert "IP address" in found.explanation


def test_an_ipv4_address_inside_an_ipv6_one_is_ipv4() -> None:
    assert result("v=spf1 ip4:192.0.2.10 -all", "::ffff:192.0.2.10") == "pass"


def test_two_records_are_an_error_and_other_text_is_not() -> None:
    zone = 'e.test TXT "v=spf1 +all"\ne.test TXT "google=1"'
    assert verdict(zone).result is SpfResult.PASS
    found = verdict(zone + '\ne.test TXT "v=spf1 -all"')
    assert (found.result, found.problem) == (SpfResult.PERMERROR, "several_records")


@pytest.mark.parametrize("fault", ["TIMEOUT", "SERVFAIL", "REFUSED", "BOGUS"])
@pytest.mark.parametrize(
    "zone",
    [
        "e.test TXT !{}",
        'e.test TXT "v=spf1 a -all"\ne.test A !{}',
        'e.test TXT "v=spf1 include:slow.test -all"\nslow.test TXT !{}',
        'e.test TXT "v=spf1 redirect=slow.test"\nslow.test TXT !{}',
        'e.test TXT "v=spf1 mx -all"\ne.test MX 10 m.test.\nm.test A !{}',
    ],
)
def test_dns_that_fails_is_a_temporary_error(zone: str, fault: str) -> None:
    found = verdict(zone.format(fault))
    assert found.result is SpfResult.TEMPERROR
    assert "DNS does not answer" in found.explanation


# limits, 4.6.4


def chain(length: int) -> str:
    """Records that include each other, `length` lookups in all."""
    lines = [f'd{n}.test TXT "v=spf1 include:d{n + 1}.test -all"' for n in range(length)]
    return "\n".join([*lines, f'd{length}.test TXT "v=spf1 +all"'])


def test_ten_lookups_are_allowed_and_eleven_are_not() -> None:
    ten = verdict(chain(10), mail_from="a@d0.test")
    assert (ten.result, ten.lookups) == (SpfResult.PASS, 10)
    eleven = verdict(chain(11), mail_from="a@d0.test")
    assert (eleven.result, eleven.problem) == (SpfResult.PERMERROR, "too_many_lookups")


def test_only_what_is_evaluated_counts() -> None:
    record = "v=spf1 " + "a " * 10 + "redirect=ok.test"
    assert result(record) == "pass"
    assert result("v=spf1 ip4:192.0.2.10 " + "a:x.test " * 20 + "-all") == "pass"


def test_two_empty_lookups_are_allowed_and_three_are_not() -> None:
    assert result("v=spf1 a:n1.test a:n2.test ip4:192.0.2.10 -all") == "pass"
    found = verdict('e.test TXT "v=spf1 a:n1.test exists:n2.test mx:n3.test +all"')
    assert (found.result, found.problem) == (SpfResult.PERMERROR, "too_many_voids")
    assert found.void_lookups == 3


def test_an_mx_with_more_than_ten_hosts_is_an_error() -> None:
    hosts = "\n".join(f"e.test MX 10 m{n}.test.\nm{n}.test A 192.0.2.{n + 20}" for n in range(11))
    found = verdict(f'e.test TXT "v=spf1 mx -all"\n{hosts}')
    assert (found.result, found.problem) == (SpfResult.PERMERROR, "too_many_mx")


def test_a_and_mx_count_as_two_lookups_however_many_hosts_answer() -> None:
    hosts = "\n".join(f"e.test MX 10 m{n}.test.\nm{n}.test A 192.0.2.{n + 20}" for n in range(5))
    found = verdict(f'e.test TXT "v=spf1 a mx -all"\n{hosts}\ne.test A 192.0.2.1')
    assert (found.lookups, found.void_lookups) == (2, 0)


def test_an_evaluation_ends_when_its_time_is_over() -> None:
    with NameServer(chain(10), delay_s=0.1) as server:
        began = time.monotonic()
        found = evaluate(Lookup([server.address]), IP4, "a@d0.test", "", limit_s=0.25)
        assert time.monotonic() - began < 0.8
    assert found.result is SpfResult.TEMPERROR


# what other libraries got wrong


def test_ipv6_client_and_ipv4_only_mx_hosts_are_no_void_lookups() -> None:
    hosts = "\n".join(f"e.test MX 10 m{n}.test.\nm{n}.test A 192.0.2.{n + 20}" for n in range(3))
    found = verdict(f'e.test TXT "v=spf1 mx ip6:{IP6} -all"\n{hosts}', IP6)
    assert found.result is SpfResult.PASS
    assert (found.void_lookups, found.strict_void_lookups) == (0, 3)


def test_redirect_beside_all_is_not_counted() -> None:
    terms = " ".join(f"a:h{n}.test" for n in range(10))
    hosts = "\n".join(f"h{n}.test A 198.51.100.{n}" for n in range(10))
    found = verdict(f'e.test TXT "v=spf1 {terms} -all redirect=ok.test"\n{hosts}')
    assert (found.result, found.lookups) == (SpfResult.FAIL, 10)


def test_an_unknown_modifier_may_stand_there_twice() -> None:
    assert result("v=spf1 x-note=1 x-note=2 a -all") == "pass"
    assert result("v=spf1 x-note=%{bad -all") == "permerror"


@pytest.mark.parametrize("name", ["10.2.0.192.in-addr.arpa PTR", "mail.e.test A"])
def test_dns_that_fails_for_ptr_is_just_no_match(name: str) -> None:
    assert result("v=spf1 ptr ?all", more=f"{name} !SERVFAIL") == "neutral"


def test_a_name_of_one_label_has_no_record() -> None:
    assert verdict('single TXT "v=spf1 +all"', mail_from="a@single").result is SpfResult.NONE


def test_a_record_that_includes_itself_is_an_error_only_when_it_is_reached() -> None:
    assert result("v=spf1 ip4:192.0.2.10 include:e.test -all") == "pass"
    found = verdict('e.test TXT "v=spf1 include:e.test -all"')
    assert found.problem == "too_many_lookups"


def test_the_searched_domain_of_the_system_never_answers() -> None:
    """A sender that does not exist must not get a pass from a wildcard elsewhere."""
    with NameServer('*.corp.test TXT "v=spf1 +all"') as server:
        found = evaluate(Lookup([server.address]), IP4, "a@nosuch.example", "")
        assert found.result is SpfResult.NONE
        assert server.asked == [("nosuch.example", "TXT")]


def test_a_sender_in_any_script_is_looked_up_in_a_labels() -> None:
    zone = """
        xn--bcher-kva.test TXT "v=spf1 exists:%{d}.e.test -all"
        xn--bcher-kva.test.e.test A 127.0.0.2
    """
    assert verdict(zone, mail_from="anna@bücher.test").result is SpfResult.PASS


def test_a_prefix_length_is_no_part_of_a_host_name() -> None:
    zone = f'e.test TXT "v=spf1 a:h.test/24 mx:e.test/24//64 -all"\nh.test A {IP4}\n{WORLD}'
    lookup = FakeLookup(zone)
    assert survey(lookup, "e.test").void_lookups == 0
    assert {name for name, _ in lookup.asked} == {"e.test", "h.test"}


def test_a_deprecated_call_of_a_library_is_not_used() -> None:
    """Warnings are errors in these tests; the whole path goes through a real server."""
    with NameServer(f'e.test TXT "v=spf1 a mx ptr exists:%{{i}}.e.test -all"\n{WORLD}') as server:
        assert evaluate(Lookup([server.address]), OTHER4, "a@e.test", "").result == "pass"


# explanations, 6.2


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


# the tree


def test_the_tree_shows_what_each_term_cost_and_which_one_decided() -> None:
    zone = f"""
        e.test TXT "v=spf1 a:n.test include:mid.test -all"
        mid.test TXT "v=spf1 mx:e.test include:ok.test -all"
        {WORLD}
    """
    found = verdict(zone)
    assert (found.result, found.mechanism) == (SpfResult.PASS, "include:mid.test")
    assert (found.lookups, found.void_lookups) == (4, 1)
    tree = found.tree
    assert tree is not None
    assert [(t.text, t.lookups, t.void_lookups, t.matched) for t in tree.terms] == [
        ("a:n.test", 1, 1, False),
        ("include:mid.test", 3, 0, True),
        ("-all", 0, 0, False),
    ]
    inner = tree.terms[1].node
    assert inner is not None and inner.result == "pass"
    assert [t.matched for t in inner.terms] == [False, True, False]


@pytest.mark.parametrize(
    ("record", "place"),
    [
        ("v=spf1 include:ok.test a:h.test/99 -all", 1),
        ("v=spf1 include:no.test include:gone.test -all", 1),
    ],
)
def test_an_error_half_way_keeps_the_tree_and_marks_the_place(record: str, place: int) -> None:
    tree = verdict(f'e.test TXT "{record}"\n{WORLD}').tree
    assert tree is not None
    assert tree.result == "permerror"
    assert " ".join(["v=spf1", *(term.text for term in tree.terms)]) == record
    assert [bool(term.problem) for term in tree.terms].index(True) == place


def test_an_error_below_keeps_what_was_read_below() -> None:
    zone = f"""
        e.test TXT "v=spf1 include:mid.test -all"
        mid.test TXT "v=spf1 include:no.test include:bad.test ~all"
        {WORLD}
    """
    tree = verdict(zone).tree
    assert tree is not None
    mid = tree.terms[0].node
    assert mid is not None
    assert [term.node.domain for term in mid.terms if term.node] == ["no.test", "bad.test"]


def names(node: SpfNode) -> list[str]:
    return [node.domain, *(n for t in node.terms if t.node for n in names(t.node))]


def test_a_survey_reads_every_branch_although_an_evaluation_would_stop() -> None:
    terms = "+all include:bad.test include:ok.test include:gone.test redirect=no.test"
    zone = f'e.test TXT "v=spf1 {terms}"\n{WORLD}'
    found = survey(FakeLookup(zone), "e.test")
    assert names(found.tree) == ["e.test", "bad.test", "ok.test", "gone.test"]
    assert {fault.code for fault in found.faults} == {
        "syntax", "no_record_there", "open_all", "redirect_unused", "after_all",
    }  # fmt: skip


def test_a_survey_asks_a_level_of_the_tree_at_once() -> None:
    zone = "\n".join(
        [
            'e.test TXT "v=spf1 include:a.test include:b.test include:c.test -all"',
            *(f'{n}.test TXT "v=spf1 include:{n}2.test -all"' for n in "abc"),
            *(f'{n}2.test TXT "v=spf1 -all"' for n in "abc"),
        ]
    )
    with NameServer(zone, delay_s=0.1) as server:
        began = time.monotonic()
        assert survey(Lookup([server.address]), "e.test").lookups == 6
        assert time.monotonic() - began < 0.55
        assert len(server.asked) == len(set(server.asked)) == 7


def test_macros_cannot_be_counted_without_a_client() -> None:
    found = survey(FakeLookup('e.test TXT "v=spf1 exists:%{i}.e.test -all"'), "e.test")
    assert (found.lookups, found.void_lookups, found.has_macros) == (1, 0, True)


def test_a_survey_of_a_ring_ends() -> None:
    zone = 'a.test TXT "v=spf1 include:b.test -all"\nb.test TXT "v=spf1 include:a.test -all"'
    assert [fault.code for fault in survey(FakeLookup(zone), "a.test").faults] == ["loop"]


def test_a_survey_of_a_huge_tree_ends() -> None:
    lines = []
    for n in range(200):
        below = " ".join(f"include:n{n * 4 + k}.test" for k in range(1, 5))
        lines.append(f'n{n}.test TXT "v=spf1 {below} -all"')
    lookup = FakeLookup("\n".join(lines))
    found = survey(lookup, "n0.test")
    assert "too_many_lookups" in {fault.code for fault in found.faults}
    assert len(lookup.asked) < 400
