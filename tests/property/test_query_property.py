"""The query language holds for every text: it answers or refuses, and writes what it read."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tracer.address import canonical, domain_of, normalise
from tracer.errors import InvalidQuery
from tracer.query import And, Node, Not, Or, Term, corrected, parse_query, unparse, with_term
from tracer.query.blocks import clean, read
from tracer.query.keys import KEYS

NOW_US = 1_795_341_600_000_000

PIECES = st.sampled_from(
    [
        *(f"{key}:" for key in KEYS), "-", "(", ")", " OR ", " AND ", " ", ",", ";", '"', "\\",
        "*", "@", "<", ">", "<>", "<=", "«", "»", "“", "”", "\n", "\r", "\u2028", "anna@",
        "@corp.example", "corp.example", "192.0.2.0/24", "2001:db8::1", "<id@x>", "failed", "10M",
        "5.7.1", "550", "48h", "yesterday", "2026-11-22", "почта.рф", "Message-ID: ",
        "C71221E1E6C", "m_1234567", "a b", ".", "ß",
    ]
)  # fmt: skip
QUERIES = st.one_of(
    st.text(max_size=60), st.lists(st.one_of(PIECES, st.text(max_size=4))).map("".join)
)


def where(text: str) -> Node:
    return parse_query(text, now_us=NOW_US).where


@given(QUERIES)
@example("(" * 5000)
@example("-" * 5000)
@example('"' * 4999)
@example("<@" * 5000)
@example("\ud800:\ud800")
def test_any_text_is_read_or_refused_with_a_place(text: str) -> None:
    try:
        parse_query(text, now_us=NOW_US)
    except InvalidQuery as error:
        assert 1 <= error.column <= len(text) + 1
        assert str(error)
        mended = corrected(text, error)
        assert mended == "" or read(mended)


@given(QUERIES)
@example("to:@corp.photography,<<a>>")
@example('"Message-ID:" a@b.example')
@example("subject:“a” “b”")
@example("from:.")
@example(":,*")
@example("«\r»")
@example("subject:«a\nsubject:b»")
@example("FROM:<@>.")
@example("from:0 AND ,")
def test_what_was_read_can_be_written_and_read_again(text: str) -> None:
    try:
        node = where(text)
    except InvalidQuery:
        return
    assert where(unparse(node)) == node


@given(QUERIES)
def test_nodes_are_flat(text: str) -> None:
    try:
        check_flat(where(text))
    except InvalidQuery:
        return


def check_flat(node: Node) -> None:
    match node:
        case Term():
            assert node.values
        case Not():
            assert not isinstance(node.item, Not)
            check_flat(node.item)
        case And() | Or():
            assert len(node.items) != 1
            for item in node.items:
                assert not isinstance(item, type(node))
                check_flat(item)


STORED_KEYS = st.sampled_from(
    """from to addr subject msgid qid cause reply relay host source auth""".split()
)


@example("", "subject", "0\0000")
@example("0", "reply", "550 no Message-ID: <a@b> here")
@example("«", "subject", "»")
@example("Message-ID:", "from", "a@b")
@given(QUERIES, STORED_KEYS, st.one_of(st.text(min_size=1, max_size=30), QUERIES))
def test_a_stored_value_can_be_added_to_any_query(text: str, key: str, value: str) -> None:
    try:
        node = where(text)
        added = with_term(text, key, value)
    except InvalidQuery:
        return
    whole = where(added)
    items = whole.items if isinstance(whole, And) else (whole,)
    before = node.items if isinstance(node, And) else (node,)
    assert set(before) <= set(items)
    assert len(items) - len(before) in (0, 1)
    assert with_term(added, key, value) == clean(added).strip()


@given(st.text(max_size=40))
@example("@\x80>")
@example("<a@b.>")
@example("<@>.")
def test_comparing_an_address_is_idempotent(text: str) -> None:
    plain = normalise(text)
    assert normalise(plain) == plain
    assert domain_of(plain) == domain_of(text)


@given(
    st.lists(st.sampled_from(["+", "=", "-", "@", "srs0", "srs1", "prvs", "caf_", "a", "1", "я"]))
)
def test_other_forms_are_normal_and_never_the_address(parts: list[str]) -> None:
    address = "".join(parts)
    forms = canonical(address)
    assert len(set(forms)) == len(forms)
    assert normalise(address) not in forms
    assert all(normalise(form) == form and "@" in form for form in forms)


@pytest.mark.parametrize("unit", ["<@", '"\\', "(a", "a,", "m_", "1:", "=+-", "\\", "0", "a@"])
def test_no_text_takes_long(unit: str) -> None:
    began = time.process_time()
    for text in (unit * 9000, f'to:{unit * 9000}"', f"x {unit * 9000}>"):
        try:
            parse_query(text[:19_990], now_us=NOW_US)
        except InvalidQuery:
            continue
    assert time.process_time() - began < 5
