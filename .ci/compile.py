"""Compiles what the reading process of `mailtracer ingest` runs: make fast

Copies the packages and compiles the modules that every line passes, with mypyc, which makes use of
their types.  Only the reading process finds the copy (collectors/compiled.py); all else runs the
plain sources, and so does that process where a source is not the one that was compiled.
"""

from __future__ import annotations

import argparse
import compileall
import contextlib
import fcntl
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

from collectors.compiled import KEPT_IN, MADE_OF, PACKAGES, name_of, sources
from tracer.causes.catalog import PACKED, packed

ROOT = Path(__file__).resolve().parents[1]
# Structs of msgspec cannot be compiled: they stand in modules of their own, which are not here.
MODULES = """
    collectors/header.py collectors/gather.py collectors/listening.py collectors/processes.py
    collectors/formats/postfix.py collectors/formats/postfix_cleanup.py
    collectors/formats/postfix_delivery.py collectors/formats/postfix_door.py
    collectors/formats/postfix_envelope.py collectors/formats/postfix_ids.py
    collectors/formats/postfix_queue.py collectors/formats/postfix_verdict.py
    tracer/fold.py tracer/recipients.py tracer/relay_ids.py tracer/piped.py
    tracer/causes/judging.py tracer/causes/decide.py tracer/causes/heard.py
    tracer/store/packing.py
""".split()
LEFT_OUT = shutil.ignore_patterns("__pycache__")
DAY_S = 86_400
WITHOUT = "Nothing is changed: Mailtracer works without it, and reads logs more slowly."


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--if-possible", action="store_true", help="what is missing is no error")
    parser.add_argument("--into", type=Path, help="where the copy's folder is made, for tests")
    args = parser.parse_args()
    try:
        with _alone(args.into or ROOT / KEPT_IN) as kept:
            _make(kept, sources(str(ROOT)), is_bound=not args.if_possible)
    except OSError as error:
        _give_up(f"Could not be compiled: {error}")


@contextlib.contextmanager
def _alone(kept: Path) -> Iterator[Path]:
    """The folder of copies, once nobody else makes one there."""
    kept.mkdir(parents=True, exist_ok=True)
    opened = os.open(kept, os.O_RDONLY)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield kept
    finally:
        os.close(opened)


def _make(kept: Path, told: bytes, *, is_bound: bool) -> None:
    folder = kept / name_of(told)
    if folder.is_dir():
        print("The reading process is compiled, and no source has changed since.")
        return
    if missing := _missing():
        print(missing, WITHOUT, sep="\n", file=sys.stderr)
        sys.exit(is_bound)
    print("Compiling the reading process; this takes a minute or two", flush=True)
    with _copy(kept) as made:
        if sources(str(ROOT)) != told:
            _give_up("The sources changed while they were copied. Try again.")
        _compile(made)
        (made / MADE_OF).write_bytes(told)
        os.rename(made, folder)
    _clear(kept, folder)
    print(f"The reading process is compiled. To go back: rm -r {KEPT_IN}")
    if sources(str(ROOT)) != told:
        print("But a source has changed meanwhile: run this again.")


def _clear(kept: Path, newest: Path) -> None:
    """Remove what is older than a day: a process that reads for hours may still import from it."""
    for old in kept.iterdir():
        if old != newest and old.stat().st_mtime < time.time() - DAY_S:
            shutil.rmtree(old)


def _missing() -> str:
    """What cannot be done without: a C compiler, Python's headers, what mypyc calls them by."""
    compiler = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")[0]
    tools = []
    if not shutil.which(compiler):
        tools.append(f"a C compiler ({compiler})")
    if not Path(sysconfig.get_path("include"), "Python.h").is_file():
        tools.append("the headers of Python (Python.h)")
    if tools:
        return f"Missing: {' and '.join(tools)}. Debian and Ubuntu: apt install gcc python3-dev"
    if not find_spec("setuptools"):  # stands in for distutils, which left Python with 3.12
        return "Missing: setuptools. Install it: .venv/bin/python -m pip install setuptools"
    return ""


def _give_up(said: str) -> NoReturn:
    sys.exit(f"{said}\n{WITHOUT}")


@contextlib.contextmanager
def _copy(kept: Path) -> Iterator[Path]:
    """A copy of the sources in a folder that is gone at the end, unless it is renamed."""
    made = Path(tempfile.mkdtemp(prefix="new-", dir=kept))
    made.chmod(0o755)  # who reads logs may be another user
    try:
        for package in PACKAGES:
            shutil.copytree(ROOT / package, made / package, ignore=LEFT_OUT)
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _compile(made: Path) -> None:
    # Paths relative to the copy: a compiler may trip over what stands before.
    if subprocess.run([sys.executable, "-P", "-c", _COMPILING, *MODULES], cwd=made).returncode:
        _give_up("It could not be compiled; the reason stands above.")
    causes = made / "tracer" / "causes"
    (causes / PACKED).write_bytes(packed(causes))
    compileall.compile_dir(made, quiet=1)
    names = [module.removesuffix(".py").replace("/", ".") for module in MODULES]
    environment = {**os.environ, "PYTHONPATH": str(made)}
    if subprocess.run([sys.executable, "-P", "-c", _LOADING, *names], env=environment).returncode:
        _give_up("What was compiled cannot be loaded; the reason stands above.")


_COMPILING = """\
import shutil, sys
from mypyc.build import mypycify
from setuptools import setup
options = ["--config-file=", "--ignore-missing-imports"]
modules = mypycify(options + sys.argv[1:], debug_level="0", target_dir="build")
for module in modules:
    module.extra_compile_args.append("-Wno-error")  # a newer compiler may find more to warn of
setup(name="compiled", packages=[], ext_modules=modules,
      script_args=["--no-user-cfg", "-q", "build_ext", "--inplace"])
shutil.rmtree("build")
shutil.rmtree(".mypy_cache", ignore_errors=True)
"""
_LOADING = """\
import importlib, sys
loaded = {name: importlib.import_module(name).__file__ for name in sys.argv[1:]}
sys.exit(", ".join(name for name, file in loaded.items() if file.endswith(".py")) or None)
"""


if __name__ == "__main__":
    main()
