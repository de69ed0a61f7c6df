"""A real PostgreSQL server of the tests' own, in a temporary folder, reached by a socket."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
from sqlalchemy import make_url

from tests.needs import need

ALWAYS = {"listen_addresses": "", "timezone": "UTC"}
FAST = {"fsync": "off", "full_page_writes": "off"}
_numbers = count()


def program(name: str) -> str:
    """Where a program of PostgreSQL is: Debian keeps them out of PATH, by version."""
    found = shutil.which(name) or max(
        map(str, Path("/usr/lib/postgresql").glob(f"*/bin/{name}")), default=""
    )
    return found or need(name)


@contextmanager
def server(*, durable: bool = False) -> Iterator[str]:
    """A server; its address, where `{}` stands for the name of a database.

    `durable`: as it is set up by default; else it forgets everything in a power cut, and is fast.
    """
    with TemporaryDirectory(prefix="mailtracer-postgresql-") as folder:
        yield from _served(Path(folder), ALWAYS if durable else ALWAYS | FAST)


def _served(folder: Path, settings: dict[str, str]) -> Iterator[str]:
    """PostgreSQL refuses to run as root, who then lends it another user's name."""
    initdb, pg_ctl = program("initdb"), program("pg_ctl")
    user = _user()
    folder.chmod(0o777)
    data, sockets = folder / "data", folder / "sockets"
    sockets.mkdir()
    sockets.chmod(0o777)
    options = " ".join(f"-c {name}={value!r}" for name, value in settings.items())
    _run(
        user,
        initdb,
        "-D",
        str(data),
        "-U",
        "tester",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--locale=C.UTF-8",
        "--no-sync",
    )
    start = ("-D", str(data), "-w", "-o", f"-k {sockets} {options}", "-l", str(folder / "log"))
    _run(user, pg_ctl, *start, "start")
    try:
        yield f"postgresql+psycopg://tester@/{{}}?host={sockets}"
    finally:
        _run(user, pg_ctl, "-D", str(data), "-w", "-m", "immediate", "stop")


def database(address: str) -> str:
    """The address of a new, empty database on the server."""
    name = f"store{next(_numbers)}"
    plain = address.format("postgres").replace("+psycopg", "")
    with psycopg.connect(plain, autocommit=True) as conn:
        conn.execute(f"CREATE DATABASE {name}")
    return address.format(name)


def drop(address: str) -> None:
    """Drop a database that `database` made, whoever is still connected to it."""
    parsed = make_url(address)
    server = parsed.set(drivername="postgresql", database="postgres")
    with psycopg.connect(server.render_as_string(), autocommit=True) as conn:
        conn.execute(f"DROP DATABASE {parsed.database} WITH (FORCE)")


def _user() -> str | None:
    if os.geteuid() != 0:
        return None
    known = {each.pw_name for each in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def _run(user: str | None, *command: str) -> None:
    done = subprocess.run(command, user=user, cwd="/", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
