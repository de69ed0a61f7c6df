"""Days in the archive: sealed without a loss, found again, brought back."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from itertools import accumulate, groupby
from pathlib import Path
from typing import NoReturn

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from fsspec.registry import _registry
from sqlalchemy import Engine, inspect

from collectors.formats import parse_line
from tests.store.filling import LOGS, NOW_US, asked, content, read, read_lines
from tracer.archive import columns, raw_lines, sealing
from tracer.archive.files import Archive, ArchiveDamaged
from tracer.archive.scratch import scratch
from tracer.archive.templates import names
from tracer.errors import ConfigError, NotFound, StoreUnavailable
from tracer.exports import as_json
from tracer.store import days, deliveries, sealed, stays
from tracer.store.engine import reading
from tracer.store.packing import Packer
from tracer.trace import load_trace

DAY = "20261122"
REFUSED = (
    "2026-11-22T09:00:00+00:00 mx1 postfix/smtpd[7]: NOQUEUE: reject: RCPT from x[192.0.2.1]: "
    "554 5.7.1 <a@b.example>: Relay access denied; from=<> to=<a@b.example> proto=SMTP helo=<x>"
)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(str(tmp_path / "archive"))


@pytest.fixture
def filled_store(store: Engine) -> Engine:
    read(store, *LOGS)
    return store


def seal(engine: Engine, archive: Archive, day: str = DAY) -> sealed.DayFile:
    return sealing.seal(engine, archive, day, parse_line, NOW_US)


def state(engine: Engine, day: str = DAY) -> str:
    with engine.connect() as conn:
        return sealed.one(conn, day).state


def tables(engine: Engine) -> list[str]:
    with engine.connect() as conn:
        return days.live(conn)


def test_sealed_day_is_one_file_and_has_no_tables(filled_store: Engine, archive: Archive) -> None:
    before = content(filled_store)
    known = seal(filled_store, archive)
    assert archive.days() == [DAY]
    assert Path(archive.name(DAY)).stat().st_size == known.octets
    assert DAY not in tables(filled_store)
    of_day = [row for row in before if str(row["received_at"]).startswith("2026-11-22")]
    assert known.rows >= len(of_day)
    assert len(content(filled_store)) < len(before)
    assert not list(Path(archive.name(DAY)).parent.glob(".sealing-*"))


def test_restored_day_is_what_it_was(filled_store: Engine, archive: Archive) -> None:
    before = content(filled_store)
    with filled_store.connect() as conn:
        one = deliveries.search(conn, asked("to:anna@corp.example"), limit=1).rows[0]
        trace = load_trace(conn, one.id, parse_line)
    for day in tables(filled_store):
        seal(filled_store, archive, day)
    assert content(filled_store) == []
    for day in archive.days():
        sealing.restore(filled_store, archive, day, parse_line)
    assert content(filled_store) == before
    with filled_store.connect() as conn:
        assert load_trace(conn, one.id, parse_line) == trace
    assert state(filled_store) == "live"


def test_reading_a_log_of_a_sealed_day_again_changes_nothing_in_the_end(
    filled_store: Engine, archive: Archive
) -> None:
    before = content(filled_store)
    known = seal(filled_store, archive)
    read(filled_store, *LOGS)
    assert state(filled_store) == "late"
    assert seal(filled_store, archive).hops == known.hops
    sealing.restore(filled_store, archive, DAY, parse_line)
    assert content(filled_store) == before


def test_line_that_comes_after_the_sealing_is_in_the_file_of_the_next(
    filled_store: Engine, archive: Archive, tmp_path: Path
) -> None:
    lines = LOGS[0].read_text("utf-8").splitlines()
    whole = content(filled_store)
    other = [line for line in lines if "status=sent" in line][-1:]
    seal(filled_store, archive)
    later = other[0].replace("status=sent", "status=deferred").replace("to=<", "to=<late.")
    read_lines(filled_store, tmp_path, [later], "later.log")
    seal(filled_store, archive)
    sealing.restore(filled_store, archive, DAY, parse_line)
    added = [row for row in content(filled_store) if row not in whole]
    assert [row["recipient"] for row in added if str(row["recipient"]).startswith("late.")]


def test_sealed_day_can_be_searched_in_a_scratch_store(
    filled_store: Engine, archive: Archive
) -> None:
    before = content(filled_store)
    seal(filled_store, archive)
    left = content(filled_store)
    with scratch(filled_store, archive, DAY, parse_line) as engine, engine.connect() as conn:
        found = [as_json.row(row) for row in deliveries.rows(conn, asked(""))]
        assert deliveries.count(conn, asked("status:failed")) == sum(
            row["status"] in ("bounced", "expired", "rejected", "suppressed") for row in found
        )
    assert found + left == before


def test_damaged_file_is_refused_and_named(filled_store: Engine, archive: Archive) -> None:
    seal(filled_store, archive)
    path = Path(archive.name(DAY))
    octets = bytearray(path.read_bytes())
    octets[len(octets) // 2] ^= 1
    path.write_bytes(octets)
    with pytest.raises(ArchiveDamaged, match=r"2026-11-22\.parquet has changed.*backup"):
        sealing.restore(filled_store, archive, DAY, parse_line)
    assert state(filled_store) == "sealed"
    path.unlink()
    with pytest.raises(ArchiveDamaged, match=r"2026-11-22\.parquet is not there"):
        sealing.restore(filled_store, archive, DAY, parse_line)


def test_mail_that_arrives_while_a_day_is_sealed_keeps_it_in_the_store(
    filled_store: Engine, archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked = archive.read

    def interrupted(day: str) -> object:
        read_lines(filled_store, tmp_path, [REFUSED], "new.log")
        return checked(day)

    monkeypatch.setattr(archive, "read", interrupted)
    with pytest.raises(sealing.DayChanged, match="try again"):
        seal(filled_store, archive)
    assert state(filled_store) == "live"


def test_days_that_are_over_are_due_oldest_first_unless_held(filled_store: Engine) -> None:
    with filled_store.begin() as conn:
        assert sealing.due(conn, NOW_US, live_days=1) == sorted(days.live(conn))[:1]
        assert sealing.due(conn, NOW_US, live_days=14) == []
        sealed.hold(conn, "20261120", "a case at court")
        assert "20261120" not in sealing.due(conn, NOW_US, live_days=1)
        sealed.hold(conn, "20261120", "")
        assert "20261120" in sealing.due(conn, NOW_US, live_days=1)


def test_unknown_day_is_told(filled_store: Engine, archive: Archive) -> None:
    with pytest.raises(NotFound, match="no mail of 2020-01-01"):
        seal(filled_store, archive, "20200101")
    with pytest.raises(NotFound, match="2026-11-22 was never sealed"):
        sealing.restore(filled_store, archive, DAY, parse_line)
    with reading(filled_store).connect() as conn:
        assert sealed.within(conn, "", "99999999") == []


def test_archive_may_lie_far_away(filled_store: Engine) -> None:
    far = Archive("memory://mailtracer-test")
    before = content(filled_store)
    assert far.days() == []
    seal(filled_store, far)
    assert far.days() == [DAY]
    sealing.restore(filled_store, far, DAY, parse_line)
    assert content(filled_store) == before
    far.remove(DAY)
    assert far.days() == []


def test_only_sealed_days_are_deleted_when_they_are_old(
    filled_store: Engine, archive: Archive
) -> None:
    seal(filled_store, archive, "20261120")
    with filled_store.connect() as conn:
        assert sealing.expired(conn, NOW_US, keep_days=0) == []
        assert sealing.expired(conn, NOW_US, keep_days=1) == ["20261120"]
    sealing.delete(filled_store, archive, "20261120")
    assert archive.days() == []
    with filled_store.connect() as conn, pytest.raises(NotFound):
        sealed.one(conn, "20261120")


def test_what_came_late_for_an_old_day_goes_with_it(filled_store: Engine, archive: Archive) -> None:
    seal(filled_store, archive, "20261120")
    read(filled_store, *LOGS)
    assert state(filled_store, "20261120") == "late"
    with filled_store.connect() as conn:
        assert sealing.expired(conn, NOW_US, keep_days=1) == ["20261120"]
    sealing.delete(filled_store, archive, "20261120")
    with filled_store.connect() as conn:
        assert not [name for name in inspect(conn).get_table_names() if name.endswith("20261120")]
    read(filled_store, *LOGS)
    assert state(filled_store, "20261120") == "live"


def test_held_day_is_neither_sealed_nor_deleted_nor_stripped(
    filled_store: Engine, archive: Archive
) -> None:
    """Whoever worked out what is due may have done so before the day was held."""
    seal(filled_store, archive, "20261120")
    with filled_store.begin() as conn:
        sealed.hold(conn, "20261120", "case 17")
        sealed.hold(conn, DAY, "case 18")
    told = "2026-11-20 is held: case 17.*archive release 2026-11-20"
    with pytest.raises(sealing.DayHeld, match=told):
        sealing.delete(filled_store, archive, "20261120")
    with pytest.raises(sealing.DayHeld, match="case 17"):
        raw_lines.delete(filled_store, archive, "20261120", parse_line, NOW_US)
    with pytest.raises(sealing.DayHeld, match="case 18"):
        seal(filled_store, archive)
    assert archive.days() == ["20261120"] and state(filled_store) == "live"


def test_day_whose_file_cannot_be_deleted_is_still_known(
    filled_store: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the file would outlive its time, and nobody would come back for it."""
    archive = Archive(str(tmp_path / "archive"))
    seal(filled_store, archive, "20261120")

    def refuse(day: str) -> None:
        raise StoreUnavailable("the place does not answer")

    with monkeypatch.context() as broken, pytest.raises(StoreUnavailable):
        broken.setattr(archive, "remove", refuse)
        sealing.delete(filled_store, archive, "20261120")
    assert state(filled_store, "20261120") == "sealed"
    archive.remove("20261120")  # as one that was cut off had done
    sealing.delete(filled_store, archive, "20261120")
    with filled_store.connect() as conn, pytest.raises(NotFound):
        sealed.one(conn, "20261120")


class Faraway(MemoryFileSystem):  # type: ignore[misc]
    """A place whose library tells its troubles in words of its own."""

    protocol = "faraway"

    def _refuse(self, *_given: object, **_named: object) -> NoReturn:
        raise LookupError("Unable to locate credentials")

    exists = open = put_file = rm_file = _refuse


def test_place_far_away_that_refuses_is_told_and_nothing_is_lost(filled_store: Engine) -> None:
    fsspec.register_implementation("faraway", Faraway)
    far, before = Archive("faraway://bucket/mail"), content(filled_store)
    known = sealed.DayFile(DAY, 1, 1, 1, "")
    for refused in (
        far.days,
        lambda: seal(filled_store, far),
        lambda: far.check(known),
        lambda: list(far.read(DAY)),
        lambda: far.remove(DAY),
    ):
        with pytest.raises(StoreUnavailable, match=r"archive at .* Unable to locate credentials"):
            refused()
    assert content(filled_store) == before


@pytest.mark.parametrize("place", ["s3://bucket/mail", "nonsense://bucket/mail"])
def test_place_that_this_program_cannot_reach_is_a_wrong_setting(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "s3fs", None)
    monkeypatch.delitem(_registry, "s3", raising=False)  # where another test has used it
    with pytest.raises(ConfigError, match=f"archive.place: {place}"):
        Archive(place)


def test_folder_that_cannot_be_written_is_named(filled_store: Engine, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    before = content(filled_store)
    with pytest.raises(StoreUnavailable, match=r"archive at .*file/archive cannot be used"):
        seal(filled_store, Archive(str(tmp_path / "file" / "archive")))
    assert content(filled_store) == before


def test_file_of_an_earlier_version_is_read_as_it_was_written(filled_store: Engine) -> None:
    packer = Packer(parse_line)
    with filled_store.connect() as conn:
        kept = stays.load(conn, stays.of_day(conn, "20261122"), packed=True)
    for stay in kept:
        stay.is_stored = False
    written = [as_before(of_hop) for of_hop in hops(columns.rows(kept, packer))]
    assert list(columns.stays((row for of_hop in written for row in of_hop), packer)) == kept


def hops(rows: Iterable[columns.Row]) -> Iterator[list[columns.Row]]:
    """The rows of each hop, with every column that files have."""
    empty = dict.fromkeys(columns.SCHEMA.names)
    for _, of_hop in groupby(rows, key=lambda row: row["hop_id"]):
        yield [empty | row for row in of_hop]


def as_before(of_hop: list[columns.Row]) -> list[columns.Row]:
    """A hop's rows as the first version wrote them: times apart, numbers in the texts."""
    first, told = of_hop[0], names(of_hop)
    (stay,) = columns.stays(of_hop, Packer(parse_line))
    texts = [line.text for line in Packer(parse_line).said(stay.packed, first["queue_id"])[1]]
    for name, value in told.items():
        texts = [text.replace(value, name) for text in texts]
    times = list(accumulate(first["line_pause_us"]))
    lines = {"line_text": texts, "line_is_template": True, "line_after_us": times}
    alike = {
        name: first[name] * (len(texts) // len(first[name])) for name in ("line_source", "line_tls")
    }
    return [
        row
        | {
            "last_after_us": stay.hop.last_us - stay.hop.opened_us,
            "first_after_us": placed.delivery.first_us - stay.hop.opened_us,
            "next_queue_ids": list(placed.delivery.next_queue_ids),
            "line_numbers": None,
            "line_pause_us": None,
        }
        | (lines | alike if row is first else {})
        for row, placed in zip(of_hop, stay.placed, strict=True)
    ]
