"""The command `show`: one mail with its explanation, its similar cases and its log lines."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

import click
import msgspec

from collectors.cli.show_words import expected_words, similar_words
from collectors.formats import parse_line
from collectors.pasted_words import likeliest_words, visible
from tracer import site_rules
from tracer.cli import now_us, with_config
from tracer.cli.store import reading_store
from tracer.config import Config
from tracer.explain import Explanation, explanation
from tracer.exports import as_json
from tracer.model import Trace
from tracer.retry import retry
from tracer.similar import Similar, similar
from tracer.told import told_of
from tracer.trace import load_trace


@click.command()
@with_config
@click.argument("wanted", metavar="ID")
@click.option("--lang", type=click.Choice(["en", "ru"]), default="en")
@click.option("--json", "as_object", is_flag=True, help="One JSON object.")
def show(config: Config, wanted: str, lang: str, as_object: bool) -> None:
    """Show one mail: what happened, why, and how to fix it.

    ID is a row's id, a queue id or a Message-ID.

    \b
    Examples:
      mailtracer show 4jXT3j4GS0zR8
      mailtracer show '<20418.5b1e@web01.corp.example>' --json
    """
    site_rules.use(site_rules.folder_of(config.home))
    now = now_us()
    with reading_store(config) as conn:
        trace = load_trace(conn, wanted, parse_line)
        alike = similar(conn, trace.row, now)
    told = explanation(told_of(trace), lang)
    if as_object:
        click.echo(msgspec.json.encode(as_json.trace(trace, told, alike)).decode())
        return
    zone = ZoneInfo(config.web.timezone)
    for line in (*_card(told, lang), *_beside(trace, alike, lang, zone, now), *_lines(trace)):
        click.echo(visible(line))


def _card(told: Explanation, lang: str) -> Iterator[str]:
    yield told.headline
    yield told.acts
    yield from likeliest_words(told.likeliest, lang)
    yield ""
    for number, (what, how) in enumerate(told.steps, 1):
        yield f"{number}. {what}{how}"


def _beside(
    trace: Trace, alike: Similar | None, lang: str, zone: ZoneInfo, now: int
) -> Iterator[str]:
    """When the next try comes, and whether others ran into the same."""
    expected = retry(trace)
    told = list(expected_words(expected, lang, zone, now)) if expected else []
    told += similar_words(alike, lang, zone) if alike else ()
    if told:
        yield ""
        yield from told


def _lines(trace: Trace) -> Iterator[str]:
    row = trace.row
    yield ""
    yield f"{row.status}  {row.sender} -> {row.recipient}  {row.subject}"
    for leg in trace.legs:
        for event in leg.events:
            yield event.raw
