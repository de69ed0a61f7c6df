"""Remarks of our own are told in the reader's language; others' words stay as they came."""

from __future__ import annotations

import re

import msgspec
import pytest

from tests.fakes import FakeLookup
from tracer.diagnostics.checks import dkim, spf
from tracer.diagnostics.model import Target
from tracer.diagnostics.notes import noted, noted_all
from tracer.diagnostics.texts import told
from tracer.diagnostics.world import World


@pytest.mark.parametrize(
    ("remark", "russian"),
    [
        ("no answer in time", "нет ответа вовремя"),
        ("[Errno 111] Connection refused", "в соединении отказано"),
        ("SERVFAIL; no answer in time", "SERVFAIL; нет ответа вовремя"),
        ("DNS does not answer for _dmarc.e.test: no answer in time",
         "DNS не отвечает о _dmarc.e.test: нет ответа вовремя"),
        ("DNS does not answer: Connection refused", "DNS не отвечает: в соединении отказано"),
        ("no name server answers (192.0.2.53:53)", "серверы имён не отвечают (192.0.2.53:53)"),
        ("“ip4:1.2.3” is not written as SPF wants it: Invalid IP4 address",
         "«ip4:1.2.3» записано не так, как требует SPF: неверный адрес IPv4"),
        ("“ip4:1.2.3” is not written as SPF wants it: something new",
         "«ip4:1.2.3» записано не так, как требует SPF: pyspf пишет по-английски: "
         "«something new»"),
        ("more than 10 DNS lookups", "запросов к DNS больше 10"),
        ("more than 2 DNS lookups came back empty", "запросов к DNS без ответа больше 2"),
        ("“x” is not an address", "«x» — не адрес"),
    ],
)  # fmt: skip
def test_a_remark_of_ours_has_russian_words(remark: str, russian: str) -> None:
    assert noted(remark, "ru") == russian
    assert noted(remark, "en") == remark


@pytest.mark.parametrize("said", ["", "550 5.1.1 no such user", "REFUSED", "[Errno 9999] odd"])
def test_what_others_say_stays_as_it_is(said: str) -> None:
    assert noted(said, "ru") == said


FAULTS = (
    "ip4:1.2.3 ip4:192.0.2.0/33 ip6:2001:zz a/33 a//129 ip4:192.0.2.1//64 ip6:2001:db8::/129 "
    "include: exists: a:192.0.2.1 include:e.test all:x exists:%{c}.e.test a, plus:e.test "
    "include:e.test/24 mx:toplevel ~~all 192.0.2.1"
).split()


@pytest.mark.parametrize("term", FAULTS)
def test_every_reason_that_pyspf_gives_has_russian_words(term: str) -> None:
    zone = f'e.test TXT "v=spf1 {term} -all"'
    findings = list(spf.CHECK.run(Target(sender="anna@e.test"), World(dns=FakeLookup(zone))))
    said = " ".join(
        part for finding in findings for part in msgspec.structs.astuple(told(finding, "ru"))[:2]
    )
    assert "spf.valid" not in {finding.code for finding in findings}
    assert "по-английски" not in said
    assert not re.search(r"[A-Za-z]{3,} [a-z]{2,} [a-z]{2,}", said), said


def test_only_texts_of_params_are_looked_at() -> None:
    assert noted_all({"count": 3, "note": "no answer in time"}, "ru") == {
        "count": 3, "note": "нет ответа вовремя",
    }  # fmt: skip


def test_a_finding_about_silence_has_no_english_words_in_russian() -> None:
    zone = "e.test TXT !TIMEOUT\ns1._domainkey.e.test TXT !TIMEOUT"
    target = Target(sender="anna@e.test", selectors=("s1",))
    for check in (spf.CHECK, dkim.CHECK):
        for finding in check.run(target, World(dns=FakeLookup(zone))):
            words = told(finding, "ru")
            said = " ".join((words.title, words.text, *words.steps, words.after))
            assert not re.search(r"[a-z]{2,} [a-z]{2,} [a-z]{2,}", said), said
