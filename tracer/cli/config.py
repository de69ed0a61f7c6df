"""The command that looks after settings which a file should not hold, and tries them out."""

from __future__ import annotations

import sys

import click

from tracer import secret_files
from tracer.cli import now_us, with_commands, with_config
from tracer.config import Config
from tracer.notify import mail
from tracer.notify.words import filled


@click.group()
@with_commands
def config() -> None:
    """Store the mail server's password, and try the settings out.

    \b
    Examples:
      mailtracer config smtp-password
      mailtracer config test-mail olga@corp.example
    """


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
