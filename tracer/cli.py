"""The commands that read the store: init, search, version.

Standard output carries only the result; everything else goes to standard error.
"""

from __future__ import annotations

import functools
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import click
import msgspec
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

from tracer import release
from tracer.config import Config, load
from tracer.errors import StoreUnavailable
from tracer.exports import as_csv, as_json
from tracer.model import Row
from tracer.query import SearchQuery, parse_query
from tracer.store import deliveries, sources
from tracer.store.engine import open_engine, reading
from tracer.store.migrate import check, migrate

Command = TypeVar("Command", bound=Callable[..., Any])


def with_config(command: Command) -> Command:
    """Give a command `--config` and `--home`, and hand it the settings as its first argument."""

    @click.option("--config", type=click.Path(path_type=Path), help="Settings file (TOML).")
    @click.option("--home", type=click.Path(path_type=Path), help="Folder of all state.")
    @functools.wraps(command)
    def wrapped(config: Path | None, home: Path | None, **given: Any) -> Any:
        return command(load(config, home, os.environ), **given)

    return wrapped  # type: ignore[return-value]


def store_of(config: Config) -> Engine:
    """The store of these settings, created or upgraded if need be."""
    engine = open_engine(config.store.url)
    migrate(engine)
    return engine


@contextmanager
def reading_store(config: Config) -> Iterator[Connection]:
    """A connection to an existing store, for reading only."""
    path = config.store.url.removeprefix("sqlite:///")
    if path != config.store.url and not Path(path).exists():
        raise StoreUnavailable(
            f"there is no store at {path} yet. Read a log first: mailtracer ingest /var/log/mail.log"
        )
    try:
        with reading(open_engine(config.store.url)).connect() as conn:
            check(conn)
            yield conn
    except OperationalError as error:
        raise StoreUnavailable(f"the store at {path} cannot be read: {error.orig}") from error


@click.command()
@with_config
def init(config: Config) -> None:
    """Create the store, or bring it to this version.

    \b
    Example:  mailtracer init --home /var/lib/mailtracer
    """
    store_of(config).dispose()
    click.echo(f"the store is ready: {config.store.url}", err=True)


@click.command()
@with_config
@click.argument("words", nargs=-1, metavar="[QUERY]")
@click.option("--since", default="", help="Oldest time: 48h (the default), 7d, 2026-11-22, all.")
@click.option("--until", default="", help="Newest time, in the same forms.")
@click.option("--limit", default=50, show_default=True, help="Rows at most; 0 is all.")
@click.option("--count", "only_count", is_flag=True, help="Only how many there are.")
@click.option("--group", type=click.Choice(["delivery", "message"]), default="delivery")
@click.option("--csv", "form", flag_value="csv", help="CSV, safe for spreadsheets.")
@click.option("--json", "form", flag_value="json", help="One JSON object a line.")
def search(
    config: Config, words: tuple[str, ...], since: str, until: str, limit: int,
    only_count: bool, group: str, form: str | None,
) -> None:  # fmt: skip
    """Find deliveries, newest first.

    \b
    Examples:
      mailtracer search anna@corp.example
      mailtracer search to:anna@ status:failed --since 7d
      mailtracer search from:@northwind.example --csv > mail.csv
    """
    zone = ZoneInfo(config.web.timezone)
    text = " ".join(words)
    query = parse_query(text, now_us=now_us(), since=since, until=until, zone=zone)
    for hint in query.hints:
        click.echo(hint, err=True)
    with reading_store(config) as conn:
        if only_count:
            _print_count(conn, query)
            return
        rows = _rows(conn, query, limit)
        if group == "message":
            rows = _first_of_each_message(rows)
        _print(rows, form or ("table" if sys.stdout.isatty() else "json"), zone)


def now_us() -> int:
    """This moment."""
    return time.time_ns() // 1000


def _print_count(conn: Connection, query: SearchQuery) -> None:
    complete = as_json.time_text(sources.complete_until(conn))
    found = {"count": deliveries.count(conn, query), "complete_until": complete}
    click.echo(json.dumps(found))


def _rows(conn: Connection, query: SearchQuery, limit: int) -> Iterable[Row]:
    if limit <= 0:
        return deliveries.rows(conn, query)
    return deliveries.search(conn, query, limit=limit).rows


def _first_of_each_message(rows: Iterable[Row]) -> Iterator[Row]:
    seen: set[str] = set()
    for row in rows:
        message = row.queue_ids[0]
        if message not in seen:
            seen.add(message)
            yield row


def _print(rows: Iterable[Row], form: str, zone: ZoneInfo) -> None:
    if form == "csv":
        for piece in as_csv.write_rows(rows):
            click.echo(piece, nl=False)
    elif form == "json":
        for row in rows:
            click.echo(msgspec.json.encode(as_json.row(row)).decode())
    else:
        # rich takes as long to import as a search takes to run; scripts do not need it
        from rich.console import Console

        Console().print(_table(rows, zone))


def _table(rows: Iterable[Row], zone: ZoneInfo) -> Any:
    from rich.table import Table
    from rich.text import Text

    table = Table("Received", "Status", "From", "To", "Subject, reply", "Id", box=None)
    for row in rows:
        at = as_json.when(row.received_us).astimezone(zone)
        failed = f"{row.cause}: {row.reply}" if row.cause else row.subject
        cells = (
            f"{at:%d %b %H:%M:%S}",
            row.status.value,
            row.sender,
            row.recipient,
            failed,
            row.id,
        )
        table.add_row(*(Text(cell, overflow="fold") for cell in cells))
    return table


@click.command()
def version() -> None:
    """Print the version."""
    click.echo(release.version())
