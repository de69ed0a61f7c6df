"""The command `db`: the store as a whole."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import click
from sqlalchemy import Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from tracer.cli import with_commands, with_config
from tracer.cli.store import reading_store
from tracer.config import Config
from tracer.store import copying
from tracer.store.copying import Part
from tracer.store.engine import fault, open_engine, shown
from tracer.store.migrate import migrate


@click.group()
@with_commands
def db() -> None:
    """Move the store to another database.

    \b
    Example:
      mailtracer db copy --to postgresql+psycopg://mail@db.corp.example/mailtracer
    """


@db.command()
@with_config
@click.option(
    "--to", "target", required=True, metavar="URL",
    help="The new, empty store: postgresql+psycopg://USER@HOST/DATABASE or sqlite:///PATH.",
)  # fmt: skip
def copy(config: Config, target: str) -> None:
    """Copy the store into an empty one, and compare both at the end.

    A copy that was cut off goes on where it was when the same command is run again, and one
    made while mail arrived is completed by it. The old store is only read.

    \b
    Example:  mailtracer db copy --to postgresql+psycopg://mail@db.corp.example/mailtracer
    """
    _check_target(config.store.url, target)
    with reading_store(config) as conn, _opened(target) as there:
        done = copying.copy(conn.engine, there, shown(config.store.url))
        parts = list(_shown(done, copying.count(conn.engine)))
    click.echo(
        f"{sum(part.rows for part in parts):,} rows in {len(parts)} parts, compared: both stores "
        f'are the same.\nTo use the copy, write into the settings:  [store] url = "{shown(target)}"'
    )


def _check_target(source: str, target: str) -> None:
    try:
        kind = make_url(target).get_backend_name()
    except ArgumentError as error:
        raise click.UsageError(f"--to: {target} is not an address of a database.") from error
    if kind not in ("sqlite", "postgresql"):
        raise click.UsageError(f"--to: {kind} is not supported; use sqlite or postgresql+psycopg.")
    if make_url(source) == make_url(target):
        raise click.UsageError("--to: this is the store itself; name another one.")


@contextmanager
def _opened(url: str) -> Iterator[Engine]:
    try:
        engine = open_engine(url)
        try:
            migrate(engine)
            yield engine
        finally:
            engine.dispose()
    except (DBAPIError, NoSuchModuleError) as error:
        if isinstance(error, DBAPIError):
            raise fault(error, shown(url)) from error
        raise click.UsageError(f"--to: {shown(url)} needs +psycopg after postgresql.") from error


def _shown(parts: Iterable[Part], total: int) -> Iterator[Part]:
    """The parts, each told when it is done: by a bar where somebody can see one."""
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        for number, part in enumerate(parts, 1):
            state = "was there" if part.was_there else "copied"
            click.echo(f"{number}/{total} {part.name}: {part.rows:,} rows {state}", err=True)
            yield part
        return
    from rich.console import Console  # as slow to import as a search
    from rich.progress import track

    yield from track(parts, "Copying", total, console=Console(stderr=True), transient=True)
