"""`mailtracer search`: rows, counts, CSV and errors of queries."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path
from unittest.mock import Mock

import pytest

from tests.cli.commands import (
    EVERY,
    LOGS,
    ROOT,
    ROW,
    done,
    ingested,
    rows,
    run,
    started,
)


def test_search_prints_one_delivery_row_a_line_newest_first(home: Path) -> None:
    found = rows(home)
    assert len(found) == 15 - 1  # the filter's two legs are one row
    assert all(list(row) == ROW for row in found)
    times = [str(row["received_at"]) for row in found]
    assert times == sorted(times, reverse=True)
    (sales,) = (row for row in found if row["message_id"] == "sales@corp.example")
    assert sales | {"id": "", "reply": ""} == {
        "id": "",
        "received_at": "2026-11-22T08:10:00Z",
        "updated_at": "2026-11-22T08:25:00Z",
        "status": "relayed",
        "cause": "",
        "sender": "anna@corp.example",
        "recipient": "eve@partner.example",
        "original_recipient": "",
        "subject": "Отчёт о продажах",
        "message_id": "sales@corp.example",
        "direction": "outbound",
        "host": "mx1",
        "queue_id": "9AA0000005",
        "queue_ids": ["mx1/9AA0000005"],
        "client": "10.0.0.7",
        "relay": "mx.partner.example[192.0.2.25]:25",
        "size": 20000000,
        "attempts": 1,
        "delay_s": 900.0,
        "reply": "",
        "enhanced_status": "2.0.0",
        "source": "mx1.log",
    }


def test_absent_numbers_are_null_and_absent_text_is_empty(home: Path) -> None:
    (row,) = rows(home, "status:rejected")
    assert row["size"] is None
    assert (row["message_id"], row["subject"], row["relay"]) == ("", "", "")


def test_words_of_a_query_may_stand_apart_and_be_negated(home: Path) -> None:
    assert len(rows(home, "host:mx1", "-status:delivered")) == 4
    assert len(rows(home, "-host:mx1")) == 4
    assert len(rows(home, "-(host:mx1 OR status:delivered)")) == 1
    assert len(rows(home, "to:anna@corp.example", "OR", "-host:mx1", "--json")) == 7


@pytest.mark.parametrize(("limit", "count"), [("1", 1), ("5", 5), ("50", 14), ("0", 14)])
def test_limit_is_the_most_rows_and_0_is_all(home: Path, limit: str, count: int) -> None:
    told = done("search", home, "--since", "all", "--limit", limit)
    assert len(told.splitlines()) == count


def test_search_looks_at_the_last_two_days_unless_told_otherwise(home: Path) -> None:
    query = parse_count(done("search", home, "--count"))
    assert query <= parse_count(done("search", home, "--count", "--since", "all"))
    assert parse_count(done("search", home, "--count", "--since", "2026-11-22")) == 11
    until = done("search", home, "--count", "--since", "all", "--until", "2026-11-21")
    assert parse_count(until) == 1


def parse_count(told: str) -> int:
    count: int = json.loads(told)["count"]
    return count


def test_count_is_one_object_with_how_far_the_logs_were_read(home: Path) -> None:
    assert json.loads(done("search", home, "--count", "--since", "all", "to:anna@")) == {
        "count": 4,
        "complete_until": "2026-11-22T09:20:01.400000Z",
    }


def test_group_message_gives_each_message_once(home: Path) -> None:
    found = rows(home, "--group", "message")
    assert len(found) == 13
    assert len({row["message_id"] for row in found if row["message_id"]}) == 12
    limited = done("search", home, "--since", "all", "--group", "message", "--limit", "13")
    assert len(limited.splitlines()) == 13
    assert parse_count(done("search", home, *EVERY, "--group", "message", "--count")) == 13


def test_csv_has_the_same_rows_under_the_same_names(home: Path) -> None:
    told = list(csv.reader(io.StringIO(done("search", home, *EVERY, "--csv"))))
    assert told[0] == ROW
    assert [line[0] for line in told[1:]] == [row["id"] for row in rows(home)]


@pytest.mark.parametrize("subject", ['=HYPERLINK("http://x")', "+1", "-1", "@SUM(A1)", "\tx"])
def test_csv_holds_no_formula(tmp_path: Path, subject: str) -> None:
    log = tmp_path / "mail.log"
    text = Path(LOGS[0]).read_text("utf-8")
    log.write_text(text.replace("Отчёт о продажах", subject), "utf-8")
    ingested(tmp_path, str(log))
    told = done("search", tmp_path, *EVERY, "--csv", "msgid:sales@corp.example")
    (line,) = csv.DictReader(io.StringIO(told))
    if not subject.startswith("\t"):
        assert line["subject"] == f"'{subject}"
    assert not any(value.startswith(tuple("=+-@\t\r\n")) for value in line.values())


def test_bad_query_shows_the_place_and_a_correction(home: Path) -> None:
    result = run("search", home, "to:anna@", "size:big")
    assert (result.exit_code, result.stdout) == (2, "")
    message, text, caret, better = result.stderr.splitlines()
    assert message == "mailtracer: column 15: a size ends in K, M or G"
    assert text == "  to:anna@ size:big"
    assert text[caret.index("^")] == "b"
    assert better == "Try: to:anna@ size:>10M"


@pytest.mark.parametrize("query", ["from:", "(to:anna@", 'subject:"open', "a OR", "ip:x", "to:a,"])
def test_every_bad_query_ends_with_2(home: Path, query: str) -> None:
    result = run("search", home, query)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "^" in result.stderr


def test_hint_goes_to_standard_error(home: Path) -> None:
    result = run("search", home, *EVERY, "form:bob")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "Did you mean from:?" in result.stderr


def test_nothing_found_is_no_error(home: Path) -> None:
    assert done("search", home, *EVERY, "to:nobody@nowhere.example") == ""
    assert done("search", home, *EVERY, "--csv", "to:nobody@nowhere.example").count("\n") == 1


@pytest.mark.parametrize(
    ("words", "next_step"),
    [(["to:nobody@x.example"], "--since all"), ([*EVERY, "to:nobody@x.example"], "such as anna@")],
)
def test_nothing_found_says_what_to_try_next(home: Path, words: list[str], next_step: str) -> None:
    result = run("search", home, *words)
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr.startswith("Nothing found") and next_step in result.stderr


def test_id_of_a_row_can_be_copied_from_a_narrow_terminal(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [str(row["id"]) for row in rows(home)]
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr("tracer.cli.search.sys", Mock(**{"stdout.isatty.return_value": True}))
    shown = done("search", home, *EVERY)
    assert [id for id in ids if id not in shown] == []


def test_reader_that_has_seen_enough_ends_the_search_quietly(home: Path) -> None:
    with started("search", "--home", str(home), *EVERY) as running:
        assert running.stdout is not None and running.stderr is not None
        running.stdout.close()
        assert running.stderr.read() == b""
        assert running.wait(timeout=30) == 141


def test_search_loads_neither_the_pages_nor_what_reads_logs(home: Path) -> None:
    script = (
        "import sys\n"
        "from click.testing import CliRunner\n"
        "from webui.cli import mailtracer\n"
        f"words = ['search', '--home', {str(home)!r}, '--since', 'all', 'to:anna@corp.example']\n"
        "done = CliRunner().invoke(mailtracer, words)\n"
        "assert done.exit_code == 0 and done.stdout.count('\\n') == 4, done.output\n"
        "print(*sys.modules)\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = set(told.stdout.split())
    assert "tracer.store.deliveries" in loaded
    unwanted = {
        "alembic", "babel", "collectors", "flask", "gunicorn", "pydantic", "pydantic_settings",
        "rich", "sqlalchemy", "tomllib", "tracer.causes", "tracer.explain", "tracer.fold",
        "zstandard",
    }  # fmt: skip
    assert not loaded & unwanted
