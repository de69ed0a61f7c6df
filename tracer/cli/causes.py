"""The command that reads the knowledge base of causes and proves a site's own rules."""

from __future__ import annotations

import json
from typing import Any

import click

from tracer import site_rules
from tracer.causes import catalog
from tracer.cli import now_us, with_config
from tracer.cli.store import reading_store
from tracer.config import Config
from tracer.errors import NotFound
from tracer.exports import causes_json
from tracer.store.engine import StoreUnusable


@click.command()
@with_config
@click.argument("wanted", metavar="[ID]", default="")
@click.option("--lang", type=click.Choice(["en", "ru"]), default="en")
@click.option("--check", is_flag=True, help="Prove this site's own rules, and stop.")
@click.option("--json", "as_object", is_flag=True, help="One JSON object; of all causes an array.")
def causes(config: Config, wanted: str, lang: str, check: bool, as_object: bool) -> None:
    """Every cause of failed mail and its number, or all about one.

    Rules of this site stand in causes.d/*.toml under the home; --check tells whether they
    are right (exit code 78 if not).

    \b
    Examples:
      mailtracer causes
      mailtracer causes ip_blocklisted --lang ru
      mailtracer causes --check
    """
    files = site_rules.use(site_rules.folder_of(config.home))
    if check:
        _tell_checked([file.name for file in files], site_rules.FOLDER, as_object)
        return
    counted = _seen(config)
    if not wanted:
        _tell_all(causes_json.causes(lang, counted), as_object)
        return
    held = catalog().get(wanted)
    if held is None:
        raise NotFound(f"there is no cause {wanted}; `mailtracer causes` lists them all")
    told = causes_json.cause(held, lang, counted)
    click.echo(_json(told) if as_object else _in_words(told))


def _seen(config: Config) -> causes_json.Seen:
    """Counts of this store; none where there is no store yet: causes can be read all the same."""
    try:
        with reading_store(config) as conn:
            return causes_json.seen(conn, now_us())
    except StoreUnusable as error:
        click.echo(f"Nothing is counted: {error}", err=True)
        return causes_json.NOTHING


def _tell_checked(names: list[str], folder: str, as_object: bool) -> None:
    if as_object:
        click.echo(_json({"files": names, "ok": True}))
    elif names:
        click.echo("\n".join(f"{name}: right" for name in names))
    else:
        click.echo(f"There are no files in {folder}; our own causes are in use.", err=True)


def _tell_all(listed: list[dict[str, Any]], as_object: bool) -> None:
    if as_object:
        click.echo(_json(listed))
        return
    width = max(len(cause["id"]) for cause in listed)
    click.echo(f"{'ID':{width}}  {'48 H':>6}  {'30 D':>6}  {'WHO ACTS':12}CAUSE")
    for cause in listed:
        click.echo(
            f"{cause['id']:{width}}  {cause['last_48h']:6}  {cause['last_30d']:6}  "
            f"{cause['side']:12}{cause['title']}"
        )


def _in_words(told: dict[str, Any]) -> str:
    steps = [f"{n}. {step['what']}{step['how']}" for n, step in enumerate(told["steps"], 1)]
    lines = [
        f"{told['title']} ({told['id']}, {told['side']})",
        told["headline"],
        "",
        *steps,
        "",
        told["tell_user"],
        "",
        *(f"  {reply}" for reply in told["examples"]),
        "",
        *(f"{source['text']}: {source['url']}" for source in told["reference"]),
        f"48 h: {told['last_48h']}, 30 d: {told['last_30d']}",
    ]
    return "\n".join(lines)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
