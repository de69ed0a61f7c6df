"""The command `token`: what scripts come with."""

from __future__ import annotations

import json
import re
import time

import click

from tracer.cli import with_commands, with_config
from tracer.cli.store import reading_store, writing_store
from tracer.config import Config
from tracer.exports.as_json import time_text
from tracer.store import tokens

SCOPE = re.compile(r"[a-z]+:(read|write)")


class _Scope(click.ParamType[str]):
    name = "WHAT:read|write"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not SCOPE.fullmatch(value):
            self.fail(f"{value!r} is not like receipts:read or events:write", param, ctx)
        return value


@click.group()
@with_commands
def token() -> None:
    """Tokens for scripts: what each may read or write.

    \b
    Examples:
      mailtracer token create --scope receipts:read
      mailtracer token list
    """


@token.command()
@with_config
@click.option("--scope", "scopes", type=_Scope(), multiple=True, required=True)
@click.option("--name", default="", help="Your word for it.")
@click.option("--json", "as_object", is_flag=True, help="One JSON object.")
def create(config: Config, scopes: tuple[str, ...], name: str, as_object: bool) -> None:
    """Make a token and print it. It is shown this once only.

    \b
    Examples:
      mailtracer token create --scope receipts:read
      mailtracer token create --scope events:write --name shipper --json
    """
    with writing_store(config) as engine, engine.begin() as conn:
        made, secret = tokens.create(conn, name, " ".join(scopes), time.time_ns() // 1000)
    told = {"token": secret, "id": made.id, "scopes": list(scopes), "name": name}
    click.echo(json.dumps(told) if as_object else secret)
    if not as_object:
        click.echo(f"Its id is {made.id}. It is not shown again.", err=True)


@token.command("list")
@with_config
@click.option("--json", "as_object", is_flag=True, help="One JSON object a line.")
def list_tokens(config: Config, as_object: bool) -> None:
    """List tokens, without their secrets.

    \b
    Example:  mailtracer token list
    """
    with reading_store(config) as conn:
        found = tokens.every(conn)
    for one in found:
        told = {
            "id": one.id, "name": one.name, "scopes": one.scopes.split(),
            "created_at": time_text(one.made_us), "revoked_at": time_text(one.revoked_us),
        }  # fmt: skip
        state = "revoked" if one.revoked_us else "in use"
        plain = f"{one.id}  {one.scopes:<24} {state:<8} {one.name}"
        click.echo(json.dumps(told) if as_object else plain)


@token.command()
@with_config
@click.argument("wanted", metavar="ID")
def revoke(config: Config, wanted: str) -> None:
    """End a token, by its id or name. Scripts that use it are refused from now on.

    \b
    Example:  mailtracer token revoke t_1f2e3d4c
    """
    with writing_store(config) as engine, engine.begin() as conn:
        ended = tokens.revoke(conn, wanted, time.time_ns() // 1000)
    click.echo(f"Ended: {ended.id} {ended.name}", err=True)
