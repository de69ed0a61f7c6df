"""The commands that serve the pages: serve, demo."""

from __future__ import annotations

import logging
import shutil
import socket
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import click
from flask import Flask
from gunicorn.app.base import BaseApplication
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from collectors.batches import Plan
from collectors.cli import run
from collectors.files import expand
from collectors.formats import parse_line
from collectors.samples import sample_lines
from tracer import site_rules
from tracer.archive.keeping import Terms, keep
from tracer.archive.opening import opener
from tracer.cli import reading_store, store_of, with_config
from tracer.config import Config
from tracer.diagnostics.opening import open_world
from tracer.diagnostics.watching import Watch
from tracer.errors import StoreUnavailable, TracerError
from tracer.explain import explanation
from tracer.jobs.carrier import HueyCarrier
from tracer.jobs.desk import Desk
from tracer.model import DAY_US
from tracer.query import parse_query
from tracer.store import deliveries, forgetting
from tracer.told import told_of
from tracer.trace import load_trace
from webui.app import create_app
from webui.collector_process import CollectorProcess
from webui.patient import PatientWorker
from webui.site import Site, clock_us
from webui.trust import local_names

log = logging.getLogger(__name__)

THREADS = 64
"""Webhooks wait for their group to be stored, many at a time; pages wait for a connection."""
PORTS_TRIED = 20
SAMPLE_MAX_AGE_S = 6 * 3600
WORTH_SHOWING = "status:bounced -from:<>"


class _Server(BaseApplication):  # type: ignore[misc]
    """gunicorn with one process of threads: SQLite's page cache is shared, jobs run beside."""

    def __init__(
        self, app: Flask, listen: str, jobs: HueyCarrier, watch: Watch | None = None,
        collector: CollectorProcess | None = None,
    ) -> None:  # fmt: skip
        self._app = app
        self._collector = collector
        self._listen = listen
        self._jobs = jobs
        self._watch = watch
        super().__init__()

    def load_config(self) -> None:
        for name, value in (
            ("bind", self._listen), ("workers", 1), ("threads", THREADS),
            ("worker_class", PatientWorker), ("preload_app", True), ("loglevel", "warning"),
            ("control_socket_disable", True),
            ("post_worker_init", lambda _worker: self._begin()),
            ("worker_exit", lambda _server, _worker: self._end()),
        ):  # fmt: skip
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def _begin(self) -> None:
        _start(self._jobs)
        if self._watch:
            self._watch.start()
        if self._collector:
            self._collector.start()

    def _end(self) -> None:
        self._jobs.stop()
        if self._collector:
            self._collector.stop()

    def load(self) -> Flask:
        return self._app


def _start(jobs: HueyCarrier) -> None:
    """Where jobs cannot run, as on a disk that is read-only, the pages still can."""
    try:
        jobs.start()
    except (OSError, DBAPIError, TracerError):
        log.exception("exports cannot be made: the background threads did not start")


def _serve(config: Config, listen: str) -> None:
    site_rules.use(site_rules.folder_of(config.home))
    engine = store_of(config)
    names = (*local_names(listen), *config.web.trusted_hosts)
    site = Site(
        zone=config.web.timezone,
        language=config.web.language,
        trusted_hosts=names,
        diagnostics=config.diagnostics,
        rules=site_rules.folder_of(config.home),
    )
    open_day = opener(config.archive.place, parse_line)
    jobs = HueyCarrier(Desk(engine, config, open_day=open_day), _nightly(engine, config))
    desk = Desk(engine, config, jobs, open_day=open_day)
    engine.dispose()  # no connection may pass into the process that serves
    app = create_app(engine, site, desk)
    _Server(app, listen, jobs, _watch(config, engine), _collector(config)).run()


def _collector(config: Config) -> CollectorProcess | None:
    """What follows the logs of the settings, unless they say that another process does."""
    if not config.collect.in_serve or not any(one.kind == "file" for one in config.source):
        return None
    given = click.get_current_context().params
    options = [(f"--{name}", str(given[name])) for name in ("config", "home") if given.get(name)]
    return CollectorProcess([word for option in options for word in option])


def _nightly(engine: Engine, config: Config) -> Callable[[], object]:
    """What is let go of, or put away, when it is old."""
    days, seal = config.receipts.keep_days, _sealing(engine, config)

    def tidy() -> None:
        if days:
            forgetting.expire(engine, clock_us() - days * DAY_US)
        if seal:
            seal()

    return tidy


def _sealing(engine: Engine, config: Config) -> Callable[[], object] | None:
    """What moves days into the archive, unless the settings forbid it."""
    if not config.store.live_days:
        return None
    terms = Terms(
        config.archive.place, config.store.live_days, config.archive.keep_days, parse_line, clock_us
    )
    return lambda: keep(engine, terms)


def _watch(config: Config, engine: Engine) -> Watch | None:
    """What looks up the facts about messages that fail, unless the settings forbid it."""
    settings = config.diagnostics
    if not (settings.facts and settings.outbound):
        return None
    return Watch(engine, clock_us, lambda target: open_world(target, settings, engine, clock_us()))


@click.command()
@with_config
@click.option("--listen", default="", help="HOST:PORT; by default what the settings say.")
def serve(config: Config, listen: str) -> None:
    """Serve the pages.

    \b
    Example:  mailtracer serve --listen 0.0.0.0:8025
    """
    address = listen or config.web.listen
    click.echo(f"http://{address}", err=True)
    _serve(config, address)


@click.command()
@with_config
@click.option("--once", is_flag=True, help="Stop before serving.")
@click.option("--listen", default="", help="HOST:PORT; the next free port if that one is taken.")
def demo(config: Config, once: bool, listen: str) -> None:
    """Try it: sample mail of the last two days, one trace, then the pages.

    \b
    Example:  mailtracer demo --once
    """
    home = config.home / "demo"
    if not _is_fresh(home):
        _load_sample(config, home)
    of_demo = _at(config, home)
    _show_one(of_demo)
    if once:
        return
    address = _free(listen or config.web.listen)
    click.echo(f"\nOpen http://{address}  (Ctrl+C stops)")
    _serve(of_demo, address)


def _at(config: Config, home: Path) -> Config:
    """The same settings over a store of the demo's own; its mail is made up, so no facts about it
    are looked up."""
    store = replace(config.store, url=f"sqlite:///{home}/mailtracer.db")
    quiet = replace(config.diagnostics, facts=False)
    return replace(config, home=home, store=store, diagnostics=quiet, source=())


def _is_fresh(home: Path) -> bool:
    made = home / "made"
    return made.exists() and time.time() - made.stat().st_mtime < SAMPLE_MAX_AGE_S


def _load_sample(config: Config, home: Path) -> None:
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "mail.log"
        log.write_text("\n".join(sample_lines(time.time_ns() // 1000)) + "\n", "utf-8")
        inputs, _ = expand([str(log)])
        run(_at(config, home), Plan(tuple(inputs), source="sample"), quiet=True)
    (home / "made").touch()


def _show_one(config: Config) -> None:
    with reading_store(config) as conn:
        query = parse_query(WORTH_SHOWING, now_us=time.time_ns() // 1000)
        found = deliveries.search(conn, query, limit=1).rows
        if not found:
            raise StoreUnavailable("the sample is empty; remove the folder demo and try again")
        trace = load_trace(conn, found[0].id, parse_line)
    told = explanation(told_of(trace), "en")
    row = trace.row
    click.echo(f"{row.sender} -> {row.recipient}: {row.status}\n\n{told.headline}\n{told.acts}")
    for number, (what, how) in enumerate(told.steps, 1):
        click.echo(f"  {number}. {what}{how}")


def _free(listen: str) -> str:
    host, _, first = listen.rpartition(":")
    for port in range(int(first), int(first) + PORTS_TRIED):
        with socket.socket() as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                tried.bind((host, port))
            except OSError:
                continue
        return f"{host}:{port}"
    raise StoreUnavailable(
        f"ports {first} and the next {PORTS_TRIED - 1} are taken; choose another"
    )
