"""SPF: the tree of what was read, and a survey of a whole record."""

from __future__ import annotations

import time

import pytest

from tests.fakes import FakeLookup
from tests.nameserver import NameServer
from tests.unit.spf_verdicts import WORLD, verdict
from tracer.diagnostics.lookup import Lookup
from tracer.diagnostics.spf import SpfNode, SpfResult, survey


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
