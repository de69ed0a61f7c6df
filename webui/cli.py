"""The composition root: `mailtracer` = tracer + collectors + webui commands.

A command's module is imported when the command is used, so that a search from the shell
does not wait for the web server's packages.
"""

from __future__ import annotations

import os
import signal
import sys
from difflib import get_close_matches
from importlib import import_module
from typing import Any

import click

from tracer.errors import TracerError

COMMANDS = {
    "archive": "collectors.cli.archive:archive",
    "backup": "tracer.cli.backup:backup",
    "causes": "tracer.cli.causes:causes",
    "rebuild": "collectors.cli.rebuild:rebuild",
    "collect": "collectors.cli.collect:collect",
    "config": "collectors.cli.config:config",
    "db": "tracer.cli.db:db",
    "demo": "webui.demo:demo",
    "diagnose": "tracer.cli.diagnose:diagnose",
    "doctor": "collectors.cli.doctor:doctor",
    "dmarc": "tracer.cli.verify:dmarc",
    "export": "collectors.cli.export:export",
    "explain": "collectors.explaining:explain",
    "ingest": "collectors.cli.ingest:ingest",
    "init": "tracer.cli.store:init",
    "parse": "collectors.cli.parse:parse",
    "restore": "tracer.cli.backup:restore",
    "search": "tracer.cli.search:search",
    "serve": "webui.serving:serve",
    "show": "collectors.cli.show:show",
    "source": "collectors.cli.source:source",
    "token": "tracer.cli.token:token",
    "spf": "tracer.cli.verify:spf",
    "user": "tracer.cli.user:user",
    "verify": "tracer.cli.verify:verify",
    "version": "tracer.cli:version",
}

INTERRUPTED = 130
READER_GONE = 141  # what a shell calls a program that SIGPIPE ended


class Commands(click.Group):
    """A group whose commands are imported by name, and whose errors are one line."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except TracerError as error:
            click.echo(f"mailtracer: {error}", err=True)
            raise click.exceptions.Exit(error.exit_code) from error
        except BrokenPipeError as error:  # whoever read the result has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise click.exceptions.Exit(READER_GONE) from error

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        near = get_close_matches(args[0], COMMANDS, 1) if args[0] not in COMMANDS else []
        if near:
            ctx.fail(f"No such command '{args[0]}'. Did you mean {near[0]}?")
        return super().resolve_command(ctx, args)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command


@click.command(
    cls=Commands,
    name="mailtracer",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
def mailtracer() -> None:
    """Message trace and delivery diagnostics for any mail system.

    \b
    Examples:
      mailtracer ingest /var/log/mail.log*
      mailtracer search to:anna@corp.example
      mailtracer COMMAND --help
    """


def main() -> None:
    """The command `mailtracer`.

    Python drops a KeyboardInterrupt that arrives inside a callback (a finaliser, a weak
    reference), so that it came is remembered.
    """
    interrupts: list[int] = []

    def interrupt(number: int, _frame: object) -> None:
        interrupts.append(number)
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, interrupt)
    sys.unraisablehook = _quiet_when_interrupted
    code = _run()
    sys.exit(INTERRUPTED if interrupts else code)


def _quiet_when_interrupted(dropped: Any) -> None:
    if dropped.exc_type is not KeyboardInterrupt:
        sys.__unraisablehook__(dropped)


def _run() -> int:
    try:
        code = mailtracer(prog_name="mailtracer", standalone_mode=False)
    except click.exceptions.Abort:
        return INTERRUPTED
    except click.ClickException as error:
        error.show()
        return error.exit_code
    return code if isinstance(code, int) else 0


if __name__ == "__main__":
    main()
