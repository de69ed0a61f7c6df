"""What `make fast` compiles reads every log as its sources do, frame for frame."""

from __future__ import annotations

import json
import lzma
import os
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import msgspec
import pytest

from collectors import reader
from collectors.files import expand
from collectors.plan import LENGTH, Plan, Step
from tests.cli.commands import LOGS, ROOT
from tests.needs import missing, need

CORPUS = sorted(
    str(path) for path in (ROOT / "tests" / "corpus").rglob("*") if path.suffix in (".log", ".eml")
)
SAMPLE = ROOT / "collectors" / "samples" / "postfix.log.xz"


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder of a compiled copy, made for these tests."""
    need(*sysconfig.get_config_var("CC").split()[:1])
    if not Path(sysconfig.get_path("include"), "Python.h").is_file():
        missing("needs Python's headers, which are not installed")
    folder = tmp_path_factory.mktemp("с пробелом и ñ")
    command = [sys.executable, "-P", str(ROOT / ".ci" / "compile.py"), "--into", str(folder)]
    ended = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": str(ROOT), "LC_ALL": "C"},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout
    (made,) = folder.iterdir()
    return str(made)


def _frames(folder: str, plan: Plan, monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What the process sends that runs the packages in `folder`, or the plain ones for ""."""
    monkeypatch.setattr(reader, "compiled", lambda _: folder)
    with reader.Reader() as process:
        with os.fdopen(process.send(msgspec.msgpack.encode(plan)), "rb") as pipe:
            frames = list(_read(pipe.read()))
        assert process.wait() == 0
    return frames


def _read(sent: bytes) -> Iterator[bytes]:
    """Each frame as it was sent, but for the time of reading."""
    while sent:
        (length,) = LENGTH.unpack(sent[: LENGTH.size])
        frame, sent = sent[LENGTH.size :][:length], sent[LENGTH.size + length :]
        step = _decoded(frame)
        if step.batch.progress:
            step.batch.progress.read_at_us = 0
        yield msgspec.msgpack.encode(step)


def _decoded(frame: bytes) -> Step:
    return msgspec.msgpack.decode(frame, type=Step)


def _plan(*logs: str, form: str = "auto") -> Plan:
    return Plan(tuple(expand(logs)[0]), form, zone="UTC", year=2026)


def test_the_corpus_and_the_logs_of_other_tests(copy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = _plan(*CORPUS, *LOGS, str(ROOT / "tests" / "web" / "mail.log"))
    plain = _frames("", plan, monkeypatch)
    assert len(plain) > len(CORPUS) > 50
    assert _frames(copy, plan, monkeypatch) == plain


def test_the_sample_log(copy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = _frames("", _plan(str(SAMPLE)), monkeypatch)
    assert _frames(copy, _plan(str(SAMPLE)), monkeypatch) == plain
    assert sum(map(len, plain)) > 10_000


def test_lines_cut_anywhere(copy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each line of the sample ends, and its text begins, where no program ends or begins it."""
    broken = tmp_path / "broken.log"
    with (
        lzma.open(SAMPLE, "rt", encoding="utf-8") as whole,
        broken.open("w", encoding="utf-8") as file,
    ):
        for number, line in enumerate(whole):
            file.writelines(_cut(line.rstrip("\n"), number))
    for form in ("auto", "postfix"):
        plan = _plan(str(broken), form=form)
        assert _frames(copy, plan, monkeypatch) == _frames("", plan, monkeypatch)


def _cut(line: str, number: int) -> Iterator[str]:
    head, met, text = line.partition(": ")
    at = number % max(1, len(text))
    yield f"{line[: len(line) - at]}\n{head}{met}{text[at:]}\n{line[at:]}\n"


def test_records_whose_values_are_of_any_type(
    copy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Compiled code takes a declared type at its word and would end where it is another."""
    odd = (1, 2.5, None, True, "mx1", [80, 111], {"name": 1}, 10**30, "2026-11-22T12:00:00Z")
    names = ("_PID", "SYSLOG_IDENTIFIER", "_HOSTNAME", "message", "pid", "host", "time", "stream")
    told = {
        "MESSAGE": "4AAAA1: removed", "@timestamp": "2026-11-22T12:00:00Z",
        "program": "postfix/qmgr",
    }  # fmt: skip
    log = tmp_path / "odd.log"
    with log.open("w", encoding="utf-8") as file:
        for name, value in product((*names, *told), odd):
            record = json.dumps({**told, name: value})
            print(record, f"Nov 22 12:00:00 mx app: {record}", sep="\n", file=file)
    plain = _frames("", _plan(str(log)), monkeypatch)
    assert _frames(copy, _plan(str(log)), monkeypatch) == plain
    assert any(step.batch.arrivals for step in map(_decoded, plain))
