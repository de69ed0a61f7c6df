"""The command that makes the store again from its stored lines."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator

import click

from collectors.formats import parse_line
from tracer import site_rules
from tracer.cli import with_config
from tracer.cli.store import writing_store
from tracer.config import Config
from tracer.rebuild import Rebuilt
from tracer.rebuild import rebuild as fold_again
from tracer.rebuild import rebuild_causes as judge_again


@click.command()
@with_config
@click.option("--causes", "only_causes", is_flag=True, help="Only judge failed deliveries again.")
@click.option("--json", "as_object", is_flag=True, help="The result as one JSON object.")
def rebuild(config: Config, only_causes: bool, as_object: bool) -> None:
    """Make the store again from its log lines, day by day.

    Searches go on meanwhile. With --causes only the causes of failed deliveries are judged
    again: after a change in causes.d, or an upgrade. A rebuild that is cut off leaves every day
    whole; run it again.

    \b
    Examples:
      mailtracer rebuild --causes
      mailtracer rebuild --json
    """
    site_rules.use(site_rules.folder_of(config.home))
    started = time.monotonic()
    with writing_store(config) as engine:
        running = (judge_again if only_causes else fold_again)(engine, parse_line)
        done = list(_told(running))
    result = {
        "days": len(done),
        "messages": sum(day.messages for day in done),
        "deliveries": sum(day.deliveries for day in done),
        "changed": sum(day.changed for day in done),
        "seconds": round(time.monotonic() - started, 3),
    }
    what = "deliveries with another cause" if only_causes else "messages that are other ones now"
    words = f"{result['deliveries']:,} deliveries read; {what}: {result['changed']:,}"
    click.echo(json.dumps(result) if as_object else words)


def _told(days: Iterable[Rebuilt]) -> Iterator[Rebuilt]:
    """The days, each told when it is done."""
    for day in days:
        told = f"{day.day}: {day.deliveries:,} deliveries, {day.changed:,} changed"
        click.echo(told, err=True)
        yield day
