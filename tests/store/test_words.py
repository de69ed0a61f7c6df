"""A search for a part of a subject finds by the index of words what a walk over the day finds."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, inspect, text

from collectors.formats import parse_line
from tests.store.filling import LOGS, asked, empty, found, read, read_lines
from tracer.archive import sealing
from tracer.archive.files import Archive
from tracer.ingest import finish
from tracer.query import And, Match, MatchKind, Term
from tracer.store import day_making, days, deliveries, slots, word_search, words
from tracer.store.conditions import Conditions
from tracer.store.engine import tune
from tracer.store.migrate import migrate
from tracer.store.selection import Selector

SUBJECTS = (
    "Annual report 100% done", "ANNUAL Report, part 2", "Отчёт о продажах", "ОТЧЁТ за год",
    "Straße gesperrt", "STRASSE GESPERRT", "ΟΔΟΣ ΣΟΦΙΑΣ", "İstanbul'da toplantı",
    "300 K or 300 \u212a", 'Re: "quoted" words', "under_score", "back\\slash", "a*b star",
    "日本語の件名", "re: re: fwd",
    "𝔘𝔫𝔦𝔠 letters", "", "ab", "x",
)  # fmt: skip
NEEDLES = (
    "report", "REPORT", "annual*2", "nual", "rt", "r", "100%", "100%25", "отчёт", "ОТЧЁТ", "тчё",
    "straße", "strasse", "gesperrt", "οδος", "ΟΔΟΣ", "σοφιας", "istanbul", "İstanbul", "300 k",
    '\\"quoted\\"', "under_score", "underXscore", "back", "日本語", "本語の件", "re: re", "fwd",
    "𝔘𝔫𝔦", "nothing of the kind", "toplantı", "a*b", "*port*", "*", "invoice", "продаж",
)  # fmt: skip


def lines(subjects: tuple[str, ...] = SUBJECTS, *, start: int = 0) -> Iterator[str]:
    """A log with a delivered message for each subject, some seconds apart."""
    for number, subject in enumerate(subjects, start):
        head = f"2026-11-22T10:{number // 20:02}:{3 * (number % 20):02}+00:00 mx1 postfix/"
        id = f"ABCDE{number:05X}"
        yield f"{head}smtpd[1]: {id}: client=mail.shop.example[203.0.113.16]"
        if subject:
            yield (
                f"{head}cleanup[2]: {id}: info: header Subject: {subject} from "
                "mail.shop.example[203.0.113.16]; from=<bob@shop.example> "
                "to=<anna@corp.example> proto=ESMTP helo=<mail.shop.example>"
            )
        yield f"{head}qmgr[3]: {id}: from=<bob@shop.example>, size=1000, nrcpt=1 (queue active)"
        yield (
            f"{head}local[4]: {id}: to=<anna@corp.example>, relay=local, delay=0.1, "
            "delays=0/0/0/0.1, dsn=2.0.0, status=sent (delivered to mailbox)"
        )
        yield f"{head}qmgr[3]: {id}: removed"


def by_walk(conn: Connection, query: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    with monkeypatch.context() as changed:
        changed.setattr(word_search, "question", lambda *_: None)
        return [row.id for row in found(conn, query)]


def index(store: Engine) -> None:
    """Enter everything that a store holds."""
    with store.begin() as conn:
        for day in days.live(conn):
            words.create(conn, day)


def told(conn: Connection, text: str, day: str = "20261122") -> list[int] | None:
    question = word_search.question(conn, day, Match(MatchKind.TEXT, text))
    return slots.every(conn, question, (0, 1 << 62)) if question else None


@pytest.fixture(scope="module", params=["entered", "fresh"])
def subjects(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    """All the subjects, in the index or just written."""
    folder = tmp_path_factory.mktemp("subjects")
    engine = empty(folder)
    read(engine, *LOGS)
    read_lines(engine, folder, lines())
    if request.param == "entered":
        index(engine)
    yield engine
    engine.dispose()


@pytest.mark.parametrize("needle", NEEDLES)
@pytest.mark.parametrize("more", ["", " status:delivered", " OR from:bob@shop.example"])
def test_index_finds_what_a_walk_finds(
    subjects: Engine, needle: str, more: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = f'subject:"{needle}"{more}' if "*" not in needle else f"subject:{needle}{more}"
    with subjects.connect() as conn:
        walked = by_walk(conn, query, monkeypatch)
        assert [row.id for row in found(conn, query)] == walked
        assert deliveries.count(conn, asked(query)) == len(walked)
        assert deliveries.summary(conn, asked(query), buckets=5).total == len(walked)


def test_pages_of_a_search_by_words_follow_each_other(subjects: Engine) -> None:
    query = asked("subject:re")
    with subjects.connect() as conn:
        whole = deliveries.search(conn, query).rows
        one_by_one = list(deliveries.rows(conn, query, chunk=1))
    assert len(whole) > 2
    assert one_by_one == list(whole)


_LETTERS = st.text('aAbBkK\u212aßẞéÉжЖΣσςİiı _%*\\"\0\n日', max_size=12)


@given(subject=_LETTERS, others=st.lists(_LETTERS, max_size=2), needle=_LETTERS,
       kind=st.sampled_from([MatchKind.TEXT, MatchKind.WILDCARD, MatchKind.PREFIX]))  # fmt: skip
def test_no_text_that_matches_is_missing_from_the_index(
    subject: str, others: list[str], needle: str, kind: MatchKind
) -> None:
    conn = sqlite3.connect(":memory:")
    tune(conn)
    conditions, value = Conditions("20261122", 0, 0), Match(kind, needle)
    matches = conditions.text(value, ":subject")
    asked_for = {**conditions.parameters, "subject": subject}
    (is_match,) = conn.execute(f"SELECT {matches}", asked_for).fetchone()
    if is_match and (wanted := word_search.wanted(value)):
        conn.execute(words.MAKE[0].format(day="20261122"))
        entry = words.entry("\n".join([*others, subject]))
        conn.execute("INSERT INTO words_20261122 (rowid, subject) VALUES (1, ?)", (entry,))
        found = "SELECT rowid FROM words_20261122 WHERE words_20261122 MATCH ?"
        assert conn.execute(found, (wanted,)).fetchall() == [(1,)]
    conn.close()


def test_word_that_never_occurs_is_looked_for_nowhere(sqlite_store: Engine, tmp_path: Path) -> None:
    read_lines(sqlite_store, tmp_path, lines())
    index(sqlite_store)
    with sqlite_store.connect() as conn:
        assert told(conn, "qzxjkvbn") == []
        assert len(told(conn, "annual") or ()) == 2
        assert told(conn, "an") is None  # less than three letters


def test_what_comes_after_the_index_is_found_and_entered_when_it_is_much(
    sqlite_store: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(words, "MOST_FRESH", 3)
    for number, subject in enumerate(SUBJECTS):
        one = lines((subject,), start=number)
        read_lines(sqlite_store, tmp_path, one, f"{number}.log")
        if subject:
            with sqlite_store.connect() as conn:
                quoted = subject.replace("\\", "\\\\").replace('"', '\\"')
                query = f'subject:"{quoted}"'
                assert [row.id for row in found(conn, query)] == by_walk(conn, query, monkeypatch)
                waiting = conn.execute(text("SELECT count(*) FROM fresh_20261122")).scalar_one()
                assert waiting <= 3
    with sqlite_store.connect() as conn:
        assert len(told(conn, "qzxjkvbn") or ()) <= 3


def test_subject_that_is_told_later_is_found(sqlite_store: Engine, tmp_path: Path) -> None:
    one = list(lines(("Minutes of the meeting",)))
    read_lines(sqlite_store, tmp_path, [line for line in one if "Subject" not in line], "1.log")
    index(sqlite_store)
    with sqlite_store.connect() as conn:
        assert found(conn, "subject:minutes") == []
    read_lines(sqlite_store, tmp_path, [line for line in one if "Subject" in line], "2.log")
    with sqlite_store.connect() as conn:
        assert len(found(conn, "subject:minutes")) == 1


def test_index_comes_when_a_day_is_full_and_goes_with_it(store: Engine, tmp_path: Path) -> None:
    with store.begin() as conn:
        day_making.ensure(conn, "20261122", bulk=True)
        assert not tables_of_words(conn)
    read_lines(store, tmp_path, lines())
    with store.connect() as conn:
        assert told(conn, "annual") is None
        assert len(found(conn, "subject:annual")) == 2
    finish(store)
    with store.begin() as conn:
        is_sqlite = store.dialect.name == "sqlite"
        assert (told(conn, "annual") is not None) is is_sqlite
        assert len(found(conn, "subject:annual")) == 2
        day_making.drop(conn, "20261122")
        assert not tables_of_words(conn)


def tables_of_words(conn: Connection) -> list[str]:
    names = inspect(conn).get_table_names()
    return [name for name in names if name.startswith(("words_", "fresh_"))]


def test_day_that_comes_back_from_the_archive_has_its_index(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    read_lines(sqlite_store, tmp_path, lines())
    archive = Archive(str(tmp_path / "archive"))
    sealing.seal(sqlite_store, archive, "20261122", parse_line, 0)
    with sqlite_store.connect() as conn:
        assert not tables_of_words(conn)
    read_lines(sqlite_store, tmp_path, lines(("Came late",), start=40), "late.log")
    with sqlite_store.connect() as conn:
        assert len(found(conn, "subject:late")) == 1
    sealing.restore(sqlite_store, archive, "20261122", parse_line)
    with sqlite_store.connect() as conn:
        assert told(conn, "qzxjkvbn") == []
        assert len(told(conn, "annual") or ()) == 2
        assert len(found(conn, "subject:late")) == 1


def test_index_can_be_made_anew(sqlite_store: Engine, tmp_path: Path) -> None:
    read_lines(sqlite_store, tmp_path, lines())
    with sqlite_store.begin() as conn:
        words.drop(conn, "20261122")
        assert told(conn, "annual") is None
        assert len(found(conn, "subject:annual")) == 2
        day_making.index(conn, "20261122")
        assert len(told(conn, "annual") or ()) == 2


def test_sqlite_without_trigrams_walks(
    sqlite_store: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(words, "knows_trigrams", lambda: False)
    migrate(sqlite_store)
    read_lines(sqlite_store, tmp_path, lines())
    with sqlite_store.connect() as conn:
        assert not tables_of_words(conn)
        assert len(found(conn, "subject:annual")) == 2


def test_index_never_stands_in_the_way_of_a_better_start(subjects: Engine) -> None:
    query = asked("subject:annual to:nobody@corp.example")
    assert isinstance(query.where, And)
    assert {one.key for one in query.where.items if isinstance(one, Term)} == {"subject", "to"}
    with subjects.connect() as conn:
        parts = list(chain(*(s.parts for s in Selector(conn, query).over(["20261122"]))))
    assert not any("json_each" in part for part in parts)
