"""Rebuilding: what is folded again from the stored lines is what was stored."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, text

from collectors.formats import parse_line
from tests.store.filling import LOGS, asked, content, found, read, read_lines, tables
from tests.store.outgoing import sent
from tracer import rebuild as rebuilding
from tracer.causes import built_in
from tracer.explain import explain_by
from tracer.rebuild import Rebuilt, rebuild, rebuild_causes
from tracer.site_rules import use
from tracer.store import days, deliveries, failures

Remake = Callable[[Engine, object], Iterator[Rebuilt]]
RULE = """
id = "mailbox_full"
[[match]]
level = "phrase"
text = ["zolder is tjokvol"]
[[example]]
reply = "550 Zolder is tjokvol"
"""


@pytest.fixture(autouse=True)
def own_rules() -> Iterator[None]:
    yield
    explain_by(built_in())


def spoil(engine: Engine, statement: str) -> None:
    """Change something in every day behind the program's back."""
    with engine.begin() as conn:
        for day in days.live(conn):
            conn.execute(text(statement.format(day=day)))


@pytest.mark.parametrize("remake", [rebuild, rebuild_causes], ids=["fold", "causes"])
def test_rebuild_of_an_unchanged_store_changes_nothing(store: Engine, remake: Remake) -> None:
    read(store, *LOGS)
    before = tables(store)
    done = list(remake(store, parse_line))
    assert sum(day.changed for day in done) == 0
    assert sum(day.deliveries for day in done) > 0
    assert tables(store) == before


@pytest.mark.parametrize("at_once", [1, 2, 500])
def test_rebuild_gives_the_same_store_in_portions_of_any_size(
    store: Engine, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    read(store, *LOGS)
    before = tables(store)
    monkeypatch.setattr(rebuilding, "AT_ONCE", at_once)
    spoil(store, "UPDATE deliveries_{day} SET reply = 'spoilt', outcome = 'unknown'")
    list(rebuild(store, parse_line))
    assert without_counts(tables(store)) == without_counts(before)


def without_counts(all_rows: dict[str, list[tuple[object, ...]]]) -> dict[str, object]:
    """The day's own rows: counts were not told that somebody spoilt them."""
    return {name: rows for name, rows in all_rows.items() if not name.startswith("counts_")}


def test_rebuild_mends_what_a_worse_fold_had_stored(store: Engine) -> None:
    read(store, *LOGS)
    before = content(store)
    spoil(store, "UPDATE deliveries_{day} SET next_id = 0, attempts = 9, cause = 'malware'")
    spoil(store, "UPDATE hops_{day} SET subject = 'spoilt', sender = 'nobody@x.example'")
    assert content(store) != before
    assert sum(day.changed for day in rebuild(store, parse_line)) > 0
    assert content(store) == before


def test_lines_that_no_parser_reads_any_more_are_kept(store: Engine) -> None:
    read(store, *LOGS)
    before = tables(store)
    list(rebuild(store, lambda line: []))
    assert tables(store) == before


def test_rebuild_tells_each_day_from_the_oldest_on(store: Engine) -> None:
    read(store, *LOGS)
    told = [day.day for day in rebuild(store, parse_line)]
    assert told == sorted(told) and len(told) > 1


def test_causes_are_judged_again_by_a_rule_of_the_site(store: Engine, tmp_path: Path) -> None:
    strange = sent(1, 9, "a@corp.example", "b@else.example", reply="550 5.0.0 Zolder is tjokvol")
    read_lines(store, tmp_path, [*strange, *sent(2, 8, "a@corp.example", "c@else.example")])
    with store.connect() as conn:
        assert [row.cause for row in found(conn, "status:bounced")] == ["unknown"]
    (tmp_path / "causes.d").mkdir()
    (tmp_path / "causes.d" / "attic.toml").write_text(RULE, "utf-8")
    use(tmp_path / "causes.d")
    done = list(rebuild_causes(store, parse_line))
    assert [(day.deliveries, day.changed) for day in done] == [(1, 1)]
    with store.connect() as conn:
        assert [row.cause for row in found(conn, "status:bounced")] == ["mailbox_full"]
        assert counted(conn, "mailbox_full") == 1


def counted(conn: Connection, cause: str) -> int:
    """A wide search counts by the day's counts, a walk by the rows: they must agree."""
    walked = failures.by_cause(conn, 0)[cause]
    assert deliveries.count(conn, asked(f"cause:{cause}")) == walked
    return walked


def test_only_rows_with_another_cause_are_written(store: Engine) -> None:
    read(store, *LOGS)
    with store.connect() as conn:
        failed = failures.by_cause(conn, 0)
    spoil(store, "UPDATE deliveries_{day} SET cause = 'malware' WHERE cause = 'recipient_unknown'")
    done = list(rebuild_causes(store, parse_line))
    with store.connect() as conn:
        assert failures.by_cause(conn, 0) == failed
    assert sum(day.changed for day in done) == failed["recipient_unknown"]
