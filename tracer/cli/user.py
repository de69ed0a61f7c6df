"""The command `user`: who may open the pages."""

from __future__ import annotations

import json
import sys
import time

import click

from tracer.cli import with_commands, with_config
from tracer.cli.store import reading_store, writing_store
from tracer.config import Config
from tracer.exports.as_json import time_text
from tracer.store import people


@click.group()
@with_commands
def user() -> None:
    """Logins for the pages. While there is none, the pages ask for no login.

    \b
    Examples:
      mailtracer user add anna
      mailtracer user list
    """


@user.command()
@with_config
@click.argument("name")
def add(config: Config, name: str) -> None:
    """Let somebody in. Asks for the password, or reads it from standard input.

    \b
    Examples:
      mailtracer user add anna
      pass show mailtracer/anna | mailtracer user add anna
    """
    password = _password()
    with writing_store(config) as engine, engine.begin() as conn:
        is_first = not people.exist(conn)
        made = people.add(conn, name, password, time.time_ns() // 1000)
    if is_first:
        click.echo("From now on the pages ask for a login.", err=True)
    click.echo(made.name)


@user.command("list")
@with_config
@click.option("--json", "as_object", is_flag=True, help="One JSON object a line.")
def list_people(config: Config, as_object: bool) -> None:
    """List who is let in.

    \b
    Example:  mailtracer user list
    """
    with reading_store(config) as conn:
        found = people.every(conn)
    for one in found:
        told = {
            "name": one.name,
            "created_at": time_text(one.made_us),
            "password_changed_at": time_text(one.password_us),
        }
        click.echo(json.dumps(told) if as_object else one.name)


@user.command()
@with_config
@click.argument("name")
def password(config: Config, name: str) -> None:
    """Change a password. Whoever is logged in under this name is asked again.

    \b
    Example:  mailtracer user password anna
    """
    wanted = _password()
    with writing_store(config) as engine, engine.begin() as conn:
        people.set_password(conn, name, wanted, time.time_ns() // 1000)
    click.echo(f"Changed: {name}", err=True)


@user.command()
@with_config
@click.argument("name")
def remove(config: Config, name: str) -> None:
    """Let somebody in no longer, from the next click on.

    \b
    Example:  mailtracer user remove anna
    """
    with writing_store(config) as engine, engine.begin() as conn:
        people.remove(conn, name)
        is_last = not people.exist(conn)
    click.echo(f"Removed: {name}", err=True)
    if is_last:
        click.echo("Nobody is left: the pages ask for no login any more.", err=True)


def _password() -> str:
    if sys.stdin.isatty():
        asked: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
        return asked
    return sys.stdin.readline().rstrip("\r\n")
