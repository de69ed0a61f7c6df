"""The command that looks after settings which a file should not hold, and tries them out."""

from __future__ import annotations

import json
import os
import sys

import click
import msgspec

from tracer import config_shown, secret_files
from tracer.cli import now_us, with_commands, with_config
from tracer.config import Config, given_to
from tracer.notify import mail
from tracer.notify.words import filled


@click.group()
@with_commands
def config() -> None:
    """Show and check the settings; store and try a password.

    The password is the one of the mail server that announces exports.

    \b
    Examples:
      mailtracer config show
      mailtracer config check --config new.toml
      mailtracer config smtp-password
      mailtracer config test-mail olga@corp.example
    """


@config.command("show")
@with_config
@click.option("--json", "as_object", is_flag=True, help="One JSON object a line.")
def show(config: Config, as_object: bool) -> None:
    """Show the settings in force and where each comes from. Secrets are hidden.

    \b
    Example:  mailtracer config show | grep -v default
    """
    context = click.get_current_context()
    path, home = context.find_object(tuple) or (None, None)
    options = context.params
    given = given_to(options["config"] or path, options["home"] or home, os.environ)
    for one in config_shown.settings(config, given):
        if one.key == "home" and (options["home"] or home):
            one = msgspec.structs.replace(one, origin="--home")
        if as_object:
            click.echo(msgspec.json.encode(one).decode())
        else:
            value = json.dumps(one.value, ensure_ascii=False)
            click.echo(f"{one.key:<34} {value:<40} {one.origin}")


@config.command("smtp-password")
@with_config
def smtp_password(config: Config) -> None:
    """Store the password of the mail server, encrypted, in the home folder.

    It is asked for, or read from standard input where that is no terminal.

    \b
    Example:  mailtracer config smtp-password < password.txt
    """
    if sys.stdin.isatty():
        password = click.prompt("Password of the mail server", hide_input=True, err=True)
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise click.UsageError("The password is empty; nothing was stored.")
    secret_files.keep(config.home, mail.PASSWORD, password)
    click.echo(f"Stored in {config.home}, readable with its {secret_files.KEY} alone.", err=True)


@config.command("test-mail")
@with_config
@click.argument("address")
@click.option("--lang", type=click.Choice(["en", "ru"]), default=None, help="Language of the text.")
def test_mail(config: Config, address: str, lang: str | None) -> None:
    """Send a test message, and say what the mail server answers.

    \b
    Example:  mailtracer config test-mail olga@corp.example
    """
    subject, text = filled(lang or config.web.language, "test", {})
    mail.send(config, mail.addresses(address), subject, text, now_us())
    click.echo(f"{config.smtp.host} took the message. Look into the mailbox.", err=True)
