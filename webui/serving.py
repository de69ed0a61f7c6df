"""The command that serves the pages."""

from __future__ import annotations

import logging
from collections.abc import Callable

import click
from flask import Flask
from gunicorn.app.base import BaseApplication
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from collectors.formats import parse_line
from collectors.webhooks import known
from tracer import site_rules
from tracer.archive.keeping import Terms, keep
from tracer.archive.opening import opener
from tracer.cli import with_config
from tracer.cli.store import store_of
from tracer.config import Config
from tracer.diagnostics.opening import open_world
from tracer.diagnostics.watching import Watch
from tracer.errors import TracerError
from tracer.jobs.carrier import HueyCarrier
from tracer.jobs.desk import Desk
from tracer.model import DAY_US
from tracer.store import forgetting, people, reports
from webui.app import create_app
from webui.audit import Audit
from webui.collector_process import CollectorProcess
from webui.listening import checked
from webui.patient import PatientWorker
from webui.site import Site, clock_us
from webui.trust import local_names

log = logging.getLogger(__name__)

_OPEN = "Whoever reaches this address reads everything. To ask for logins: mailtracer user add NAME"
THREADS = 64
"""Webhooks wait for their group to be stored, many at a time; pages wait for a connection."""


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


def serve_at(config: Config, listen: str) -> None:
    """Serve the pages of these settings until the process is told to stop."""
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
    of_reports_us, of_audit = config.diagnostics.keep_days * DAY_US, config.web.audit_days

    def tidy() -> None:
        reports.prune(engine, clock_us() - of_reports_us)
        if of_audit:
            Audit(config.home).let_go(clock_us(), of_audit)
        if days:
            forgetting.expire(engine, clock_us() - days * DAY_US)
        if seal:
            seal()

    return tidy


def _sealing(engine: Engine, config: Config) -> Callable[[], object] | None:
    """What moves days into the archive and lets go of them, unless the settings forbid it."""
    if not (config.store.live_days or config.store.lines_days or config.archive.keep_days):
        return None
    terms = Terms(
        config.archive.place, config.store.live_days, config.archive.keep_days, parse_line,
        clock_us, config.store.lines_days,
    )  # fmt: skip
    return lambda: keep(engine, terms)


def _watch(config: Config, engine: Engine) -> Watch | None:
    """What looks up the facts about messages that fail, unless the settings forbid it."""
    settings = config.diagnostics
    if not (settings.facts and settings.outbound):
        return None
    return Watch(engine, clock_us, lambda target: open_world(target, settings, engine, clock_us()))


def _warn_of_open_pages(config: Config, listen: str) -> None:
    """Say that whoever reaches the address may read everything, where nobody has a login."""
    if local_names(listen):
        return
    engine = store_of(config)
    with engine.connect() as conn:
        if not people.exist(conn):
            click.echo(_OPEN, err=True)
    engine.dispose()


@click.command()
@with_config
@click.option("--listen", default="", help="HOST:PORT; by default what the settings say.")
def serve(config: Config, listen: str) -> None:
    """Serve the pages.

    \b
    Example:  mailtracer serve --listen 0.0.0.0:8025
    """
    address = checked(listen or config.web.listen)
    known.of_settings(config)  # what is wrong with them is told before the address
    click.echo(f"http://{address}", err=True)
    _warn_of_open_pages(config, address)
    serve_at(config, address)
