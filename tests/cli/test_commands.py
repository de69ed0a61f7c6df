"""The commands as scripts see them: what they print where, and their exit codes."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import lzma
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from click.testing import CliRunner, Result

from collectors import reading
from tests.store.filling import HERE
from tracer.release import version
from tracer.store import engine
from webui.cli import COMMANDS, mailtracer

ROOT = Path(__file__).resolve().parents[2]
LOGS = [str(HERE / "mx1.log"), str(HERE / "mx2.log")]
LINES = sum(len(Path(log).read_text("utf-8").splitlines()) for log in LOGS)
ROW = (
    "id received_at updated_at status cause sender recipient original_recipient subject message_id "
    "direction host queue_id queue_ids client relay size attempts delay_s reply enhanced_status "
    "source"
).split()
TOTALS = (
    "lines events unparsed duplicates messages deliveries first_at last_at seconds lines_per_s"
).split()
EVERY = ("--since", "all", "--limit", "0")


def run(verb: str, home: Path, *words: str) -> Result:
    return CliRunner().invoke(
        mailtracer, [verb, "--home", str(home), *words], catch_exceptions=False
    )


def done(verb: str, home: Path, *words: str) -> str:
    """Standard output of a command that must succeed."""
    result = run(verb, home, *words)
    assert result.exit_code == 0, result.output
    return result.stdout


def ingested(home: Path, *words: str) -> dict[str, object]:
    told: dict[str, object] = json.loads(done("ingest", home, "--json", *words))
    return told


def rows(home: Path, *words: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in done("search", home, *EVERY, *words).splitlines()]


def started(*words: str, **more: object) -> subprocess.Popen[bytes]:
    """The command in a process of its own, away from the checkout."""
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "webui.cli", *words],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more,  # type: ignore[call-overload]
    )  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that has read both logs."""
    where = tmp_path_factory.mktemp("home")
    ingested(where, *LOGS, "--timezone", "UTC")
    return where


# Help


@pytest.mark.parametrize("verb", sorted(COMMANDS))
def test_every_command_takes_the_same_options_and_shows_an_example(verb: str) -> None:
    told = CliRunner().invoke(mailtracer, [verb, "--help"]).stdout
    for wanted in ("--config", "--home", "--help", "Example", f"mailtracer {verb}"):
        assert wanted in told


def test_help_calls_the_program_by_its_name() -> None:
    told, _ = started("--help").communicate(timeout=30)
    assert told.startswith(b"Usage: mailtracer [OPTIONS] COMMAND")
    for verb in COMMANDS:
        assert f"\n  {verb} " in told.decode()


@pytest.mark.parametrize(
    "words",
    [
        ["serch"], ["search", "--nope"], ["ingest"], ["show"], ["search", "--limit", "-1"],
        ["search", "--group", "thread"], ["ingest", "--year", "26", "x"],
        ["ingest", "--format", "exim", "x"], ["ingest", "--timezone", "Mars/Base", "x"],
        ["search", "--since", "someday"], ["search", "--until", "2026-13-01"],
    ],
)  # fmt: skip
def test_wrong_usage_ends_with_2_and_prints_no_result(words: list[str], tmp_path: Path) -> None:
    where = ["--home", str(tmp_path)] if len(words) > 1 else []
    result = CliRunner().invoke(mailtracer, [*words, *where], prog_name="mailtracer")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Try 'mailtracer" in result.stderr


def test_version_is_the_changelogs(tmp_path: Path) -> None:
    assert done("version", tmp_path) == f"{version()}\n"


# Reading


def test_ingest_tells_what_it_read_as_one_object(tmp_path: Path) -> None:
    told = ingested(tmp_path, *LOGS)
    assert list(told) == TOTALS
    assert (told["lines"], told["unparsed"], told["duplicates"]) == (LINES, 0, 0)
    assert (told["messages"], told["deliveries"]) == (14, 15)
    assert told["first_at"] == "2026-11-20T23:59:58Z"
    assert told["last_at"] == "2026-11-22T10:00:01.200000Z"


def test_ingest_tells_people_in_words(tmp_path: Path) -> None:
    told = done("ingest", tmp_path, LOGS[0])
    assert told.startswith("51 lines read, 10 messages, 11 deliveries; ")
    again = done("ingest", tmp_path, LOGS[0])
    assert "49 events known before" in again


def test_reading_the_same_again_changes_nothing(tmp_path: Path) -> None:
    first = ingested(tmp_path, *LOGS)
    before = rows(tmp_path)
    again = ingested(tmp_path, *LOGS)
    assert again["duplicates"] == again["events"] == first["events"]
    assert rows(tmp_path) == before


PACKED: dict[str, Callable[[bytes], bytes]] = {
    "mail.log": bytes,
    "mail.log.gz": gzip.compress,
    "mail.log.bz2": bz2.compress,
    "mail.log.xz": lzma.compress,
    "mail.log.zst": zstandard.ZstdCompressor().compress,
    "no-name-that-tells": gzip.compress,
}


@pytest.mark.parametrize("name", PACKED)
def test_packed_log_is_read_like_a_plain_one(tmp_path: Path, home: Path, name: str) -> None:
    (tmp_path / name).write_bytes(PACKED[name](Path(LOGS[1]).read_bytes()))
    told = ingested(tmp_path, str(tmp_path / name), "--source", "mx2.log")
    assert told["deliveries"] == 4
    assert rows(tmp_path) == rows(home, "source:mx2.log")


def test_folder_is_read_with_all_below_it(tmp_path: Path) -> None:
    below = tmp_path / "logs" / "a b" / "почта"
    below.mkdir(parents=True)
    for log in LOGS:
        (below / Path(log).name).write_bytes(Path(log).read_bytes())
    assert ingested(tmp_path, str(tmp_path / "logs"))["lines"] == LINES


def test_standard_input_is_read(tmp_path: Path, home: Path) -> None:
    running = started("ingest", "--home", str(tmp_path), "--json", "-")
    told, problems = running.communicate(Path(LOGS[1]).read_bytes(), timeout=30)
    assert (running.returncode, problems) == (0, b"")
    assert json.loads(told)["deliveries"] == 4
    assert {row["source"] for row in rows(tmp_path)} == {"stdin"}


def test_source_host_year_and_zone_are_taken_from_the_options(tmp_path: Path) -> None:
    line = (
        b"Feb 29 12:00:00 postfix/smtpd[7]: NOQUEUE: reject: RCPT from unknown[192.0.2.7]: 554 "
        b"5.7.1 <anna@corp.example>: Access denied; from=<s@bad.example> to=<anna@corp.example> "
        b"proto=ESMTP helo=<x>\n"
    )
    options = ("--source", "gate", "--host", "mx9", "--year", "2024", "--timezone", "+03:00")
    log = tmp_path / "mail.log"
    log.write_bytes(line)
    ingested(tmp_path, *options, str(log))
    (row,) = rows(tmp_path)
    assert (row["source"], row["host"]) == ("gate", "mx9")
    assert row["received_at"] == "2024-02-29T09:00:00Z"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty"),
        (bytes(range(256)) * 20, "is not a text"),
        (b"PK\x03\x04" + b"\0" * 100, "is a zip archive"),
        (b"Dear Anna,\nthis is no log.\n", "does not look like a log"),
        (gzip.compress(b"x" * 1000)[:-20], "ends too soon"),
    ],
)
def test_unusable_file_is_named_and_the_rest_goes_on(
    tmp_path: Path, content: bytes, told: str
) -> None:
    bad = tmp_path / "bad.log"
    bad.write_bytes(content)
    alone = run("ingest", tmp_path / "alone", "--json", str(bad))
    assert alone.exit_code == 65
    assert f"{bad}: " in alone.stderr and told in alone.stderr
    assert "nothing could be read" in alone.stderr
    both = run("ingest", tmp_path / "both", "--json", str(bad), LOGS[1])
    assert both.exit_code == 0
    assert told in both.stderr
    assert json.loads(both.stdout)["deliveries"] == 4


def test_missing_file_is_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    result = run("ingest", tmp_path, "--json", str(tmp_path / "nowhere.log"), LOGS[1])
    assert result.exit_code == 0
    assert f"{tmp_path}/nowhere.log: does not exist" in result.stderr
    assert json.loads(result.stdout)["deliveries"] == 4
    assert run("ingest", tmp_path, str(tmp_path / "nowhere.log")).exit_code == 65


def test_folder_without_rights_is_named_and_the_rest_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir()
    listed = os.listdir

    def refuses(path: str) -> list[str]:
        if path == str(closed):  # the rights do not bind root, who may run the tests
            raise PermissionError(13, "Permission denied", path)
        return listed(path)

    monkeypatch.setattr("os.listdir", refuses)
    result = run("ingest", tmp_path, "--json", str(closed), LOGS[1])
    assert result.exit_code == 0
    assert f"{closed}: cannot be read, the rights are missing" in result.stderr
    assert json.loads(result.stdout)["deliveries"] == 4


def test_folder_without_files_is_unusable(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    result = run("ingest", tmp_path, str(tmp_path / "empty"))
    assert result.exit_code == 65
    assert "empty: holds no file to read" in result.stderr


def test_lines_that_cannot_be_read_are_counted(tmp_path: Path) -> None:
    log = tmp_path / "mail.log"
    log.write_text(Path(LOGS[1]).read_text("utf-8") + "garbage\n", "utf-8")
    assert ingested(tmp_path, str(log))["unparsed"] == 1


def test_parse_prints_the_events_of_a_log(tmp_path: Path) -> None:
    told = [json.loads(line) for line in done("parse", tmp_path, LOGS[1]).splitlines()]
    assert len(told) == 21
    assert {"kind", "at", "host", "queue_id", "text", "sender"} <= set(told[0])
    assert not (tmp_path / "mailtracer.db").exists()


def test_parse_of_what_is_no_log_is_unusable(tmp_path: Path) -> None:
    result = run("parse", tmp_path, str(tmp_path / "nowhere.log"))
    assert (result.exit_code, result.stdout) == (65, "")
    assert "does not exist" in result.stderr


# Reading in two processes


@pytest.fixture
def beside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even a small log is read by a process of its own."""
    monkeypatch.setattr(reading, "WORTH_A_PROCESS", 1)
    monkeypatch.setattr("os.cpu_count", lambda: 2)


def test_two_processes_give_what_one_gives(tmp_path: Path, home: Path, beside: None) -> None:
    assert ingested(tmp_path, *LOGS, "--timezone", "UTC")["lines"] == LINES
    assert rows(tmp_path) == rows(home)
    assert reading.WORTH_A_PROCESS == 1


def test_many_files_are_more_than_an_argument_can_hold(tmp_path: Path, beside: None) -> None:
    folder = tmp_path.joinpath(*["long-name" * 20] * 15)
    folder.mkdir(parents=True)
    line = Path(LOGS[1]).read_text("utf-8").partition("\n")[0]
    for number in range(50):
        (folder / f"{number}.log").write_text(f"{line}\n")
    assert ingested(tmp_path, str(folder))["lines"] == 50


DYING = """\
#!/bin/sh
''''exec "{python}" "$0" "$@"  # a shebang of its own breaks where the path has a space
'''
import os, signal, sys
sys.path.insert(0, {root!r})
import msgspec
from collectors import reading
planned, sending = map(int, sys.argv[-2:])
plan = msgspec.msgpack.decode(os.fdopen(planned, "rb").read(), type=reading.Plan)
frames = [msgspec.msgpack.encode(step) for step in reading.steps(plan)]
whole, half = frames[0], frames[1][: len(frames[1]) // 2]
for length, frame in ((len(whole), whole), (len(frames[1]), half)):
    os.write(sending, reading._LENGTH.pack(length) + frame)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_death_of_the_reading_process_is_told_and_what_it_read_is_stored(
    tmp_path: Path, home: Path, beside: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    dying = tmp_path / "dying"
    dying.write_text(DYING.format(python=sys.executable, root=str(ROOT)))
    dying.chmod(0o755)
    with monkeypatch.context() as broken:
        broken.setattr(sys, "executable", str(dying))
        result = run("ingest", tmp_path, "--json", *LOGS, "--timezone", "UTC")
    assert (result.exit_code, result.stdout) == (75, "")
    assert "ended with code -9; what it read is stored" in result.stderr
    assert 0 < len(rows(tmp_path)) < 15
    ingested(tmp_path, *LOGS, "--timezone", "UTC")
    assert rows(tmp_path) == rows(home)


def has_schema(store: Path) -> bool:
    """Whether the program has made its store, and now waits for lines."""
    if not store.exists():
        return False
    conn = sqlite3.connect(f"file:{store}?mode=ro", uri=True)
    try:
        return bool(conn.execute("SELECT 1 FROM alembic_version").fetchone())
    except sqlite3.OperationalError:
        return False
    finally:
        conn.close()


def test_interruption_ends_with_130_and_no_trace_of_the_program(tmp_path: Path) -> None:
    running = started("ingest", "--home", str(tmp_path), "-", start_new_session=True)
    assert running.stdin is not None and running.stdout is not None
    watched = tmp_path / "mailtracer.db"
    while not has_schema(watched) and running.poll() is None:
        os.sched_yield()
    os.killpg(running.pid, signal.SIGINT)
    told, problems = running.communicate(timeout=30)
    assert running.returncode == 130
    assert told == b""
    assert b"Traceback" not in problems


# Searching


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
    assert "sqlalchemy" in loaded
    unwanted = {
        "alembic", "babel", "collectors", "flask", "gunicorn", "pydantic", "pydantic_settings",
        "rich", "tomllib", "tracer.causes", "tracer.explain", "tracer.fold", "zstandard",
    }  # fmt: skip
    assert not loaded & unwanted


# One message


def test_show_prints_one_object(home: Path) -> None:
    told = json.loads(done("show", home, "9AA0000002", "--json"))
    assert list(told)[:5] == ["message", "deliveries", "hops", "events", "explanation"]
    assert list(told["message"]) == ROW
    assert [list(row) for row in told["deliveries"]] == [ROW]
    assert [hop["queue_id"] for hop in told["hops"]] == ["9AA0000002"]
    assert told["events"][0]["raw"].endswith("9AA0000002: client=pc7.corp.example[10.0.0.7], "
                                             "sasl_method=PLAIN, sasl_username=carl")  # fmt: skip
    assert told["explanation"]["cause"] == "recipient_unknown"
    assert told["explanation"]["steps"]
    assert [each["why"] for each in told["related"]] == ["notice"]


@pytest.mark.parametrize("name", ["id", "queue_id", "message_id"])
def test_show_finds_a_message_by_each_of_its_names(home: Path, name: str) -> None:
    (row,) = rows(home, "status:bounced")
    told = json.loads(done("show", home, str(row[name]), "--json"))
    assert told["message"] == row


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_show_tells_people_what_happened_and_what_to_do(home: Path, lang: str) -> None:
    told = done("show", home, "9AA0000002", "--lang", lang)
    assert ("has no mailbox" in told) == (lang == "en")
    assert "\n1. " in told
    assert "nobody@partner.example" in told
    assert "postfix/smtp[1452]: 9AA0000002: to=<nobody@partner.example>" in told
    advice = told.partition("\n2026-")[0].splitlines()
    assert not [line for line in advice if "  " in line.strip().partition("  carl@")[0]]


def test_show_of_nothing_ends_with_1_and_names_it(home: Path) -> None:
    result = run("show", home, "nosuch")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "nothing in the store is named nosuch" in result.stderr


# The store and the settings


def test_init_makes_a_store_that_can_be_searched(tmp_path: Path) -> None:
    for _ in range(2):
        result = run("init", tmp_path / "new")
        assert (result.exit_code, result.stdout) == (0, "")
        assert str(tmp_path / "new" / "mailtracer.db") in result.stderr
    assert rows(tmp_path / "new") == []
    assert json.loads(done("search", tmp_path / "new", "--count"))["complete_until"] is None


@pytest.mark.parametrize("words", [["search", "x"], ["show", "x"]])
def test_store_that_is_not_there_ends_with_69_and_the_next_step(
    tmp_path: Path, words: list[str]
) -> None:
    result = run(words[0], tmp_path / "none", *words[1:])
    assert (result.exit_code, result.stdout) == (69, "")
    assert f"there is no store at {tmp_path}/none/mailtracer.db" in result.stderr
    assert "mailtracer ingest" in result.stderr
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("words", [["search", "x"], ["show", "x"], ["init"], ["ingest", LOGS[1]]])
def test_file_that_is_no_store_ends_with_69_and_stays_as_it_is(
    tmp_path: Path, words: list[str]
) -> None:
    other = tmp_path / "mailtracer.db"
    other.write_text("somebody's notes, which are no database\n" * 100)
    before = other.read_bytes()
    result = run(words[0], tmp_path, *words[1:])
    assert (result.exit_code, result.stdout) == (69, "")
    assert "cannot be used: file is not a database" in result.stderr
    assert other.read_bytes() == before


@pytest.mark.parametrize("words", [["search", *EVERY], ["ingest", LOGS[0]]])
def test_damaged_store_ends_with_69(tmp_path: Path, words: list[str]) -> None:
    ingested(tmp_path, LOGS[1])
    store = tmp_path / "mailtracer.db"
    content = bytearray(store.read_bytes())
    content[8192 * 8 :] = os.urandom(len(content) - 8192 * 8)
    store.write_bytes(content)
    result = run(words[0], tmp_path, *words[1:])
    assert (result.exit_code, result.stdout) == (69, "")
    assert "malformed" in result.stderr


def test_full_disk_ends_with_75_and_reading_again_completes_the_store(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingested(tmp_path, LOGS[1], "--timezone", "UTC")
    pages = (tmp_path / "mailtracer.db").stat().st_size // 8192
    with monkeypatch.context() as small:
        room = f"PRAGMA max_page_count = {pages}"
        small.setattr(engine, "_PRAGMAS", (*engine._PRAGMAS, room))
        result = run("ingest", tmp_path, LOGS[0])
    assert (result.exit_code, result.stdout) == (75, "")
    assert "cannot grow" in result.stderr and "Make room" in result.stderr
    ingested(tmp_path, LOGS[0], "--timezone", "UTC")
    assert rows(tmp_path) == rows(home)


def test_home_that_cannot_be_made_ends_with_69(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = run("ingest", tmp_path / "file" / "home", LOGS[1])
    assert (result.exit_code, result.stdout) == (69, "")
    assert "cannot make the folder" in result.stderr


def test_wrong_setting_ends_with_78_and_names_it(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text("[store]\nlive_dayz = 3\n")
    result = run("search", tmp_path, "--config", str(config), "x")
    assert (result.exit_code, result.stdout) == (78, "")
    assert "live_dayz" in result.stderr and "live_days" in result.stderr
    assert done("version", tmp_path, "--config", str(config)) == f"{version()}\n"


def test_store_of_the_settings_is_used(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(f'[store]\nurl = "sqlite:///{tmp_path}/else where/mail.db"\n')
    ingested(tmp_path / "home", "--config", str(config), LOGS[1])
    assert (tmp_path / "else where" / "mail.db").exists()
    assert len(rows(tmp_path / "home", "--config", str(config))) == 4
