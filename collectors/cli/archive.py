"""The command `archive`: days that are over, as files."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import datetime

import click
from sqlalchemy import Engine

from collectors.formats import parse_line
from tracer.archive import sealing
from tracer.archive.files import Archive, ArchiveDamaged
from tracer.cli import now_us, with_commands, with_config
from tracer.cli.store import reading_store, writing_store
from tracer.config import Config
from tracer.exports.as_json import time_text
from tracer.store import sealed
from tracer.store.sealed import DayState, shown

RESTORED = "restored by hand"


class _Day(click.ParamType[str]):
    name = "DAY"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        day = value.replace("-", "")
        if not re.fullmatch(r"\d{8}", day) or not _is_of_calendar(day):
            self.fail(f"{value!r} is not a day like 2026-11-22", param, ctx)
        return day


def _is_of_calendar(day: str) -> bool:
    try:
        datetime.strptime(day, "%Y%m%d")
    except ValueError:
        return False
    return True


_DAYS = click.argument("days", type=_Day(), nargs=-1, metavar="[DAY]...")
_DAY = click.argument("day", type=_Day(), metavar="DAY")


@click.group()
@with_commands
def archive() -> None:
    """Days that are over, as one Parquet file each.

    \b
    Examples:
      mailtracer archive list
      mailtracer archive verify
      mailtracer archive restore 2026-11-20
    """


@archive.command("list")
@with_config
@click.option("--json", "as_object", is_flag=True, help="One JSON object a line.")
def list_days(config: Config, as_object: bool) -> None:
    """Every day, where it is, and why it is held.

    \b
    Example:  mailtracer archive list --json
    """
    with reading_store(config) as conn:
        found = sealed.every(conn)
    for day in found:
        click.echo(json.dumps(_told(day)) if as_object else _in_words(day))


@archive.command()
@with_config
@_DAYS
def verify(config: Config, days: Sequence[str]) -> None:
    """Compare the files with what was sealed: all of them, or those of some days.

    \b
    Example:  mailtracer archive verify 2026-11-20
    """
    files = Archive(config.archive.place)
    with reading_store(config) as conn:
        wanted = days or sealed.within(conn, "", "99999999")
        known = [sealed.file_of(conn, day) for day in wanted]
    if not known:
        click.echo("No day is in the archive yet, so there is nothing to compare.", err=True)
    damaged = 0
    for file in known:
        try:
            files.check(file)
        except ArchiveDamaged as error:
            click.echo(f"mailtracer: {error}", err=True)
            damaged += 1
    click.echo(f"{len(known) - damaged} of {len(known)} files are as they were sealed")
    if damaged:
        raise click.exceptions.Exit(ArchiveDamaged.exit_code)


@archive.command()
@with_config
@_DAYS
def seal(config: Config, days: Sequence[str]) -> None:
    """Move days into the archive: those named, else all that are over for store.live_days.

    Sealed days that are older than archive.keep_days are deleted. A day that is held stays; one
    that `restore` brought back is sealed when it is named.

    \b
    Example:  mailtracer archive seal
    """
    files = Archive(config.archive.place)
    with writing_store(config) as engine:
        _end_restored(engine, days)
        with engine.connect() as conn:
            due = list(days) or sealing.due(conn, now_us(), config.store.live_days)
            old = [] if days else sealing.expired(conn, now_us(), config.archive.keep_days)
        for day in due:
            file = sealing.seal(engine, files, day, parse_line, now_us())
            click.echo(f"{shown(day)}: {file.rows} deliveries in {file.octets} octets")
        for day in old:
            sealing.delete(engine, files, day)
            click.echo(f"{shown(day)}: deleted")


def _end_restored(engine: Engine, named: Sequence[str]) -> None:
    with engine.begin() as conn:
        for day in named:
            if sealed.one(conn, day).held == RESTORED:
                sealed.hold(conn, day, "")


@archive.command()
@with_config
@_DAY
def restore(config: Config, day: str) -> None:
    """Bring a sealed day back into the store, where it is searched in place.

    It stays there until `mailtracer archive seal DAY`.

    \b
    Example:  mailtracer archive restore 2026-11-20
    """
    with writing_store(config) as engine:
        hops = sealing.restore(engine, Archive(config.archive.place), day, parse_line)
        with engine.begin() as conn:
            sealed.hold(conn, day, sealed.one(conn, day).held or RESTORED)
    click.echo(f"{shown(day)}: {hops} messages are searched in place again")


@archive.command()
@with_config
@_DAY
@click.option("--why", required=True, help="The reason, shown in the list.")
def hold(config: Config, day: str, why: str) -> None:
    """Keep a day where it is: neither sealed nor deleted until it is released.

    \b
    Example:  mailtracer archive hold 2026-11-20 --why "case 17"
    """
    _mark(config, day, why)


@archive.command()
@with_config
@_DAY
def release(config: Config, day: str) -> None:
    """End a hold.

    \b
    Example:  mailtracer archive release 2026-11-20
    """
    _mark(config, day, "")


def _mark(config: Config, day: str, why: str) -> None:
    with writing_store(config) as engine, engine.begin() as conn:
        sealed.hold(conn, day, why)


def _told(day: DayState) -> dict[str, object]:
    return {
        "day": shown(day.day), "state": day.state, "held": day.held, "deliveries": day.rows,
        "messages": day.hops, "octets": day.octets, "sha256": day.sha256,
        "sealed_at": time_text(day.sealed_us),
    }  # fmt: skip


def _in_words(day: DayState) -> str:
    words = f"{shown(day.day)}  {day.state:8}"
    if day.octets is not None:
        words += f"  {day.rows} deliveries, {day.octets} octets"
    return words + (f"  held: {day.held}" if day.held else "")
