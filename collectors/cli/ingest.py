"""`mailtracer ingest`: its options, and the reading process, which starts before all else.

What the command does is in collectors/cli/storing.py, imported while that process starts.
"""

from __future__ import annotations

import functools
import gc
import os
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from collectors.cli import FormatName
from collectors.reader import Reader, pays
from tracer.cli import with_config

if TYPE_CHECKING:
    from tracer.config import Config


def _with_reader(command: Callable[..., None]) -> Callable[..., None]:
    """Hand a command its reader, which starts even before the settings are read if the paths
    look like work enough."""

    @functools.wraps(command)
    def wrapped(paths: tuple[str, ...], **given: Any) -> None:
        gc.disable()  # storing.run says why; imports gain by it too
        with Reader() as reader:
            if pays(sum(map(_octets, paths))):
                reader.start()
            command(paths=paths, reader=reader, **given)

    return wrapped


def _octets(path: str) -> int:
    """The size of a file; 0 for what must be looked into to know."""
    try:
        return 0 if os.path.isdir(path) else os.path.getsize(path)
    except OSError:
        return 0


@click.command()
@_with_reader
@with_config
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--format", "form", type=FormatName(), default="auto")
@click.option("--source", default="", help="Name of the source; by default the log's own.")
@click.option("--host", default="", help="Host to note where lines name none.")
@click.option(
    "--year",
    type=click.IntRange(1970, 2999),
    metavar="YYYY",
    help="Year of the first line, if its stamps have none.",
)
@click.option(
    "--timezone", default="", help="Zone of stamps that name none; by default this machine's."
)
@click.option("--json", "as_object", is_flag=True, help="The result as one JSON object.")
def ingest(
    config: Config, reader: Reader, paths: tuple[str, ...], form: str, source: str, host: str,
    year: int | None, timezone: str, as_object: bool,
) -> None:  # fmt: skip
    """Read log files into the store. Reading one again changes nothing.

    Files may be plain or packed (.gz .bz2 .xz .zst); folders are read whole; - is
    standard input. Bounce messages (.eml, maildir, mbox) are joined to their message.

    \b
    Examples:
      mailtracer ingest /var/log/mail.log*
      journalctl -o json -u postfix@- | mailtracer ingest --source mx1 -
    """
    options = {
        "format": form, "source": source, "host": host, "year": year, "zone": timezone,
    }  # fmt: skip
    run: Any = import_module("collectors.cli.storing")
    run.ingest(config, reader, paths, options, as_object=as_object)
