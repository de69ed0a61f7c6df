"""Which compiled copy of the sources the reading process runs: the one made of just these."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from collectors import reader
from collectors.compiled import KEPT_IN, MADE_OF, compiled, name_of, sources

ROOT = Path(__file__).resolve().parents[2]
COMPILE = [sys.executable, "-P", str(ROOT / ".ci" / "compile.py")]
FAKE = "import os\ndef main(planned, sending):\n    os.write(sending, b'the copy')\n"


def _checkout(root: Path) -> Path:
    for name in ("collectors/reading_process.py", "tracer/fold.py", "tracer/causes/spam.toml"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("plain = True\n")
    return root


def _copy_of(root: Path) -> Path:
    """What `make fast` leaves, as far as finding it goes."""
    told = sources(str(root))
    folder = root / KEPT_IN / name_of(told)
    (folder / "collectors").mkdir(parents=True)
    (folder / "collectors" / "reading_process.py").write_text(FAKE)
    (folder / MADE_OF).write_bytes(told)
    return folder


def test_the_copy_of_these_sources_is_found(tmp_path: Path) -> None:
    root = _checkout(tmp_path / "с пробелом и ñ")
    assert compiled(str(root)) == ""
    copy = _copy_of(root)
    assert compiled(str(root)) == str(copy)
    cache = root / "tracer" / "__pycache__"
    cache.mkdir()
    (cache / "fold.pyc").touch()
    assert compiled(str(root)) == str(copy)  # what Python leaves is no source


def _changed(root: Path) -> None:
    (root / "tracer" / "fold.py").write_text("plain = False\n")


def _touched(root: Path) -> None:
    os.utime(root / "tracer" / "fold.py", ns=(0, 1))


def _removed(root: Path) -> None:
    (root / "tracer" / "causes" / "spam.toml").unlink()


def _added(root: Path) -> None:
    (root / "tracer" / "causes" / "malware.toml").touch()


def _moved(root: Path) -> None:
    (root / "tracer" / "fold.py").rename(root / "collectors" / "fold.py")


def _linked(root: Path) -> None:
    (root / "tracer" / "fold.py").unlink()
    (root / "tracer" / "fold.py").symlink_to("nowhere.py")


def _python_changed(root: Path) -> None:
    folder = root / KEPT_IN / name_of(sources(str(root)))
    made_of = folder / MADE_OF
    made_of.write_bytes(made_of.read_bytes().replace(sys.version[:4].encode(), b"3.99"))


@pytest.mark.parametrize(
    "change", [_changed, _touched, _removed, _added, _moved, _linked, _python_changed]
)
def test_after_any_change_of_a_source_the_copy_is_passed_over(
    tmp_path: Path, change: Callable[[Path], None]
) -> None:
    root = _checkout(tmp_path)
    _copy_of(root)
    assert compiled(str(root))
    change(root)
    assert compiled(str(root)) == ""


def _said_by_the_process() -> bytes:
    with reader.Reader() as process, os.fdopen(process.send(b"plan"), "rb") as frames:
        said = frames.read()
        assert process.wait() == 0
    return said


def test_the_reading_process_runs_the_copy_only_while_it_is_fresh(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = _checkout(tmp_path / "с пробелом и ñ")
    (root / "collectors" / "reading_process.py").write_text(FAKE.replace("copy", "sources"))
    monkeypatch.setattr(reader, "_HERE", str(root))
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.setenv("LC_ALL", "C")
    assert _said_by_the_process() == b"the sources"
    _copy_of(root)
    assert _said_by_the_process() == b"the copy"
    _changed(root)
    assert _said_by_the_process() == b"the sources"


def _without_a_compiler(*words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "CC": "no-such-compiler", "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [*COMPILE, *words], env=environment, capture_output=True, text=True, check=False
    )


def test_without_a_compiler_it_says_what_to_install_and_changes_nothing(tmp_path: Path) -> None:
    ended = _without_a_compiler("--into", str(tmp_path))
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "Missing: a C compiler (no-such-compiler)" in ended.stderr
    assert "apt install gcc python3-dev" in ended.stderr
    assert "Nothing is changed" in ended.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_benchmark_goes_on_without_a_compiler(tmp_path: Path) -> None:
    ended = _without_a_compiler("--if-possible", "--into", str(tmp_path))
    assert ended.returncode == 0
    assert "Missing: a C compiler" in ended.stderr
