"""Whatever strangers publish or send, it is judged and never raises."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.arc_sealing import sealed
from tests.dkim_signing import MESSAGE, key_line, quoted, rsa_key, signed
from tests.fakes import FakeLookup
from tests.zone_text import Records
from tracer.diagnostics.authentication import as_json, authenticate
from tracer.diagnostics.dkim import read_key
from tracer.diagnostics.dmarc import parse_record
from tracer.diagnostics.spf import MAX_LOOKUPS, SpfResult, evaluate, survey

_TERMS = st.sampled_from(
    "include:nope.test a mx ptr all -all ~all ?all include:e.test include:b.test redirect=b.test "
    "exists:%{i}.e.test "
    "ip4:192.0.2.1 ip4:192.0.2.0/24 ip6:2001:db8::/32 a:b.test/24//64 mx:b.test exp=b.test x=%{d} "
    "a:%{ x= = : include: a/99 %{p}.e.test exists:%{l1r-}.%{h2}.e.test ip4:".split()
)
_RECORDS = st.lists(_TERMS, max_size=14).map(lambda terms: " ".join(["v=spf1", *terms]))
_WORLD = """
    e.test A 192.0.2.1
    e.test MX 10 b.test.
    b.test A 198.51.100.1
    1.2.0.192.in-addr.arpa PTR e.test.
"""


@given(_RECORDS, _RECORDS, st.sampled_from(["192.0.2.1", "203.0.113.9", "2001:db8::1"]))
@settings(max_examples=80)
def test_any_spf_record_gets_a_verdict_within_the_limits(one: str, other: str, ip: str) -> None:
    lookup = FakeLookup(f"{_WORLD}\ne.test TXT {quoted(one)}\nb.test TXT {quoted(other)}")
    found = evaluate(lookup, ip, "a-b.c@e.test", "mx.e.test")
    assert found.result in SpfResult
    assert found.lookups <= MAX_LOOKUPS + 1
    assert found.tree is not None
    assert " ".join(["v=spf1", *(term.text for term in found.tree.terms)]) == one
    seen = survey(lookup, "e.test")
    assert seen.tree.record == one
    if found.result is SpfResult.PERMERROR:
        assert found.explanation and found.problem
        assert seen.faults or seen.has_macros


@given(st.text())
def test_any_dmarc_record_is_read(text: str) -> None:
    record = parse_record("e.test", text)
    assert record.applied(record.p) in ("none", "quarantine", "reject")
    assert record.psd in ("y", "n", "u")


@given(st.text())
def test_any_dkim_key_is_read(text: str) -> None:
    key = read_key("s._domainkey.e.test", text)
    assert bool(key.problem) == (key.state == "unreadable")


_KEYS = Records.read(
    "\n".join(
        key_line(name, f"v=DKIM1; p={rsa_key()[1]}")
        for name in ("s1._domainkey.example.com", "arc._domainkey.list.example")
    )
)
_SEALED = sealed(signed(MESSAGE))


@given(st.integers(0, len(_SEALED)), st.integers(0, 60), st.binary(max_size=30))
@settings(max_examples=80)
def test_any_message_is_judged(place: int, cut: int, put: bytes) -> None:
    message = _SEALED[:place] + put + _SEALED[place + cut :]
    found = authenticate(FakeLookup(_KEYS), message, ip="192.0.2.1", helo="mx.e.test")
    json.dumps(as_json(found))
    if found.dkim and found.dkim[0].result == "pass":
        assert b"At one?" in message
