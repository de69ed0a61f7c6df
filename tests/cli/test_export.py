"""`mailtracer export` and `mailtracer config` as scripts see them."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.store.filling import HERE
from tracer import secret_files
from webui.cli import mailtracer

LOGS = [str(HERE / "mx1.log"), str(HERE / "mx2.log")]


def run(*words: str, given: str = "") -> Result:
    return CliRunner().invoke(mailtracer, list(words), input=given, catch_exceptions=False)


def done(*words: str) -> Result:
    result = run(*words)
    assert result.exit_code == 0, result.output
    return result


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> str:
    where = str(tmp_path_factory.mktemp("home"))
    done("ingest", "--home", where, *LOGS, "--timezone", "UTC")
    return where


def test_export_prints_what_it_wrote_and_nothing_else(home: str, tmp_path: Path) -> None:
    file = tmp_path / "mail.csv"
    result = done("export", "--home", home, "-o", str(file))
    told = json.loads(result.stdout)
    assert set(told) == {"rows", "octets", "sha256", "seconds"}
    assert told["octets"] == file.stat().st_size
    assert told["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    with file.open(newline="", encoding="utf-8") as read:
        assert len(list(csv.DictReader(read))) == told["rows"] > 10
    assert result.stderr == ""
    assert [one.name for one in tmp_path.iterdir()] == ["mail.csv"]


def test_export_finds_what_search_finds(home: str) -> None:
    for query in ("status:failed", "-status:bounced", "from:@corp.example", ""):
        words = ("--since", "all", "--", query) if query[:1] != "-" else ("--since", "all", query)
        found = done("search", "--home", home, "--limit", "0", "--json", *words).stdout
        told = done("export", "--home", home, "--format", "ndjson", "-o", "-", *words).stdout
        assert told.splitlines() == found.splitlines()


def test_export_to_standard_output_tells_the_figures_beside(home: str) -> None:
    result = done("export", "--home", home, "-o", "-", "--columns", "summary")
    rows = list(csv.reader(io.StringIO(result.stdout, newline="")))
    assert rows[0] == ["Date", "Sender", "Recipient", "Subject", "Status"]
    assert json.loads(result.stderr)["rows"] == len(rows) - 1


def test_export_for_a_russian_excel(home: str, tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    done("export", "--home", home, "--format", "excel", "--lang", "ru", "-o", str(file))
    assert file.read_bytes().startswith(b"\xef\xbb\xbfid;received_at;")


def test_a_query_that_cannot_be_understood_ends_with_2_and_a_correction(home: str) -> None:
    result = run("export", "--home", home, "status:bouncd", "-o", "-")
    assert result.exit_code == 2
    assert "column 8" in result.stderr and "status:bounced" in result.stderr


def test_a_place_that_cannot_be_written_ends_with_75(home: str, tmp_path: Path) -> None:
    result = run("export", "--home", home, "-o", str(tmp_path / "absent" / "x.csv"))
    assert result.exit_code == 75
    assert "Make it first" in result.stderr
    assert result.stdout == ""


def test_export_without_a_file_says_so() -> None:
    result = run("export")
    assert result.exit_code == 2


def test_password_is_stored_encrypted(tmp_path: Path) -> None:
    result = run("config", "smtp-password", "--home", str(tmp_path), given="geheim\n")
    assert result.exit_code == 0
    assert secret_files.kept(tmp_path, "smtp-password") == "geheim"
    assert result.stdout == ""


def test_test_mail_without_a_server_says_what_to_set(tmp_path: Path) -> None:
    result = run("config", "test-mail", "--home", str(tmp_path), "olga@corp.example")
    assert result.exit_code == 69
    assert "smtp.host" in result.stderr


def test_a_search_does_not_load_what_exports_need() -> None:
    code = (
        "import sys, collectors.cli.export; "
        "print({'pyarrow', 'xlsxwriter', 'huey', 'cryptography'} & set(sys.modules))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "set()"


def test_a_device_is_written_to_and_not_replaced(home: str, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE) as reading:
        result = done("export", "--home", home, "-o", str(pipe), "--columns", "summary")
        assert reading.stdout is not None
        assert len(reading.stdout.read()) == json.loads(result.stdout)["octets"]
    assert pipe.is_fifo()


def test_a_link_is_followed(home: str, tmp_path: Path) -> None:
    (tmp_path / "link.csv").symlink_to(tmp_path / "real.csv")
    done("export", "--home", home, "-o", str(tmp_path / "link.csv"))
    assert (tmp_path / "link.csv").is_symlink() and (tmp_path / "real.csv").is_file()
