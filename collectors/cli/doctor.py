"""The command `doctor`: the self-check."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec

from collectors.webhooks import known
from tracer import doctor as doctors
from tracer.cli import now_us
from tracer.config import Config, load
from tracer.doctor import FAIL, PASS, WARNING, Finding
from tracer.errors import ConfigError

_SIGNS = {PASS: "ok", WARNING: "look", FAIL: "BAD"}


@click.command()
@click.option("--config", type=click.Path(path_type=Path), help="Settings file (TOML).")
@click.option("--home", type=click.Path(path_type=Path), help="Folder of all state.")
@click.option("--json", "as_object", is_flag=True, help="One JSON object.")
def doctor(config: Path | None, home: Path | None, as_object: bool) -> None:
    """Check this installation, and tell the next step of each part.

    Exit 1 if something is bad; what only deserves a look does not count.

    \b
    Examples:
      mailtracer doctor
      mailtracer doctor --json | jq '.checks[] | select(.verdict == "fail")'
    """
    found = list(_examined(config, home))
    is_bad = any(one.verdict == FAIL for one in found)
    if as_object:
        told = {"verdict": FAIL if is_bad else PASS, "checks": found}
        click.echo(msgspec.json.encode(told).decode())
    else:
        for one in found:
            click.echo(f"{_SIGNS[one.verdict]:<5} {one.check:<14} {one.text}")
            if one.next:
                click.echo(f"{'':<20} -> {one.next}")
    if is_bad:
        raise click.exceptions.Exit(1)


def _examined(path: Path | None, home: Path | None) -> Iterator[Finding]:
    try:
        config = load(path, home, os.environ)
        hooks = known.of_settings(config)
    except ConfigError as error:
        text = " ".join(str(error).split())
        yield Finding("settings", FAIL, text, "correct it, then: mailtracer config check")
        return
    yield Finding("settings", PASS, _settings(config, len(hooks)))
    yield from doctors.examine(config, now_us())


def _settings(config: Config, hooks: int) -> str:
    logs = sum(one.kind == "file" for one in config.source)
    return f"fine: {logs} logs to follow, {hooks} webhooks"
