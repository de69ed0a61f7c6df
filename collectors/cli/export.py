"""The command that writes a search to a file, sealed days included."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import msgspec
from sqlalchemy import Connection

from collectors.formats import parse_line
from tracer.archive.opening import opener
from tracer.cli import now_us, with_config
from tracer.cli.search import BadQuery
from tracer.cli.store import reading_store
from tracer.config import Config
from tracer.errors import InvalidQuery
from tracer.exports.columns import KINDS
from tracer.exports.order import FORMATS, Order
from tracer.exports.reach import OpenDay, in_archive
from tracer.exports.write import Progress, Result, write_file, write_stream
from tracer.query import SearchQuery
from tracer.store import deliveries

STDOUT = "-"


class _Export(click.Command):
    """Takes `-status:delivered` for a part of the query, and `-` and `-o` for what they are."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        mine = (f" {arg}" if arg[:1] == "-" and ":" in arg and arg[1:2] != "-" else arg
                for arg in args)  # fmt: skip
        return super().parse_args(ctx, list(mine))


@click.command(cls=_Export)
@with_config
@click.argument("words", nargs=-1, metavar="[QUERY]")
@click.option("--since", default="", help="Oldest time: 48h, 7d, 2026-11-22; by default all.")
@click.option("--until", default="", help="Newest time, in the same forms.")
@click.option(
    "--format", "form", type=click.Choice(list(FORMATS)), default="csv", show_default=True,
    help="What the file is.",
)  # fmt: skip
@click.option(
    "--columns", type=click.Choice(list(KINDS)), default="all", show_default=True,
    help="Our own columns (all), or those of Microsoft 365's reports.",
)  # fmt: skip
@click.option(
    "-o", "--output", required=True, metavar="FILE", help="Where to; - is standard output."
)
@click.option("--exact", is_flag=True, help="Change no cell for the sake of spreadsheets.")
@click.option(
    "--lang", type=click.Choice(["en", "ru"]), default=None,
    help="Whose Excel reads `--format excel`: ru parts cells by semicolons.",
)  # fmt: skip
@click.option("--json", "_as_object", is_flag=True, help="The figures are JSON in any case.")
def export(
    config: Config, words: tuple[str, ...], since: str, until: str, form: str, columns: str,
    output: str, exact: bool, lang: str | None, _as_object: bool,
) -> None:  # fmt: skip
    """Write every row of a search to a file.

    Prints {rows, octets, sha256, seconds}. The file is there when it is whole; with
    `-o -` the rows go to standard output and the figures to standard error.

    \b
    Examples:
      mailtracer export to:@corp.example --since 30d -o mail.csv
      mailtracer export status:failed last:7d --format excel --lang ru -o failed.csv
      mailtracer export --columns enhanced --format xlsx -o report.xlsx
      mailtracer export --format ndjson -o - | jq .sender
    """
    text = " ".join(word.lstrip() for word in words)
    order = Order(
        text, now_us(), since, until, zone=config.web.timezone, format=form, columns=columns,
        exact=exact, lang=lang or config.web.language,
    )  # fmt: skip
    try:
        query = order.checked().query()
        for hint in query.hints:
            click.echo(hint, err=True)
        with reading_store(config) as conn:
            open_day = opener(config.archive.place, parse_line)
            result = _written(conn, query, order, output, open_day)
    except InvalidQuery as error:
        raise BadQuery(text.replace("\n", " "), error) from error
    told = json.dumps(msgspec.structs.asdict(result))
    click.echo(told, err=output == STDOUT)


def _written(
    conn: Connection, query: SearchQuery, order: Order, output: str, open_day: OpenDay
) -> Result:
    if output == STDOUT:
        return write_stream(conn.engine, order, sys.stdout.buffer, _silence, open_day)
    path = Path(os.path.realpath(output))
    with _bar(conn, query) as progress:
        if path.exists() and not (path.is_file() or path.is_dir()):  # a device must not be replaced
            with path.open("wb") as device:
                return write_stream(conn.engine, order, device, progress, open_day)
        return write_file(conn.engine, order, path, progress, open_day)


def _silence(_rows: int) -> None:
    """Nobody watches."""


@contextmanager
def _bar(conn: Connection, query: SearchQuery) -> Iterator[Progress]:
    """A progress bar where somebody can see one."""
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield _silence
        return
    from rich.console import Console  # as slow to import as a search
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    shown: tuple[Any, ...] = (
        TextColumn("Writing rows"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
    )  # fmt: skip
    with Bar(*shown, console=Console(stderr=True), transient=True) as bar:
        total = None if in_archive(conn, query) else deliveries.count(conn, query)
        task = bar.add_task("", total=total)
        yield lambda rows: bar.update(task, completed=rows)
