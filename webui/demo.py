"""The command to try it: sample mail, one trace, then the pages.

What reads mail and what serves pages are imported when there is mail to read or a page to
serve: together they take a second.
"""

from __future__ import annotations

import time
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import click

from collectors.formats import parse_line
from tracer.cli import with_config
from tracer.cli.store import reading_store
from tracer.config import Config
from tracer.errors import StoreUnavailable
from tracer.explain import explanation
from tracer.query import parse_query
from tracer.store import deliveries
from tracer.told import told_of
from tracer.trace import load_trace
from webui.listening import first_free

SAMPLE_MAX_AGE_S = 6 * 3600
WORTH_SHOWING = "status:bounced -from:<>"


@click.command()
@with_config
@click.option("--once", is_flag=True, help="Stop before serving.")
@click.option("--listen", default="", help="HOST:PORT; the next free port if that one is taken.")
def demo(config: Config, once: bool, listen: str) -> None:
    """Try it: sample mail of two days, one trace, then the pages.

    \b
    Example:  mailtracer demo --once
    """
    home = config.home / "demo"
    of_demo = _at(config, home)
    if not _is_fresh(home):
        import_module("webui.demo_mail").load_into(of_demo)
    _show_one(of_demo)
    if once:
        return
    address = first_free(listen or config.web.listen)
    click.echo(f"\nOpen http://{address}  (Ctrl+C stops)")
    import_module("webui.serving").serve_at(of_demo, address)


def _at(config: Config, home: Path) -> Config:
    """The same settings over a store of the demo's own; its mail is made up, so no facts about it
    are looked up."""
    store = replace(config.store, url=f"sqlite:///{home}/mailtracer.db")
    quiet = replace(config.diagnostics, facts=False)
    return replace(config, home=home, store=store, diagnostics=quiet, source=())


def _is_fresh(home: Path) -> bool:
    made = home / "made"
    return made.exists() and time.time() - made.stat().st_mtime < SAMPLE_MAX_AGE_S


def _show_one(config: Config) -> None:
    with reading_store(config) as conn:
        query = parse_query(WORTH_SHOWING, now_us=time.time_ns() // 1000)
        found = deliveries.search(conn, query, limit=1).rows
        if not found:
            raise StoreUnavailable("the sample is empty; remove the folder demo and try again")
        trace = load_trace(conn, found[0].id, parse_line)
    told = explanation(told_of(trace), "en")
    row = trace.row
    click.echo(f"{row.sender} -> {row.recipient}: {row.status}\n\n{told.headline}\n{told.acts}")
    for number, (what, how) in enumerate(told.steps, 1):
        click.echo(f"  {number}. {what}{how}")
