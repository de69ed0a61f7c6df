"""Running programs: ours as a user would, and those we are compared with."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.watching import Watched, watch

ROOT = Path(__file__).resolve().parent.parent
STORE = "mailtracer.db"
_READY_S = 30


class Failed(Exception):
    """A measured program ended badly; what it said."""


def found(program: str) -> str:
    """Where a program is; "" if this machine has none."""
    places = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))
    return shutil.which(program, path=places) or ""


def mailtracer() -> list[str]:
    """Our command as installed beside this Python, else from the checkout."""
    installed = Path(sys.executable).with_name("mailtracer")
    return [str(installed)] if installed.exists() else [sys.executable, "-m", "webui.cli"]


def environment() -> dict[str, str]:
    """This one without settings of ours, which would change what is measured."""
    return {k: v for k, v in os.environ.items() if not k.startswith("MAILTRACER_")}


def start(command: Sequence[str], *, heard: int = subprocess.PIPE) -> subprocess.Popen[bytes]:
    """Start a program whose output nobody reads; `heard` is where its complaints go."""
    return subprocess.Popen(
        command, cwd=ROOT, env=environment(), stdout=subprocess.DEVNULL, stderr=heard
    )


def seconds(command: Sequence[str], *, fine: tuple[int, ...] = (0,)) -> float:
    """Wall time of one run. Raises Failed."""
    began = time.perf_counter()
    process = start(command)
    _, said = process.communicate()
    took = time.perf_counter() - began
    _check(process.returncode, fine, said, command)
    return took


def output(command: Sequence[str]) -> str:
    """What one run prints. Raises Failed."""
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True)
    _check(done.returncode, (0,), done.stderr, command)
    return done.stdout.decode()


def _check(code: int, fine: tuple[int, ...], said: bytes, command: Sequence[str]) -> None:
    if code not in fine:
        raise Failed(f"{' '.join(command)} ended with {code}: {said.decode(errors='replace')}")


def ingest_command(log: Path, home: Path) -> list[str]:
    """Reading a log into a home."""
    return [*mailtracer(), "ingest", "--home", str(home), str(log)]


def ingest_seconds(log: Path, home: Path) -> float:
    """Wall time of reading a log into a fresh home, which is removed before."""
    shutil.rmtree(home, ignore_errors=True)
    return seconds(ingest_command(log, home))


def ingest_watched(log: Path, home: Path) -> Watched:
    """The same, noting memory and progress. Raises Failed."""
    shutil.rmtree(home, ignore_errors=True)
    command = ingest_command(log, home)
    complaints = home.with_suffix(".err")
    with complaints.open("wb") as heard:
        process = start(command, heard=heard.fileno())
        watched = watch(process, home / STORE)
    _check(process.returncode, (0,), complaints.read_bytes(), command)
    return watched


@contextmanager
def serving(home: Path) -> Iterator[int]:
    """The pages of a home, served; the port. Raises Failed."""
    port = _free_port()
    command = [*mailtracer(), "serve", "--home", str(home), "--listen", f"127.0.0.1:{port}"]
    process = start(command, heard=subprocess.DEVNULL)
    try:
        _wait_for(port, process)
        yield port
    finally:
        process.terminate()
        process.wait()


def _free_port() -> int:
    with socket.socket() as any_port:
        any_port.bind(("127.0.0.1", 0))
        return int(any_port.getsockname()[1])


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _READY_S
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise Failed(f"mailtracer serve did not answer on port {port} within {_READY_S} s")
