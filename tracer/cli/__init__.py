"""The core's commands, and what every command begins with: its options, the settings.

Standard output carries only the result; everything else goes to standard error. Settings are
imported when they are asked for: a command may begin its work before (collectors/cli/ingest.py).
"""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

import click

from tracer import release
from tracer.errors import ConfigError

Command = TypeVar("Command", bound=Callable[..., Any])
_CONFIG = click.option("--config", type=click.Path(path_type=Path), help="Settings file (TOML).")
_HOME = click.option("--home", type=click.Path(path_type=Path), help="Folder of all state.")


def with_config(command: Command) -> Command:
    """Give a command `--config` and `--home`, and hand it the settings as its first argument."""

    @_CONFIG
    @_HOME
    @functools.wraps(command)
    def wrapped(config: Path | None, home: Path | None, **given: Any) -> Any:
        of_config, of_home = click.get_current_context().find_object(tuple) or (None, None)
        places = config or of_config, home or of_home, os.environ
        settings: Any = import_module("tracer.config")
        try:
            return command(settings.load(*places), **given)
        except import_module("tracer.config_faults").Misplaced as error:
            said = settings.given_to(*places).fault(error.place, error.problem)
            raise ConfigError(said) from error

    return wrapped  # type: ignore[return-value]


def with_commands(group: Command) -> Command:
    """Let a group take `--config` and `--home` before its command's name as well as after."""

    @_CONFIG
    @_HOME
    @click.pass_context
    @functools.wraps(group)
    def wrapped(
        context: click.Context, /, config: Path | None, home: Path | None, **given: Any
    ) -> Any:
        context.obj = config, home
        return group(**given)

    return wrapped  # type: ignore[return-value]


def without_config(command: Command) -> Command:
    """Let a command that needs no settings take the options that every command takes."""

    @_CONFIG
    @_HOME
    @functools.wraps(command)
    def wrapped(config: Path | None, home: Path | None, **given: Any) -> Any:
        return command(**given)

    return wrapped  # type: ignore[return-value]


def now_us() -> int:
    """This moment."""
    return time.time_ns() // 1000


@click.command()
@without_config
def version() -> None:
    """Print the version.

    \b
    Example:  mailtracer version
    """
    click.echo(release.version())
