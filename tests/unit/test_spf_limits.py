"""SPF: the limits of RFC 7208, 4.6.4, and what other libraries got wrong."""

from __future__ import annotations

import time

import pytest

from tests.fakes import FakeLookup
from tests.nameserver import NameServer
from tests.unit.spf_verdicts import IP4, IP6, OTHER4, WORLD, result, verdict
from tracer.diagnostics.lookup import Lookup
from tracer.diagnostics.spf import SpfResult, evaluate, survey


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
