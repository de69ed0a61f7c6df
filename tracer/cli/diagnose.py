"""The command `diagnose`: every check for a sender and a recipient."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
from collections.abc import Iterator
from typing import Any

import click
from sqlalchemy import Engine

from tracer.cli import now_us, with_config
from tracer.cli.store import reading_store
from tracer.config import Config
from tracer.diagnostics import report_json
from tracer.diagnostics.asking import BadTarget, asked_target
from tracer.diagnostics.model import Finding, Report, Source, Verdict
from tracer.diagnostics.opening import open_world
from tracer.diagnostics.run import chosen
from tracer.diagnostics.run import diagnose as run_checks
from tracer.diagnostics.summary import sentence, worst_first
from tracer.diagnostics.texts import texts, told
from tracer.errors import StoreUnavailable
from tracer.store.engine import open_engine

_TONES = {Verdict.FAIL: "red", Verdict.WARNING: "yellow", Verdict.PASS: "green"}
_BAD = {
    "fail": frozenset({Verdict.FAIL}),
    "warning": frozenset({Verdict.FAIL, Verdict.WARNING}),
}


@click.command()
@with_config
@click.option("--sender", default="", metavar="A", help="Who sends: an address or a domain.")
@click.option("--recipient", default="", metavar="B", help="Who gets it: an address or a domain.")
@click.option("--ip", "ips", multiple=True, help="An address that the mail is sent from.")
@click.option("--helo", default="", metavar="NAME", help="The name that the sending host says.")
@click.option("--selector", "selectors", multiple=True, metavar="S", help="A DKIM selector.")
@click.option(
    "--nameserver", "nameservers", multiple=True, metavar="IP:PORT",
    help="A name server to ask instead of the system's.",
)  # fmt: skip
@click.option("--probe-recipient", is_flag=True, help="Ask its mail host for the recipient.")
@click.option(
    "--probe-catch-all", is_flag=True,
    help="Ask it for the recipient and for an address that nobody has.",
)  # fmt: skip
@click.option("--check", "names", multiple=True, metavar="NAME", help="Only this check.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.option(
    "--lang", type=click.Choice(["en", "ru"]), default=None, help="Language of the words."
)
@click.option(
    "--fail-on", type=click.Choice(["fail", "warning"]), default=None,
    help="End with code 1 if something is found that is so bad.",
)  # fmt: skip
def diagnose(
    config: Config, nameservers: tuple[str, ...], names: tuple[str, ...], as_json: bool,
    lang: str | None, fail_on: str | None, **asked: Any,
) -> None:  # fmt: skip
    """Find out what is wrong between a sender and a recipient.

    Each finding says on whose side it is, how we know, and how to mend it.

    \b
    Examples:
      mailtracer diagnose --sender orders@corp.example --recipient anna@northwind.example
      mailtracer diagnose --recipient northwind.example
      mailtracer diagnose --sender corp.example --ip 192.0.2.10 --check spf --check ptr
      mailtracer diagnose --sender corp.example --json --fail-on fail
    """
    try:
        target, checks = asked_target(**asked), chosen(names)
    except BadTarget as error:
        raise click.BadParameter(f"{error}.", param_hint=f"--{error.field}") from error
    spoken = lang or config.web.language
    target, world = open_world(target, config.diagnostics, _store(config), now_us(),
                               nameservers=nameservers)  # fmt: skip
    with _Progress([check.name for check in checks if check.concerns(target)]) as progress:
        report = run_checks(target, world, checks, progress.found)
    if as_json:
        click.echo(json.dumps(report_json.report(report, spoken), ensure_ascii=False))
    else:
        for line in _lines(report, spoken):
            click.echo(line)
    if fail_on and any(finding.verdict in _BAD[fail_on] for finding in report.findings):
        raise click.exceptions.Exit(1)


def _store(config: Config) -> Engine | None:
    """The store, if there is one that can be read: a diagnosis works without any mail read."""
    try:
        with reading_store(config):
            return open_engine(config.store.url)
    except StoreUnavailable:
        return None


class _Progress:
    """A bar on a terminal's standard error: how many checks have said something."""

    def __init__(self, names: list[str]) -> None:
        self._left = set(names)
        self._bar: Any = click.progressbar(
            length=len(names), file=sys.stderr, label="", hidden=not sys.stderr.isatty()
        )

    def __enter__(self) -> _Progress:
        self._bar.__enter__()
        return self

    def __exit__(self, *raised: Any) -> None:
        self._bar.__exit__(*raised)

    def found(self, finding: Finding) -> None:
        """One more finding."""
        if finding.check in self._left:
            self._left.discard(finding.check)
            self._bar.update(1)


def _lines(report: Report, lang: str) -> Iterator[str]:
    yield click.style(sentence(report.target, report.findings, lang), bold=True)
    width = min(shutil.get_terminal_size((100, 24)).columns, 110)
    for finding in worst_first(report.findings):
        yield from _finding_lines(finding, lang, width)
    asked = (one for finding in report.findings for one in finding.evidence)
    server = next((one.server for one in asked if one.source is Source.DNS and one.server), "")
    took_s = (report.finished_us - report.started_us) / 1e6
    yield ""
    yield " · ".join(filter(None, (f"{took_s:.1f} s", server)))


def _finding_lines(finding: Finding, lang: str, width: int) -> Iterator[str]:
    words = told(finding, lang)
    verdict = texts(f"run.verdict_{finding.verdict}", lang, {}).title
    side = texts(f"run.side_{finding.side}", lang, {}).title
    needs_care = finding.verdict in _TONES and finding.verdict is not Verdict.PASS
    if needs_care:
        yield ""
    tone = click.style(f"{verdict:13}", fg=_TONES.get(finding.verdict), bold=needs_care)
    yield f"{tone}{side:12} {_safe(words.title)}"
    if not needs_care and finding.verdict is not Verdict.UNKNOWN:
        return
    indent = " " * 26
    steps = [f"{n}. {step}" for n, step in enumerate(words.steps, 1)]
    for text in filter(None, (words.text, *steps, words.after)):
        yield from textwrap.wrap(
            _safe(text), width, initial_indent=indent, subsequent_indent=indent
        )
    if finding.fix:
        yield from (f"    {_safe(line)}" for line in (*finding.fix.records, *finding.fix.settings))
        if finding.fix.reference:
            yield f"{indent}{finding.fix.reference}"


def _safe(text: str) -> str:
    """What strangers' servers said must not steer the terminal."""
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)
