"""Checks hold whatever strangers publish, and say nothing bad of what they could not ask."""

from __future__ import annotations

import importlib
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.checking import NOW_US, FakeHttps, FakeSmtp, encrypted, talk
from tracer.diagnostics.check import Check
from tracer.diagnostics.checks import CHECKS
from tracer.diagnostics.checks.dane import read as read_tlsa
from tracer.diagnostics.lookup import Answer, Answered, Lookup
from tracer.diagnostics.model import Evidence, Finding, Source, Target, Verdict
from tracer.diagnostics.mta_sts import read_policy
from tracer.diagnostics.smtp import Conversation, Trouble
from tracer.diagnostics.smtp_tls import Roots, certificate, covers
from tracer.diagnostics.texts import texts
from tracer.diagnostics.world import World

TARGET = Target(
    sender="kim@example.net", recipient="anna@example.com", ips=("198.51.100.7", "2001:db8::1"),
    helo="mail.example.net", selectors=("s1",), probe_recipient=True,
)  # fmt: skip
NAMES = ("mx1.example.com", "mail.example.net", "x.test", "a" * 60 + ".test")
ADDRESSES = ("198.51.100.7", "127.0.0.2", "10.0.0.1", "127.255.255.254", "203.0.113.9")

beginnings = st.sampled_from(
    ["v=STSv1", "v=TLSRPTv1", "v=BIMI1", "v=spf1", "v=DMARC1", "v=DKIM1", "", ";", "v="]
)
text = st.text(st.characters(max_codepoint=255), max_size=60)
tags = st.sampled_from([" id=1;", "; rua=mailto:a@b.test", "; l=https://", "; p=none", "; p=", ""])
txt = st.builds(lambda *parts: "".join(parts), beginnings, tags, text)
name = st.sampled_from([f"{one}." for one in NAMES] + ["."])
number = st.integers(0, 300).map(str)
RECORDS = {
    "A": st.sampled_from(ADDRESSES),
    "AAAA": st.sampled_from(["2001:db8::1", "::1", "64:ff9b::7f00:1"]),
    "MX": st.builds(lambda n, to: f"{n} {to}", number, name),
    "TXT": txt,
    "PTR": name,
    "SRV": st.builds(lambda a, b, c, to: f"{a} {b} {c} {to}", number, number, number, name),
    "TLSA": st.builds(
        lambda a, b, c, octets: f"{a} {b} {c} {octets.hex()}",
        number, number, number, st.binary(max_size=40),
    ),
    "DS": st.just("1 13 2 00"),
}  # fmt: skip


class AnyLookup(Lookup):
    """Answers drawn by Hypothesis, the same for the same question."""

    def __init__(self, data: st.DataObject, outcomes: Iterable[Answered]) -> None:
        super().__init__(["127.0.0.1:1"])
        self._data = data
        self._outcomes = st.sampled_from(sorted(outcomes))
        self._known: dict[tuple[str, str], Answer] = {}

    def ask(self, name: str, rdtype: str) -> Answer:
        if (name, rdtype) not in self._known:
            self._known[name, rdtype] = self._drawn(name, rdtype)
        return self._known[name, rdtype]

    def ask_all(self, questions: Iterable[tuple[str, str]]) -> tuple[Answer, ...]:
        return tuple(self.ask(*question) for question in questions)

    def _drawn(self, name: str, rdtype: str) -> Answer:
        outcome = self._data.draw(self._outcomes)
        records: list[str] = []
        if outcome is Answered.ANSWER:
            records = self._data.draw(
                st.lists(RECORDS.get(rdtype, txt), min_size=1, max_size=3, unique=True)
            )
        evidence = Evidence(
            source=Source.DNS, question=f"{name} {rdtype}", answer="\n".join(records),
            outcome=outcome.value, authenticated=self._data.draw(st.booleans()),
        )  # fmt: skip
        return Answer(
            name=name, rdtype=rdtype, outcome=outcome, records=tuple(records), evidence=evidence
        )


replies = st.one_of(
    st.none(), st.sampled_from(["250 ok", "421 busy", "450 4.7.1 x", "550 5.1.1 no", "554 x"])
)
talks = st.one_of(
    st.builds(
        lambda ehlo, starttls, mail, recipient, trouble: talk(
            ehlo=ehlo, starttls=starttls, mail=mail, recipient=recipient, trouble=trouble
        ),
        replies, replies, replies, replies, st.sampled_from(list(Trouble)),
    ),
    st.builds(lambda recipient: encrypted(mail="250 ok", recipient=recipient), replies),
)  # fmt: skip


def run(check: Check, world: World) -> list[Finding]:
    return list(check.run(TARGET, world))


class AnySmtp(FakeSmtp):
    def __init__(self, said: Conversation) -> None:
        super().__init__()
        self.said = said

    def talk(self, calls):  # type: ignore[no-untyped-def]
        return tuple(self.said for _ in calls)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
@settings(max_examples=40)
@given(data=st.data())
def test_a_check_never_raises_and_tells_only_what_it_declares(
    check: Check, data: st.DataObject
) -> None:
    declared = importlib.import_module(f"tracer.diagnostics.checks.{check.name}").CODES
    page = {"body": data.draw(text), "status": data.draw(st.sampled_from([200, 301, 404, 503]))}
    world = World(
        dns=AnyLookup(data, Answered),
        smtp=AnySmtp(data.draw(talks)),
        https=FakeHttps(page),
        now_us=NOW_US,
    )
    for finding in run(check, world):
        assert finding.code in declared
        assert finding.check == check.name
        for lang in ("en", "ru"):
            assert texts(finding.code, lang, finding.params).title


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
@pytest.mark.parametrize("trouble", [Trouble.TIMEOUT, Trouble.CLOSED, Trouble.NO_ROUTE])
@settings(max_examples=5)
@given(data=st.data())
def test_who_answers_nothing_is_accused_of_nothing(
    check: Check, trouble: Trouble, data: st.DataObject
) -> None:
    said = talk(trouble=trouble, banner=None, ehlo=None)
    dns = AnyLookup(data, [Answered.TEMPORARY])
    findings = run(check, World(dns=dns, smtp=AnySmtp(said), now_us=NOW_US))
    assert {finding.verdict for finding in findings} <= {Verdict.UNKNOWN, Verdict.NA}


@given(st.text(max_size=200))
def test_a_policy_of_any_text_is_read(policy: str) -> None:
    found = read_policy(policy)
    assert found.faults or found.mode in ("enforce", "testing", "none")


@given(st.text(max_size=60))
def test_a_tlsa_record_of_any_text_is_read(record: str) -> None:
    found = read_tlsa(record)
    assert found is None or found.is_usable in (True, False)


@given(st.lists(st.binary(max_size=80), max_size=3))
def test_octets_that_are_no_certificate_are_none(chain: list[bytes]) -> None:
    assert certificate(chain, Roots(), NOW_US) is None


@given(st.lists(st.text(max_size=20), max_size=4), st.text(max_size=20))
def test_any_names_can_be_compared_with_a_host(names: list[str], host: str) -> None:
    assert covers(names, host) in (True, False)
