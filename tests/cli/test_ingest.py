"""`mailtracer ingest` and `parse`: what is read, and what is told of it."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from tests.cli.commands import (
    LINES,
    LOGS,
    TOTALS,
    done,
    ingested,
    rows,
    run,
    started,
)


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


def test_log_of_another_mail_server_is_said_to_be_none_that_is_read(tmp_path: Path) -> None:
    log = tmp_path / "main.log"
    log.write_text("2026-11-22 12:39:44 1vMn3b-000001-2x <= anna@corp.example H=mx [192.0.2.1]\n")
    ran = run("ingest", tmp_path, str(log))
    assert ran.exit_code == 0
    assert ran.stdout.startswith("1 line read, 0 messages, 0 deliveries; ")
    assert ran.stderr.startswith("None of these lines tells of a message. Mailtracer reads the log")
    assert run("ingest", tmp_path, LOGS[0]).stderr == ""


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


def test_where_nothing_could_be_read_no_counts_are_told(tmp_path: Path) -> None:
    found = run("ingest", tmp_path, str(tmp_path / "no.log"))
    assert found.exit_code == 65
    assert found.stdout == ""
    assert "does not exist" in found.stderr


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
