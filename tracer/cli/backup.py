"""The commands `backup` and `restore`."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from tracer import backup as backups
from tracer.backup import Manifest
from tracer.cli import now_us, with_config
from tracer.cli.store import store_of, telling_faults
from tracer.config import Config
from tracer.secret_files import KEY

_FILE = click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
_JSON = click.option("--json", "as_object", is_flag=True, help="The manifest as one JSON object.")


@click.command()
@with_config
@_FILE
@click.option("--secrets", is_flag=True, help="With passwords, tokens and the key that opens them.")
@_JSON
def backup(config: Config, file: Path, secrets: bool, as_object: bool) -> None:
    """Write everything into one compressed file.

    Reading and serving may go on meanwhile. It holds the store, your own rules and the
    settings. Files of the archive and exports are not in it: copy the folder archive beside it.

    \b
    Examples:
      mailtracer backup /backup/mailtracer-2026-11-22.tar.zst
      mailtracer backup --secrets /safe/mailtracer.tar.zst
    """
    with telling_faults(config):
        made = backups.back_up(config, file, now_us(), secrets=secrets)
    _tell(made, as_object)
    if Path(config.archive.place).is_dir():
        click.echo(f"Days of the archive are not in it; copy {config.archive.place} too.", err=True)
    if not secrets and (config.home / KEY).exists():
        click.echo(
            f"Secrets are not in it: keep {config.home / KEY} in a safe place, or use --secrets.",
            err=True,
        )


@click.command()
@with_config
@_FILE
@click.option("--force", is_flag=True, help="Even where the home holds something already.")
@_JSON
def restore(config: Config, file: Path, force: bool, as_object: bool) -> None:
    """Make a home of a backup. Stop `serve` and `collect` of that home first.

    \b
    Examples:
      mailtracer restore mailtracer-2026-11-22.tar.zst --home /var/lib/mailtracer
      mailtracer restore mailtracer-2026-11-22.tar.zst --force
    """
    with telling_faults(config):
        made = backups.restore(config, file, force=force)
    store_of(config).dispose()
    _tell(made, as_object)
    if any(member.name == backups.WITHOUT_SECRETS for member in made.files):
        click.echo(
            f"Its settings had secrets taken out: put them into "
            f"{config.home / backups.WITHOUT_SECRETS} and rename it {backups.SETTINGS}.",
            err=True,
        )


def _tell(made: Manifest, as_object: bool) -> None:
    if as_object:
        click.echo(msgspec.json.encode(made).decode())
        return
    octets = sum(member.octets for member in made.files)
    click.echo(f"{len(made.files)} files, {octets:,} octets, of {made.made_at}, {made.schema}")
