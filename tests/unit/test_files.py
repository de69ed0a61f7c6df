"""Files, folders and standard input: every line once, and each bad path named."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import sys
from collections.abc import Callable
from datetime import UTC
from pathlib import Path
from types import SimpleNamespace

import pytest
import zstandard

from collectors import files
from collectors.files import Block, expand, open_lines
from collectors.inputs import InputProblem, LogInput
from collectors.stream import Tally, read_lines
from collectors.year import YearGuess

LINES = [f"Nov 22 12:32:{n % 60:02} mx1 postfix/smtp[{n}]: A{n}: to=<é{n}@b>" for n in range(5000)]
TEXT = "".join(line + "\n" for line in LINES).encode()
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress, "bz2": bz2.compress, "xz": lambda octets: lzma.compress(octets, preset=0),
    "zst": zstandard.ZstdCompressor().compress, "log": bytes,
}  # fmt: skip


def lines_of(path: Path | str) -> list[str]:
    found: list[str] = []
    for block in open_lines(LogInput(str(path))):
        assert isinstance(block, Block), block
        found += block.lines
    return found


def problems_of(path: Path | str) -> list[InputProblem]:
    return [found for found in open_lines(LogInput(str(path))) if isinstance(found, InputProblem)]


def test_lines_may_end_anywhere_in_a_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "BLOCK", 37)
    (tmp_path / "mail.log").write_bytes(TEXT)
    assert lines_of(tmp_path / "mail.log") == LINES


@pytest.mark.parametrize("kind", PACKERS)
def test_compression_is_known_by_content_not_by_name(tmp_path: Path, kind: str) -> None:
    (tmp_path / "mail.log").write_bytes(PACKERS[kind](TEXT))
    assert lines_of(tmp_path / "mail.log") == LINES


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz", "zst"])
def test_compressed_files_put_behind_each_other_are_one_log(tmp_path: Path, kind: str) -> None:
    pack = PACKERS[kind]
    (tmp_path / "a").write_bytes(pack(TEXT[:777]) + pack(TEXT[777:]))
    assert lines_of(tmp_path / "a") == LINES


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz", "zst"])
def test_a_file_cut_short_gives_what_is_there_and_says_so(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "mail.log.1"
    noise = b"".join(b"Nov 22 12:32:15 mx1 a[1]: %s\n" % os.urandom(40).hex().encode()
                     for _ in range(12_000))  # fmt: skip
    packed = PACKERS[kind](noise)
    path.write_bytes(packed[: len(packed) * 9 // 10])
    found = list(open_lines(LogInput(str(path))))
    lines = [line for block in found if isinstance(block, Block) for line in block.lines]
    assert len(lines) > 5_000
    assert lines == noise.decode().split("\n")[: len(lines)]
    problem = found[-1]
    assert isinstance(problem, InputProblem)
    assert (problem.path, "ends too soon" in problem.message) == (str(path), True)
    assert f"{len(lines):,}" in problem.message


def test_a_damaged_file_gives_what_came_before(tmp_path: Path) -> None:
    packed = gzip.compress(TEXT)
    (tmp_path / "a").write_bytes(packed + gzip.compress(TEXT)[:40] + b"\xff" * 200)
    found = list(open_lines(LogInput(str(tmp_path / "a"))))
    assert sum(len(block.lines) for block in found if isinstance(block, Block)) >= len(LINES)
    assert isinstance(found[-1], InputProblem)
    assert "it is damaged" in found[-1].message


def test_padding_behind_a_compressed_log_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(gzip.compress(TEXT) + b"\0" * 512)
    assert lines_of(tmp_path / "a") == LINES


@pytest.mark.parametrize(
    ("octets", "lines"),
    [
        (b"one\ntwo", ["one", "two"]),
        (b"one\r\ntwo\r\n", ["one", "two"]),
        (b"line\x0bwith\xc2\x85odd\xe2\x80\xa8ends\n", ["line\x0bwith\x85odd\u2028ends"]),
        (b"\0" * 100 + b"one\n" + b"\0" * 70_000 + b"two\n", ["one", "two"]),
        ("\ufeffone é\n".encode(), ["one é"]),
        (b"latin \xe9\n", ["latin \\xe9"]),
        (b"one\n\n\ntwo\n", ["one", "", "", "two"]),
    ],
    ids=["no last end", "CRLF", "other line ends", "NULs", "mark", "latin-1", "blank lines"],
)
def test_lines_are_split_at_line_feeds_only(
    tmp_path: Path, octets: bytes, lines: list[str]
) -> None:
    (tmp_path / "a").write_bytes(octets)
    assert lines_of(tmp_path / "a") == lines


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"])
@pytest.mark.parametrize("kind", ["log", "gz"])
def test_other_encodings_of_unicode_are_read(tmp_path: Path, encoding: str, kind: str) -> None:
    (tmp_path / "a").write_bytes(PACKERS[kind](TEXT.decode().encode(encoding)))
    assert lines_of(tmp_path / "a") == LINES


@pytest.mark.parametrize(
    ("octets", "said"),
    [
        (b"", "is empty"),
        (b"\0" * 100_000, "is empty"),
        (gzip.compress(b""), "is empty"),
        (b"\x7fELF\x02\x01\x01" + bytes(range(256)) * 40, "is not a text"),
        (b"LPKSHHRH" + bytes(500), "journalctl"),
        (b"PK\x03\x04" + bytes(500), "zip"),
        (gzip.compress(b"\x7fELF\x02\x01\x01" + bytes(range(256)) * 40), "is not a text"),
    ],
    ids=["empty", "only NULs", "empty gz", "binary", "journal", "zip", "binary gz"],
)
def test_what_is_no_log_is_named_with_its_path(tmp_path: Path, octets: bytes, said: str) -> None:
    path = tmp_path / "mail.log"
    path.write_bytes(octets)
    (problem,) = problems_of(path)
    assert problem.path == str(path)
    assert said in problem.message


def test_a_path_that_does_not_exist_is_a_problem_and_the_rest_goes_on(tmp_path: Path) -> None:
    (tmp_path / "mail.log").write_bytes(TEXT)
    logs, problems = expand([str(tmp_path / "no.log"), str(tmp_path / "mail.log")])
    assert [log.path for log in logs] == [str(tmp_path / "mail.log")]
    assert problems == [InputProblem(str(tmp_path / "no.log"), "does not exist")]


def test_a_file_that_went_away_is_a_problem(tmp_path: Path) -> None:
    assert problems_of(tmp_path / "gone") == [
        InputProblem(str(tmp_path / "gone"), "does not exist")
    ]


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything named "closed" is refused, also to root, for whom rights do not count."""
    really_open, really_list = open, os.listdir

    def refusing_open(path: str, *args: object, **more: object) -> object:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", path)
        return really_open(path, *args, **more)  # type: ignore[call-overload]

    def refusing_list(path: str) -> list[str]:
        if path.endswith("closed"):
            raise PermissionError(13, "Permission denied", path)
        return really_list(path)

    monkeypatch.setattr("builtins.open", refusing_open)
    monkeypatch.setattr(os, "listdir", refusing_list)


@pytest.mark.usefixtures("refused")
def test_a_file_without_rights_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "closed").write_bytes(TEXT)
    (problem,) = problems_of(tmp_path / "closed")
    assert (problem.path, "rights" in problem.message) == (str(tmp_path / "closed"), True)


@pytest.mark.usefixtures("refused")
def test_a_folder_without_rights_is_a_problem_and_the_rest_goes_on(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir()
    (tmp_path / "mail.log").write_bytes(TEXT)
    logs, (problem,) = expand([str(tmp_path)])
    assert [log.path for log in logs] == [str(tmp_path / "mail.log")]
    assert (problem.path, "rights" in problem.message) == (str(tmp_path / "closed"), True)


def test_rotated_logs_come_oldest_first(tmp_path: Path) -> None:
    names = [
        "mail.log-20251230.gz", "mail.log-20260106", "mail.log.10.gz", "mail.log.2.xz",
        "mail.log.1", "mail.log.processed", "mail.log",
    ]  # fmt: skip
    for name in [*reversed(names), ".hidden"]:
        (tmp_path / name).write_bytes(TEXT)
    for paths in ([str(tmp_path)], [str(tmp_path / name) for name in reversed(names)]):
        logs, problems = expand(paths)
        assert [Path(log.path).name for log in logs] == names
        assert problems == []


def test_folders_are_read_with_all_below_them_and_series_stay_apart(tmp_path: Path) -> None:
    for folder in ("mx1", "mx2/old"):
        (tmp_path / folder).mkdir(parents=True)
        for name in ("mail.log", "mail.log.1"):
            (tmp_path / folder / name).write_bytes(TEXT)
    (tmp_path / "mx1" / "loop").symlink_to(tmp_path)
    logs, _ = expand([str(tmp_path)])
    assert [str(Path(log.path).relative_to(tmp_path)) for log in logs] == [
        "mx1/mail.log.1", "mx1/mail.log", "mx2/old/mail.log.1", "mx2/old/mail.log",
    ]  # fmt: skip


def test_a_pipe_in_a_folder_is_left_alone(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert expand([str(tmp_path)]) == ([], [])


def test_a_file_named_twice_is_read_once(tmp_path: Path) -> None:
    (tmp_path / "mail.log").write_bytes(TEXT)
    (tmp_path / "link.log").symlink_to(tmp_path / "mail.log")
    logs, _ = expand([str(tmp_path / "mail.log"), str(tmp_path), str(tmp_path / "link.log")])
    assert len(logs) == 1


def test_standard_input_is_read_and_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(gzip.compress(TEXT))))
    assert expand(["-"]) == ([LogInput("-")], [])
    assert lines_of("-") == LINES
    assert not sys.stdin.buffer.closed


@pytest.mark.parametrize("kind", PACKERS)
def test_progress_ends_at_the_size_of_the_file(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "mail.log"
    path.write_bytes(PACKERS[kind](TEXT))
    (log,), _ = expand([str(path)])
    done = [block.consumed for block in open_lines(log) if isinstance(block, Block)]
    assert done == sorted(done)
    assert done[-1] == log.size == path.stat().st_size


def read_all(path: Path) -> tuple[int, Tally]:
    tally = Tally()
    blocks = read_lines(
        LogInput(str(path)), source="lab", year=YearGuess(year=2026), zone=UTC, tally=tally
    )
    return sum(map(len, blocks)), tally


def test_unreadable_lines_are_counted_and_a_few_kept(tmp_path: Path) -> None:
    bad = [f"what is {n}? " + "x" * 600 for n in range(50)]
    (tmp_path / "a").write_text("\n".join([*bad[:25], *LINES[:10], "", *bad[25:]]))
    read, tally = read_all(tmp_path / "a")
    assert (read, tally.lines, tally.unreadable) == (10, 60, 50)
    assert tally.samples == [line[:500] for line in bad[:5]]
    assert tally.problems == []


def test_a_file_without_a_single_head_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("dear diary\nno mail came\n")
    read, tally = read_all(tmp_path / "a")
    assert (read, tally.unreadable) == (0, 2)
    assert [problem.path for problem in tally.problems] == [str(tmp_path / "a")]
    assert "does not look like a log" in tally.problems[0].message
