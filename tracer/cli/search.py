"""`mailtracer search`: deliveries by a query, as a table, CSV or JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from importlib import import_module
from itertools import chain, islice
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click
import msgspec

from tracer.cli import now_us, with_config
from tracer.cli.store import searching_store
from tracer.config import Config
from tracer.errors import InvalidQuery
from tracer.exports import as_json
from tracer.model import Row, when
from tracer.query import SearchQuery, corrected, parse_query
from tracer.store import deliveries, sealed, sources

if TYPE_CHECKING:
    from sqlalchemy import Connection


class BadQuery(click.ClickException):
    """A query that cannot be understood, shown with the place and a correction."""

    exit_code = InvalidQuery.exit_code

    def __init__(self, text: str, error: InvalidQuery) -> None:
        super().__init__(str(error))
        self.lines = [f"mailtracer: column {error.column}: {error}"]
        if text.strip():
            self.lines += [f"  {text}", f"  {' ' * (error.column - 1)}^"]
        if better := corrected(text, error) or error.suggestion:
            self.lines.append(f"Try: {better}")

    def show(self, file: Any = None) -> None:
        """Print it to standard error."""
        click.echo("\n".join(self.lines), file=file, err=True)


class _Search(click.Command):
    """Takes `-status:delivered` for a part of the query: it has no short options but -h."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        mine = (f" {arg}" if _is_negation(arg) else arg for arg in args)
        return super().parse_args(ctx, list(mine))


def _is_negation(arg: str) -> bool:
    return arg[:1] == "-" and arg[1:2] not in ("", "-") and arg != "-h"


@click.command(cls=_Search)
@with_config
@click.argument("words", nargs=-1, metavar="[QUERY]")
@click.option("--since", default="", help="Oldest time: 48h (the default), 7d, 2026-11-22, all.")
@click.option("--until", default="", help="Newest time, in the same forms.")
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    default=50,
    show_default=True,
    metavar="N",
    help="Rows at most; 0 is all.",
)
@click.option("--count", "only_count", is_flag=True, help="Only how many there are.")
@click.option(
    "--group",
    type=click.Choice(["delivery", "message"]),
    default="delivery",
    show_default=True,
    help="A row for each recipient, or one for each message.",
)
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
      mailtracer search to:@corp.example -status:delivered --count
      mailtracer search from:@northwind.example --csv > mail.csv
    """
    zone = ZoneInfo(config.web.timezone)
    text = " ".join(word.lstrip() for word in words)
    _check_time("--since", since, zone)
    _check_time("--until", until, zone)
    try:
        query = parse_query(text, now_us=now_us(), since=since, until=until, zone=zone)
        for hint in query.hints:
            click.echo(hint, err=True)
        with searching_store(config) as conn:
            if away := sealed.reached(conn, query):
                click.echo(f"{away.hint} mailtracer export --help", err=True)
            if only_count:
                _print_count(conn, query, group)
            else:
                form = form or ("table" if sys.stdout.isatty() else "json")
                found = iter(_rows(conn, query, limit, group))
                first = list(islice(found, 1))
                if not first:
                    click.echo(_nothing(bool(since or until or query.window)), err=True)
                if first or form == "csv":
                    _print(chain(first, found), form, zone)
    except InvalidQuery as error:
        raise BadQuery(text.replace("\n", " "), error) from error


def _check_time(option: str, text: str, zone: ZoneInfo) -> None:
    try:
        parse_query("", now_us=now_us(), since=text, zone=zone)
    except InvalidQuery as error:
        raise click.BadParameter(f"{error}.", param_hint=option) from error


def _nothing(names_times: bool) -> str:
    """What to try when nothing was found."""
    if not names_times:
        return "Nothing found in the last 48 hours. Look further back: --since 30d, or --since all."
    return "Nothing found. Search for less: a part of an address is enough, such as anna@."


def _print_count(conn: Connection, query: SearchQuery, group: str) -> None:
    if group == "message":
        count = sum(1 for _ in _first_of_each_message(deliveries.rows(conn, query)))
    else:
        count = deliveries.count(conn, query)
    complete = as_json.time_text(sources.complete_until(conn))
    click.echo(json.dumps({"count": count, "complete_until": complete}))


def _rows(conn: Connection, query: SearchQuery, limit: int, group: str) -> Iterable[Row]:
    if group == "message":
        return islice(_first_of_each_message(deliveries.rows(conn, query)), limit or None)
    if not limit:
        return deliveries.rows(conn, query)
    return deliveries.search(conn, query, limit=limit).rows


def _first_of_each_message(rows: Iterable[Row]) -> Iterator[Row]:
    seen: set[tuple[int, str]] = set()
    for row in rows:
        message = row.received_us, row.queue_ids[0]  # a queue id alone is used again
        if message not in seen:
            seen.add(message)
            yield row


def _print(rows: Iterable[Row], form: str, zone: ZoneInfo) -> None:
    if form == "csv":
        as_csv: Any = import_module("tracer.exports.as_csv")
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
    from rich.table import Column, Table
    from rich.text import Text

    table = Table(
        Column("Received, id", no_wrap=True), "Status", "From", "To", "Subject, reply", box=None
    )
    for row in rows:
        at = when(row.received_us).astimezone(zone)
        failed = f"{row.cause}: {row.reply}" if row.cause else row.subject
        cells = (
            f"{at:%d %b %H:%M:%S}\n{row.id}",
            row.status.value,
            row.sender,
            row.recipient,
            failed,
        )
        table.add_row(*(Text(cell, overflow="fold") for cell in cells))
    return table
