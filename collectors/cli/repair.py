"""The command `source repair`: fetch what webhooks missed from the provider's event API."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from sqlalchemy import Engine

from collectors.gaps import BY_PROVIDER
from collectors.gaps.calling import Api
from collectors.gaps.repair import Access, Repair, Window
from collectors.gaps.storing import Stored
from collectors.webhooks import known
from tracer.cli import with_config
from tracer.cli.store import writing_store
from tracer.config import Config, SourceSettings
from tracer.errors import ConfigError, NotFound
from tracer.model import DAY_US
from tracer.times import parse_time


@dataclass(frozen=True, slots=True)
class _Given:
    """What the command line says of the API."""

    key_file: str
    account: str
    url: str


@click.command()
@with_config
@click.argument("name")
@click.option("--since", required=True, help="Oldest time: 6h, 2d, 2026-11-22T08:00.")
@click.option("--until", default="now", help="Newest time; by default now.")
@click.option("--api-key-file", default="", help="File with the API key, if not in the settings.")
@click.option("--account", default="", help="Mailgun: sending domain; Microsoft: TENANT/CLIENT-ID.")
@click.option("--api-url", default="", help="Address of the API, if not the usual one.")
@click.option("--json", "as_object", is_flag=True, help="One JSON object.")
def repair(
    config: Config, name: str, since: str, until: str, api_key_file: str, account: str,
    api_url: str, as_object: bool,
) -> None:  # fmt: skip
    """Fetch from a provider's API what its webhooks did not bring.

    What is known already changes nothing, so a span may be read again at any time.

    \b
    Examples:
      mailtracer source repair sg-prod --since 2d
      mailtracer source repair m365 --since 2026-11-20 --until 2026-11-22
    """
    window = _window(config, since, until)
    with writing_store(config) as engine:
        of_settings = _of_settings(config, name)
        provider = of_settings.provider if of_settings else _provider(engine, config, name)
        found = BY_PROVIDER.get(provider)
        if found is None:
            raise ConfigError(
                f"{provider} has no event API that is read here; there are: "
                f"{', '.join(sorted(BY_PROVIDER))}"
            )
        access = _access(found, of_settings, _Given(api_key_file, account, api_url))
        api = Api(found.title, access.url, per_minute=found.per_minute, scope=found.scope)
        total = _fetch(found, api, access, engine, name, window)
    _tell(found, window, total, api.requests, as_object)


def _window(config: Config, since: str, until: str) -> Window:
    now_us, zone = time.time_ns() // 1000, ZoneInfo(config.web.timezone)
    window = Window(
        parse_time(since, now_us=now_us, zone=zone), parse_time(until, now_us=now_us, zone=zone)
    )
    if window.since_us >= window.until_us:
        raise click.BadParameter("must be earlier than --until", param_hint="--since")
    return window


def _of_settings(config: Config, name: str) -> SourceSettings | None:
    of_name = (one for one in config.source if one.name == name and one.kind != "file")
    return next(of_name, None)


def _provider(engine: Engine, config: Config, name: str) -> str:
    with engine.connect() as conn:
        made = known.of_store(conn, config.home).get(name)
    if made is None:
        raise NotFound(f"no source is named {name}; mailtracer source list")
    return made.provider


def _access(found: Repair, one: SourceSettings | None, given: _Given) -> Access:
    key = _key(given.key_file or (one.api_key_file if one else "")) or (one.api_key if one else "")
    account = given.account or (one.api_account if one else "")
    if not key:
        raise ConfigError(
            f"the key of {found.title}'s API is missing: set api_key_file of the source, or give "
            "--api-key-file"
        )
    if found.account and not account:
        raise ConfigError(f"api_account of the source (or --account) is missing: {found.account}")
    url = given.url or (one.api_url if one else "") or found.url
    return Access(url.rstrip("/"), key, account)


def _key(path: str) -> str:
    if not path:
        return ""
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"api_key_file {path} cannot be read: {error}") from error


def _fetch(
    found: Repair, api: Api, access: Access, engine: Engine, name: str, window: Window
) -> Stored:
    api.headers = found.sign(api, access)
    total = Stored()
    for items in found.fetch(api, access, window):
        total += found.store(engine, name, found.provider, items, time.time_ns() // 1000)
    return total


def _tell(found: Repair, window: Window, total: Stored, requests: int, as_object: bool) -> None:
    if as_object:
        told = {"provider": found.provider, "events": total.told, "new": total.fresh}
        click.echo(json.dumps(told | {"unread": total.unread, "requests": requests}))
        return
    click.echo(
        f"{found.title}: {total.told} events, {total.fresh} of them new, "
        f"{total.told - total.fresh} known before."
    )
    if total.unread:
        click.echo(f"{total.unread} items could not be read; they stand on the page Sources.")
    if window.since_us < time.time_ns() // 1000 - found.kept_days * DAY_US:
        click.echo(
            f"{found.title} keeps events for {found.kept_days} days or less; older are gone."
        )
