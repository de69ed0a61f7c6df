"""The command `config`, with the check of what only the collectors know of the settings."""

from __future__ import annotations

import click

from collectors.webhooks import known
from tracer.cli import with_config
from tracer.cli.config import config
from tracer.config import Config

__all__ = ["config"]


@config.command("check")
@with_config
def check(config: Config) -> None:
    """Check the settings without starting anything: exit 78 and the place of what is wrong.

    \b
    Example:  mailtracer config check --config new.toml
    """
    known.of_settings(config)
    click.echo(f"The settings are fine. Home: {config.home}", err=True)
