"""`mailtracer parse`: the events of a log, for who writes or checks a format."""

from __future__ import annotations

import click
import msgspec

from collectors.batches import steps
from collectors.cli import FormatName
from collectors.cli.storing import tell
from collectors.files import expand
from collectors.formats import parse_line
from collectors.plan import Plan
from tracer.cli import without_config
from tracer.errors import UnusableInput
from tracer.exports.as_json import plain
from tracer.store.packing import Packer


@click.command()
@without_config
@click.argument("path")
@click.option("--format", "form", type=FormatName(), default="auto")
def parse(path: str, form: str) -> None:
    """Print the events of a log, one JSON object a line. Nothing is stored.

    \b
    Example:  mailtracer parse /var/log/mail.log | head
    """
    inputs, problems = expand([path])
    packer = Packer(parse_line)
    lines = 0
    for step in steps(Plan(tuple(inputs), form)):
        problems += step.problems
        lines += step.batch.progress.lines if step.batch.progress else 0
        for item in step.batch.arrivals:
            for event in packer.read(item.lines, item.hop):
                click.echo(msgspec.json.encode(plain(event)).decode())
    tell(problems)
    if problems and not lines:
        raise UnusableInput("nothing could be read")
