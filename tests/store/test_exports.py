"""Exports of a store: every format and kind, and what happens when the place refuses."""

from __future__ import annotations

import csv
import errno
import gc
import hashlib
import io
import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow.parquet
import pytest
from sqlalchemy import Engine

from tests.store.filling import NOW_US, content
from tracer.errors import TracerError
from tracer.exports import as_xlsx, beside
from tracer.exports.columns import KINDS
from tracer.exports.order import FORMATS, Order
from tracer.exports.write import CannotWrite, Result, pieces, write_file, write_stream
from tracer.store import scan

SUMMARY = "Date Sender Recipient Subject Status".split()
ENHANCED = (
    "origin_timestamp_utc sender_address recipient_status message_subject total_bytes message_id "
    "network_message_id original_client_ip directionality connector_id delivery_priority"
).split()
EXTENDED = (
    "date_time_utc client_ip client_hostname server_ip server_hostname source_context connector_id "
    "source event_id internal_message_id message_id network_message_id recipient_address "
    "recipient_status total_bytes recipient_count related_recipient_address reference "
    "message_subject sender_address return_path message_info directionality tenant_id "
    "original_client_ip original_server_ip custom_data"
).split()


def silence(_rows: int) -> None:
    """Nobody watches."""


def ordered(**more: Any) -> Order:
    return Order("", NOW_US, **more)


def exported(engine: Engine, folder: Path, **more: Any) -> tuple[Path, Result]:
    order = ordered(**more)
    path = folder / f"mail{order.form.suffix}"
    return path, write_file(engine, order, path, silence)


def csv_rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_ndjson_holds_exactly_what_a_search_finds(filled: Engine, tmp_path: Path) -> None:
    path, result = exported(filled, tmp_path, format="ndjson")
    told = [json.loads(line) for line in path.read_bytes().splitlines()]
    expected = [json.loads(json.dumps(row)) for row in content(filled)]
    assert told == expected
    assert result.rows == len(expected) > 10
    assert result.octets == path.stat().st_size
    assert result.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("size", [1, 2, 7])
def test_chunks_of_any_size_give_the_same_rows(filled: Engine, size: int) -> None:
    query = ordered().query()
    whole = [id for chunk in scan.chunks(filled, query, ["id"]) for id in chunk.columns["id"]]
    chunks = list(scan.chunks(filled, query, ["id"], size=size))
    assert [id for chunk in chunks for id in chunk.columns["id"]] == whole
    assert max(chunk.length for chunk in chunks) <= size


def test_a_query_with_several_starts_gives_each_row_once(filled: Engine, tmp_path: Path) -> None:
    order = Order("domain:corp.example OR status:bounced", NOW_US, format="ndjson")
    result = write_file(filled, order, tmp_path / "x", silence)
    ids = [json.loads(line)["id"] for line in (tmp_path / "x").read_bytes().splitlines()]
    assert len(ids) == len(set(ids)) == result.rows > 0


def test_parquet_holds_the_same_with_types(filled: Engine, tmp_path: Path) -> None:
    path, result = exported(filled, tmp_path, format="parquet")
    table = pyarrow.parquet.read_table(path)
    assert table.num_rows == result.rows
    assert str(table.schema.field("received_at").type) == "timestamp[us, tz=UTC]"
    for read, expected in zip(table.to_pylist(), content(filled), strict=True):
        assert read["id"] == expected["id"]
        assert read["queue_ids"] == list(expected["queue_ids"])  # type: ignore[call-overload]
        assert read["size"] == expected["size"]
        assert read["delay_s"] == expected["delay_s"]


def test_xlsx_is_read_back_and_holds_no_formula(filled: Engine, tmp_path: Path) -> None:
    path, result = exported(filled, tmp_path, format="xlsx")
    sheet = openpyxl.load_workbook(path).active
    rows = list(sheet.iter_rows())
    assert [cell.value for cell in rows[0]] == list(content(filled)[0])
    assert len(rows) == result.rows + 1
    assert rows[1][0].value == content(filled)[0]["id"]
    assert rows[1][1].is_date
    assert not any(cell.data_type == "f" for row in rows for cell in row)


def test_xlsx_goes_on_with_a_further_sheet(
    filled: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(as_xlsx, "SHEET_ROWS", 5)
    path, result = exported(filled, tmp_path, format="xlsx", columns="summary")
    sheets = openpyxl.load_workbook(path).worksheets
    assert len(sheets) == -(-result.rows // 4)
    assert sum(sheet.max_row - 1 for sheet in sheets) == result.rows


@pytest.mark.parametrize(
    ("columns", "names"), [("summary", SUMMARY), ("enhanced", ENHANCED), ("extended", EXTENDED)]
)
def test_microsoft_kinds_have_their_columns_in_their_order(
    filled: Engine, tmp_path: Path, columns: str, names: list[str]
) -> None:
    path, result = exported(filled, tmp_path, columns=columns)
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert rows[0] == names
    assert len(rows) == result.rows + 1
    assert {len(row) for row in rows} == {len(names)}


def test_enhanced_tells_recipient_and_status_in_one_cell(filled: Engine, tmp_path: Path) -> None:
    path, _ = exported(filled, tmp_path, columns="enhanced")
    told = {row["recipient_status"].partition("##")[2] for row in csv_rows(path)}
    assert {"Receive, Send", "Receive, Fail"} <= told


def test_pieces_are_the_file(filled: Engine, tmp_path: Path) -> None:
    path, _ = exported(filled, tmp_path)
    assert b"".join(pieces(filled, ordered())) == path.read_bytes()


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_can_go_to_a_pipe(filled: Engine, form: str) -> None:
    out = io.BytesIO()
    result = write_stream(filled, ordered(format=form), out, silence)
    assert result.sha256 == hashlib.sha256(out.getvalue()).hexdigest()


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("columns", KINDS)
def test_a_search_without_rows_is_a_file_with_a_head(
    filled: Engine, tmp_path: Path, form: str, columns: str
) -> None:
    order = Order("to:nobody@nowhere.example", NOW_US, format=form, columns=columns)
    result = write_file(filled, order, tmp_path / "x", silence)
    assert result.rows == 0
    assert (tmp_path / "x").exists()


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_what_stops_an_export_leaves_nothing_behind(
    filled: Engine, tmp_path: Path, form: str
) -> None:
    def stop(_rows: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_file(filled, ordered(format=form), tmp_path / "x", stop)
    gc.collect()
    assert list(tmp_path.iterdir()) == []


def test_an_older_file_stays_until_the_new_one_is_whole(filled: Engine, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("older")

    def stop(_rows: int) -> None:
        assert path.read_text() == "older"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_file(filled, ordered(), path, stop)
    assert path.read_text() == "older"
    write_file(filled, ordered(), path, silence)
    assert path.read_text().startswith("id,")


def test_a_folder_that_is_not_there_is_named(filled: Engine, tmp_path: Path) -> None:
    with pytest.raises(CannotWrite, match=r"absent/x\.csv .*does not exist.*Make it first"):
        write_file(filled, ordered(), tmp_path / "absent" / "x.csv", silence)


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def refuse(_held: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", refuse)
    yield


@pytest.mark.usefixtures("full_disk")
def test_a_full_disk_is_told_and_nothing_half_made_is_left(filled: Engine, tmp_path: Path) -> None:
    with pytest.raises(CannotWrite, match=r"the disk is full\. Make room there"):
        write_file(filled, ordered(), tmp_path / "x.csv", silence)
    assert list(tmp_path.iterdir()) == []


_LIMITED = """
import resource, signal, sys
from pathlib import Path
from tracer.exports.order import Order
from tracer.exports.write import CannotWrite, write_file
from tracer.store.engine import open_engine
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
try:
    write_file(open_engine(sys.argv[1]), Order("", 1), Path(sys.argv[2]), lambda rows: None)
except CannotWrite as error:
    print(error)
"""


def test_a_file_that_may_not_grow_is_told(filled: Engine, tmp_path: Path) -> None:
    assert resource.RLIM_INFINITY == resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    url = str(filled.url)
    ran = subprocess.run(
        [sys.executable, "-c", _LIMITED, url, str(tmp_path / "x.csv")],
        capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert "fewer days or fewer columns" in ran.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("form", ["csv", "ndjson"])
@pytest.mark.parametrize("words", ["", "status:failed last:30h", "until:2026-11-22"])
def test_two_processes_write_what_one_writes(
    filled: Engine, monkeypatch: pytest.MonkeyPatch, form: str, words: str
) -> None:
    order = Order(words, NOW_US, format=form)
    alone = b"".join(pieces(filled, order))
    monkeypatch.setattr(beside, "ALONE_ROWS", 1)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    assert b"".join(pieces(filled, order)) == alone


def test_a_helping_process_that_dies_fails_the_export(
    filled: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(beside, "ALONE_ROWS", 0)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setattr(sys, "executable", "/bin/true")
    with pytest.raises(TracerError, match="run it again"):
        write_file(filled, ordered(), tmp_path / "x.csv", silence)
    assert list(tmp_path.iterdir()) == []


def test_slices_cover_the_time_of_a_query_once() -> None:
    query = Order("since:2026-11-20T05:30 until:2026-11-21T18:00", NOW_US).query()
    cut = beside.slices(["20261121", "20261120"], query, beside.COARSE_US)
    assert cut[0][1] == query.until_us and cut[-1][0] == query.since_us
    assert all(later[0] == earlier[1] for later, earlier in pairwise(cut))
