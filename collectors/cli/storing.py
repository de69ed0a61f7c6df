"""A run of `mailtracer ingest`: log lines into the store, and what is told of it."""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from typing import Any

import click
import msgspec

from collectors.files import expand
from collectors.inputs import InputProblem
from collectors.plan import Plan, Step
from collectors.reader import Reader
from collectors.reading import read
from collectors.zone import zone_named
from tracer import site_rules
from tracer.cli.store import store_of, telling_faults
from tracer.config import Config
from tracer.errors import ConfigError, UnusableInput
from tracer.exports.as_json import time_text
from tracer.model import Event, LogLine

_NO_MAIL = (
    "None of these lines tells of a message. Mailtracer reads the log of Postfix, and of the "
    "filters beside it; the logs of other mail servers are not read yet (docs/logs.md)."
)


def ingest(
    config: Config, reader: Reader, paths: tuple[str, ...], options: Mapping[str, Any],
    *, as_object: bool,
) -> None:  # fmt: skip
    """The command; `options` are fields of Plan."""
    _check_zone(options["zone"])
    inputs, problems = expand(paths)
    if not inputs and not problems:
        problems = [InputProblem(path, "holds no file to read") for path in paths]
    started = time.monotonic()
    totals, later_problems = run(config, Plan(tuple(inputs), **options), reader)
    tell(problems + later_problems)
    is_unusable = totals.lines == totals.unparsed and bool(problems or later_problems)
    result = totals.result(time.monotonic() - started)
    if as_object:
        click.echo(json.dumps(result))
    elif totals.lines or not is_unusable:
        click.echo(_in_words(result))
    if is_unusable:
        raise UnusableInput("nothing could be read")
    if totals.lines > totals.unparsed and not totals.events:
        click.echo(_NO_MAIL, err=True)


class Totals(msgspec.Struct):
    """What a run did: the command's result."""

    lines: int = 0
    events: int = 0
    unparsed: int = 0
    messages: int = 0
    deliveries: int = 0
    first_us: int | None = None
    last_us: int | None = None
    duplicates: int = 0

    def add(self, step: Step) -> None:
        """Count one step in; a stay that grew is one message."""
        if progress := step.batch.progress:
            self.lines += progress.lines
            self.events += progress.events
            self.unparsed += progress.unparsed
            self.first_us = _either(min, self.first_us, progress.first_us)
            self.last_us = _either(max, self.last_us, progress.last_us)
        for item in step.batch.arrivals:
            if not item.known_id:
                self.messages += 1
                self.deliveries += len(item.deliveries)

    def result(self, seconds: float) -> dict[str, Any]:
        """The contract's object."""
        return {
            "lines": self.lines,
            "events": self.events,
            "unparsed": self.unparsed,
            "duplicates": self.duplicates,
            "messages": self.messages,
            "deliveries": self.deliveries,
            "first_at": time_text(self.first_us),
            "last_at": time_text(self.last_us),
            "seconds": round(seconds, 3),
            "lines_per_s": round(self.lines / seconds) if seconds else 0,
        }


def _either(choose: Any, one: int | None, other: int | None) -> int | None:
    known = [at for at in (one, other) if at is not None]
    return choose(known) if known else None


def run(
    config: Config, plan: Plan, reader: Reader, *, quiet: bool = False
) -> tuple[Totals, list[InputProblem]]:
    """Read a plan into the store; what was counted, and what was wrong with the inputs."""
    rules = site_rules.folder_of(config.home)
    if site_rules.use(rules):
        plan = msgspec.structs.replace(plan, rules=str(rules))
    running = read(plan, reader)
    storing: Any = import_module("tracer.ingest")  # while another process reads already
    engine = store_of(config, bulk=True)
    gc.freeze()
    gc.disable()  # what is stored is acyclic; looking for cycles costs a tenth of the time
    totals, problems = Totals(), []
    try:
        with telling_faults(config):
            for step in _shown(running, plan, quiet):
                totals.duplicates += storing.ingest(engine, step.batch, _parse, bulk=True)
                storing.finish_full(engine, step.batch)
                totals.add(step)
                problems += step.problems
            storing.finish(engine)
    finally:
        engine.dispose()
    return totals, problems


def _parse(line: LogLine) -> list[Event]:
    """The events of a line that is stored already: few runs meet one that has grown."""
    formats: Any = import_module("collectors.formats")
    events: list[Event] = formats.parse_line(line)
    return events


def _shown(running: Iterable[Step], plan: Plan, quiet: bool) -> Iterator[Step]:
    """The steps, with a progress bar on a terminal."""
    if quiet or not sys.stderr.isatty():
        yield from running
        return
    # rich takes long to import, and only a person at a terminal needs it
    from rich.console import Console
    from rich.progress import Progress

    octets = sum(log.size or 0 for log in plan.inputs) or None
    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task("Reading", total=octets)
        for step in running:
            yield step
            bar.update(task, completed=step.consumed)


def _check_zone(name: str) -> None:
    try:
        zone_named(name or "UTC")
    except ConfigError as error:
        raise click.BadParameter(f"{error}.", param_hint="--timezone") from error


def tell(problems: Iterable[InputProblem]) -> None:
    """Say on standard error what was wrong with inputs, a line each."""
    for problem in problems:
        click.echo(f"{problem.path}: {problem.message}", err=True)


def _in_words(result: dict[str, Any]) -> str:
    told = [
        f"{_counted(result['lines'], 'line')} read",
        _counted(result["messages"], "message"),
        _counted(result["deliveries"], "delivery", "deliveries"),
    ]
    if result["duplicates"]:
        told.append(f"{_counted(result['duplicates'], 'event')} known before")
    if result["unparsed"]:
        told.append(f"{_counted(result['unparsed'], 'line')} not understood")
    return f"{', '.join(told)}; {result['seconds']:.1f} s"


def _counted(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"
