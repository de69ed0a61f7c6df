"""A search for a recipient by wildcard finds by the index of names what a walk finds."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine

from tests.store.filling import LOGS, asked, empty, found, read, read_lines
from tracer.query import Match, MatchKind
from tracer.store import day_making, days, deliveries, name_search, names, slots, words
from tracer.store.conditions import Conditions
from tracer.store.driver import fetch
from tracer.store.engine import tune
from tracer.store.selection import Selection, Selector

DAY = "20261122"
RECIPIENTS = (
    "anna@corp.example", "ANNA.Smith@Corp.example", "anna+news@corp.example",
    "annabel@other.example", "info@corp.example", "info2@corp.example",
    "joe_info@corp.example", "a.b-c@mail.corp.example",
    "почта@corp.example", "x%y@corp.example", "bob@почта.example",
)  # fmt: skip
WANTED = (
    "anna*", "an*", "a*", "info@*", "*info@*", "in*o@corp.example", "ANNA@*", "*@corp.example",
    "*@mail.*", "*smith*", "*.smith@*", "anna.s*@c*", "anna@", "a.b-c@", "*b-c@*", "почта*",
    "*@почта*", "bob@*", "x%*", "x%25y*", "nobody*", "*", "*@*", "staff*", "*nna@corp.example",
)  # fmt: skip


def lines(recipients: tuple[str, ...] = RECIPIENTS, *, start: int = 0) -> Iterator[str]:
    """A log with a message for each recipient, some seconds apart; every third by an alias."""
    for number, recipient in enumerate(recipients, start):
        head = f"2026-11-22T10:{number // 20:02}:{3 * (number % 20):02}+00:00 mx1 postfix/"
        id = f"ABCDE{number:05X}"
        to = f"to=<{recipient}>"
        if number % 3 == 2:
            to = f"to=<staff{number}@hidden.example>, orig_to=<{recipient}>"
        yield f"{head}smtpd[1]: {id}: client=mail.shop.example[203.0.113.16]"
        yield f"{head}qmgr[3]: {id}: from=<bob@shop.example>, size=1000, nrcpt=1 (queue active)"
        yield (
            f"{head}local[4]: {id}: {to}, relay=local, delay=0.1, delays=0/0/0/0.1, "
            f"dsn=2.0.0, status=sent (delivered to mailbox)"
        )
        yield f"{head}qmgr[3]: {id}: removed"


def by_walk(conn: Connection, query: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    with monkeypatch.context() as changed:
        changed.setattr(name_search, "question", lambda *_: None)
        return [row.id for row in found(conn, query)]


def told(conn: Connection, text: str) -> list[int] | None:
    question = name_search.question(conn, DAY, Match(MatchKind.WILDCARD, text))
    return slots.every(conn, question, (0, 1 << 62)) if question else None


def selected(conn: Connection, query: str) -> list[Selection]:
    return list(Selector(conn, asked(query)).over([DAY]))


def ids(conn: Connection, selection: Selection) -> list[tuple[int, int]]:
    (part,) = selection.parts
    found = fetch(conn, f"SELECT d.hop_id, d.n {part}", selection.parameters)
    return [(hop_id, n) for hop_id, n in found]


@pytest.fixture(scope="module", params=["entered", "fresh", "of an older version"])
def people(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    """All the recipients, in the index, just written, or in a day that has no such index."""
    folder = tmp_path_factory.mktemp("people")
    engine = empty(folder)
    read(engine, *LOGS)
    read_lines(engine, folder, lines())
    with engine.begin() as conn:
        for day in days.live(conn):
            if request.param == "entered":
                words.create(conn, day)
            elif request.param != "fresh":
                names.drop(conn, day)
    yield engine
    engine.dispose()


@pytest.mark.parametrize("wanted", WANTED)
@pytest.mark.parametrize(
    "more", ["", " status:delivered", " status:failed", " OR to:bob@x.example"]
)
def test_index_finds_what_a_walk_finds(
    people: Engine, wanted: str, more: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = f"to:{wanted}{more}"
    with people.connect() as conn:
        walked = by_walk(conn, query, monkeypatch)
        assert [row.id for row in found(conn, query)] == walked
        assert deliveries.count(conn, asked(query)) == len(walked)
        assert deliveries.summary(conn, asked(query), buckets=5).total == len(walked)


@pytest.mark.parametrize("query", [
    "to:anna*,info@*", "to:anna* OR to:*smith*", "to:anna* subject:report", "NOT to:anna*",
    "to:anna* from:bob@shop.example", "to:anna* OR subject:report", "todomain:corp*",
    "addr:anna*", "to:anna* -to:annabel*", "to:staff*", "to:anna",
])  # fmt: skip
def test_wildcards_go_with_other_conditions(
    people: Engine, query: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with people.connect() as conn:
        walked = by_walk(conn, query, monkeypatch)
        assert [row.id for row in found(conn, query)] == walked
        assert deliveries.count(conn, asked(query)) == len(walked)


def test_some_of_these_searches_find_something(people: Engine) -> None:
    with people.connect() as conn:
        assert len(found(conn, "to:*smith@*")) == 1
        assert len(found(conn, "to:info2*")) == 1
        assert "anna+news@corp.example" in {  # an alias took it
            row.original_recipient for row in found(conn, "to:anna+*")
        }


def test_pages_of_a_wildcard_follow_each_other(
    people: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = asked("to:*@corp.example")
    with people.connect() as conn:
        whole = deliveries.search(conn, query).rows
        one_by_one = list(deliveries.rows(conn, query, chunk=1))
        monkeypatch.setattr("tracer.store.selection._FEWEST_SLOTS", 1)
        monkeypatch.setattr("tracer.store.selection._MORE_SLOTS", 1)
        in_small_steps = list(deliveries.rows(conn, query, chunk=2))
    assert len(whole) > 2
    assert one_by_one == in_small_steps == list(whole)


@pytest.mark.parametrize("rows", [1, 2, 5])
@pytest.mark.parametrize("query", ["to:*@corp*", "to:anna*", "to:staff*", "subject:rep"])
def test_pieces_of_a_day_hold_what_the_day_holds_once_and_in_order(
    people: Engine, query: str, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tracer.store.selection._FEWEST_SLOTS", 1)
    with people.connect() as conn:
        listed = days.live(conn)
        pieces = list(Selector(conn, asked(query)).for_page(listed, rows))
        found = [id for piece in pieces for id in ids(conn, piece)]
        whole = [id for day in Selector(conn, asked(query)).over(listed) for id in ids(conn, day)]
    assert found == whole == sorted(found, reverse=True)


def test_a_page_that_is_full_early_does_without_the_rest_of_the_day(
    sqlite_store: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tracer.store.selection._FEWEST_SLOTS", 1)
    read_lines(sqlite_store, tmp_path, lines())
    with sqlite_store.begin() as conn:
        words.create(conn, DAY)
        first, rest = Selector(conn, asked("to:*@corp*")).for_page([DAY], 1)
        assert len(first.slots or ()) == 2
        assert len(rest.slots or ()) == 7
        monkeypatch.setattr("tracer.store.slots.every", lambda *_: pytest.fail("read on"))
        assert len(deliveries.search(conn, asked("to:*@corp*"), limit=1).rows) == 1


def test_a_day_is_walked_on_below_the_newest_of_a_name_that_is_everywhere(
    people: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tracer.store.selection._FEWEST_SLOTS", 1)
    monkeypatch.setattr(name_search, "MOST_FOUND", 1)
    with people.connect() as conn:
        walked = by_walk(conn, "to:*@corp*", monkeypatch)
        pages = list(deliveries.rows(conn, asked("to:*@corp*"), chunk=1))
    assert len(walked) > 3
    assert [row.id for row in pages] == walked


def test_a_rare_name_is_looked_for_where_it_came_and_nowhere_else(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    read_lines(sqlite_store, tmp_path, lines())
    with sqlite_store.begin() as conn:
        words.create(conn, DAY)
        assert told(conn, "nobody*") == []
        assert len(told(conn, "anna*") or ()) == 4
        assert len(told(conn, "info@*") or ()) == 2  # joe_info has the word too
        assert all("json_each" in part for one in selected(conn, "to:anna*") for part in one.parts)


def test_a_name_that_is_everywhere_is_walked_for(
    sqlite_store: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(name_search, "MOST_FOUND", 3)
    read_lines(sqlite_store, tmp_path, lines())
    with sqlite_store.begin() as conn:
        words.create(conn, DAY)
        assert told(conn, "*@corp.example") is None
        (selection,) = selected(conn, "to:*@corp.example,anna*,*@*.example")
        assert len(selection.parts) == 1
        assert "json_each" not in selection.parts[0]


def test_what_comes_after_the_index_is_found_and_entered_when_it_is_much(
    sqlite_store: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(words, "MOST_FRESH", 3)
    for number, recipient in enumerate(RECIPIENTS):
        read_lines(sqlite_store, tmp_path, lines((recipient,), start=number), f"{number}.log")
        query = f"to:{recipient.rpartition('@')[0]}*"
        with sqlite_store.connect() as conn:
            assert [row.id for row in found(conn, query)] == by_walk(conn, query, monkeypatch)
            assert found(conn, query)
            assert len(told(conn, "nobody*") or ()) <= 3


def test_a_day_of_an_older_version_goes_on_without_the_index(
    sqlite_store: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(words, "MOST_FRESH", 3)
    read_lines(sqlite_store, tmp_path, lines(), "1.log")
    with sqlite_store.begin() as conn:
        names.drop(conn, DAY)
    read_lines(sqlite_store, tmp_path, lines(("annabel@late.example",), start=60), "2.log")
    with sqlite_store.begin() as conn:
        assert told(conn, "anna*") is None
        assert len(found(conn, "to:annabel@*")) == 2
        day_making.index(conn, DAY)
        assert told(conn, "annabel@*") is not None
        assert len(found(conn, "to:annabel@*")) == 2


def test_index_goes_with_its_day(sqlite_store: Engine, tmp_path: Path) -> None:
    read_lines(sqlite_store, tmp_path, lines())
    with sqlite_store.begin() as conn:
        assert names.has(conn, DAY)
        day_making.drop(conn, DAY)
        assert not names.has(conn, DAY)


_SIGNS = st.text('aAbB1\u212aéÉ.@+-_ %*\\"<\0日', max_size=10)
_TYPED = _SIGNS.map(lambda text: text.replace("\0", " "))  # as a query is read


@given(recipient=_SIGNS, others=st.lists(_SIGNS, max_size=2), wanted=_TYPED,
       kind=st.sampled_from([MatchKind.TEXT, MatchKind.WILDCARD, MatchKind.PREFIX]))  # fmt: skip
@example("ab+1@a", [], "ab@", MatchKind.PREFIX)
@example("AB.b@a", ["b"], "ab.*@a", MatchKind.WILDCARD)
def test_no_recipient_that_matches_is_missing_from_the_index(
    recipient: str, others: list[str], wanted: str, kind: MatchKind
) -> None:
    conn = sqlite3.connect(":memory:")
    tune(conn)
    conditions, value = Conditions(DAY, 0, 0), Match(kind, wanted.lower())
    matches = conditions.text(value, ":recipient")
    told = {**conditions.parameters, "recipient": recipient}
    (is_match,) = conn.execute(f"SELECT {matches}", told).fetchone()
    if is_match and (words_wanted := name_search.wanted(value)):
        conn.execute(names.MAKE.format(day=DAY))
        entry = " ".join([*others, recipient]).replace("\0", " ")
        conn.execute(f"INSERT INTO names_{DAY} (rowid, recipients) VALUES (1, ?)", (entry,))
        there = f"SELECT rowid FROM names_{DAY} WHERE names_{DAY} MATCH ?"
        assert conn.execute(there, (words_wanted,)).fetchall() == [(1,)]
    conn.close()
