"""The command `source`: add, list and try the webhooks of providers."""

from __future__ import annotations

import json
import secrets
import shlex
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click
import msgspec

from collectors.cli.repair import repair
from collectors.webhooks import BY_NAME, known
from collectors.webhooks.condition import Condition, condition, secrets_in_use
from collectors.webhooks.known import HookSource
from collectors.webhooks.proving import is_password
from tracer.cli import with_commands, with_config
from tracer.cli.store import writing_store
from tracer.config import Config
from tracer.config_sources import SourceSettings, lacking
from tracer.errors import ConfigError, NotFound
from tracer.exports.as_json import time_text
from tracer.store import forgetting, receipts
from tracer.store.receipts import Refusal, SourceFacts

TOKEN_OCTETS = 18
_STATES = {
    Condition.FINE: "works",
    Condition.SILENT: "silent",
    Condition.REFUSED: "turned away",
    Condition.WAITING: "nothing yet",
}


@click.group()
@with_commands
def source() -> None:
    """The webhooks of providers: add, list, try, remove.

    \b
    Examples:
      mailtracer source add sg-prod --provider sendgrid --secret KEY
      mailtracer source list
    """


@source.command()
@with_config
@click.argument("name")
@click.option("--provider", required=True, type=click.Choice(sorted(BY_NAME)))
@click.option("--secret", "given", multiple=True, help="Key or user:password; may come twice.")
@click.option("--only", is_flag=True, help="Drop the secrets it had: those given here stay.")
@click.option("--topic", "topics", multiple=True, help="Amazon SNS: a topic to listen to.")
@click.option("--public-url", default="", help="The address under which the provider reaches us.")
@click.option("--json", "as_object", is_flag=True, help="One JSON object.")
def add(
    config: Config, name: str, provider: str, given: tuple[str, ...], only: bool,
    topics: tuple[str, ...], public_url: str, as_object: bool,
) -> None:  # fmt: skip
    """Add a provider's webhook, or give one new secrets; the server knows it at once.

    Prints the address to enter at the provider, what its requests must carry, and a line to
    try it. What is added stands encrypted in the store, not in the settings.

    \b
    Examples:
      mailtracer source add sg-prod --provider sendgrid --secret "$PUBLIC_KEY"
      mailtracer source add sg-prod --provider sendgrid --secret "$NEW_KEY" --only
      mailtracer source add ses --provider ses --topic arn:aws:sns:eu-west-1:123456789012:mail
    """
    if only and not given:
        raise click.BadParameter("needs the --secret that stays", param_hint="--only")
    if name in known.of_settings(config):
        raise ConfigError(f"{name} stands in the settings; change it there")
    with writing_store(config) as engine, engine.begin() as conn:
        before = known.of_store(conn, config.home).get(name)
        if only and before is not None:
            before = msgspec.structs.replace(before, secrets=())
        made = _made(config, before, name, provider, given, topics, public_url)
        known.keep(conn, known.checked(made), config.home, time.time_ns() // 1000)
    told = _told(made, config)
    click.echo(json.dumps(told) if as_object else _in_words(made, told))


def _made(
    config: Config, before: HookSource | None, name: str, provider: str, given: tuple[str, ...],
    topics: tuple[str, ...], public_url: str,
) -> HookSource:  # fmt: skip
    """A new source, or the one before with what is new: old secrets stay valid beside it."""
    token = before.token if before else secrets.token_urlsafe(TOKEN_OCTETS)
    key, problem = lacking(
        SourceSettings(name=name, kind="webhook", provider=provider, token=token)
    )
    if key:
        raise click.BadParameter(problem, param_hint="NAME")
    old = before if before and before.provider == provider else None
    return HookSource(
        name, provider, token,
        tuple(dict.fromkeys((*given, *(old.secrets if old else ())))),
        tuple(dict.fromkeys((*topics, *(old.topic_arns if old else ())))),
        str(config.home / known.CERTIFICATES),
        public_url or (old.public_url if old else ""),
    )  # fmt: skip


def _told(one: HookSource, config: Config) -> dict[str, Any]:
    return {
        "name": one.name,
        "provider": one.provider,
        "path": one.path,
        "url": _address(one, config),
        "header": one.webhook.header or "Authorization",
        "curl": _curl(one, config),
    }


def _address(one: HookSource, config: Config) -> str:
    return one.public_url or f"http://{config.web.listen}{one.path}"


def _curl(one: HookSource, config: Config) -> str:
    """A line that shows whether the address is reached; with a password, that it is taken."""
    words = ["curl", "-i", "-H", "Content-Type: application/json", "-d", "[]"]
    password = next((secret for secret in one.secrets if is_password(secret)), "")
    if password and ": " not in password:
        words += ["-u", password]
    return shlex.join([*words, f"http://{config.web.listen}{one.path}"])


def _in_words(one: HookSource, told: Mapping[str, Any]) -> str:
    public = (
        ""
        if one.public_url
        else "\n  (put the name under which the world reaches you before /hooks)"
    )
    return (
        f"Address for {one.webhook.title}:\n  {told['url']}{public}\n"
        f"Its requests prove themselves by: {told['header']}\n"
        f"Try it:\n  {told['curl']}"
    )


@source.command("list")
@with_config
@click.option("--json", "as_object", is_flag=True, help="One JSON object a line.")
def list_sources(config: Config, as_object: bool) -> None:
    """List the webhook sources: last receipt, how many, what was refused.

    \b
    Example:  mailtracer source list
    """
    now_us = time.time_ns() // 1000
    with writing_store(config) as engine, engine.connect() as conn:
        found = [
            (one, receipts.facts_of(conn, one.name, now_us), receipts.last_refusals(conn, one.name))
            for one in known.every(conn, config).values()
        ]
    for one, facts, refused in found:
        state = condition(one, facts, refused, now_us)
        if as_object:
            click.echo(json.dumps(_listed(one, facts, state)))
            continue
        click.echo(
            f"{one.name:<16} {one.provider:<12} {_STATES[state]:<12} "
            f"last {time_text(facts.last_us) or 'never':<27} "
            f"receipts {facts.receipts}, refused {facts.refused}, dead letters {facts.waiting}"
        )
        for line in _remarks(one, facts, refused, state):
            click.echo(f"{'':<16} {line}")


def _listed(one: HookSource, facts: SourceFacts, state: Condition) -> dict[str, Any]:
    old = [name for name, _, is_old in secrets_in_use(one, facts) if is_old]
    told = {"name": one.name, "provider": one.provider, "path": _hidden(one), "state": state.value}
    told |= msgspec.to_builtins(facts)
    return told | {"last_at": time_text(facts.last_us), "old_secrets": old}


def _remarks(
    one: HookSource, facts: SourceFacts, refused: Sequence[Refusal], state: Condition
) -> Iterator[str]:
    """What a person should look at."""
    if state is Condition.SILENT:
        yield f"nothing for more than {one.silent_hours} h: is the webhook still on there?"
    if state is Condition.REFUSED:
        yield f"last answer {refused[0].status}: {refused[0].reason}"
    for name, used_us, is_old in secrets_in_use(one, facts):
        if is_old:
            yield f"secret {name}: unused since {time_text(used_us)}; it can be taken out"


def _hidden(one: HookSource) -> str:
    return f"/hooks/{one.name}/{one.token[:4]}…"


@source.command("test")
@with_config
@click.argument("name")
def try_source(config: Config, name: str) -> None:
    """Print the line that tries a source, and the last attempts that were turned away.

    \b
    Example:  mailtracer source test sg-prod
    """
    with writing_store(config) as engine, engine.connect() as conn:
        found = known.every(conn, config).get(name)
        if found is None:
            raise NotFound(f"no webhook source is named {name}; mailtracer source list")
        click.echo(_curl(found, config))
        for one in receipts.last_refusals(conn, name):
            click.echo(f"{time_text(one.at_us)}  {one.status}  {one.remote}  {one.reason}")


@source.command()
@with_config
@click.argument("address")
def erase(config: Config, address: str) -> None:
    """Delete what the kept requests of webhooks say of one recipient.

    Events that name the address and the bodies of requests they came in; other events stay.
    What the traces tell of the address is not touched: it goes with the days it is in.

    \b
    Example:  mailtracer source erase anna@fabrikam.example
    """
    if "@" not in address.strip().strip("@"):
        raise click.BadParameter("must be an address, like anna@fabrikam.example")
    with writing_store(config) as engine:
        told = forgetting.erase(engine, address)
    click.echo(f"Events deleted: {told.events}. Requests emptied: {told.receipts}.")


@source.command()
@with_config
@click.argument("name")
def remove(config: Config, name: str) -> None:
    """Stop answering a source that was added by command. What it brought stays.

    \b
    Example:  mailtracer source remove sg-prod
    """
    with writing_store(config) as engine, engine.begin() as conn:
        known.remove(conn, name)


source.add_command(repair)
