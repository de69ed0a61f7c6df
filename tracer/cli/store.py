"""The store of the settings, for commands: made, written, read or searched; and init."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING

import click

from tracer.cli import with_config
from tracer.config import Config
from tracer.store.engine import StoreUnusable, fault, is_of_database, open_engine, reading, shown
from tracer.store.plain import path_of, reading_plainly
from tracer.store.revision import check

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine


def store_of(config: Config, *, bulk: bool = False) -> Engine:
    """The store of these settings, created or upgraded if need be; `bulk`: see open_engine.

    Raises StoreUnusable where it is no store of this version, or half a copy of another.
    """
    engine = open_engine(config.store.url, bulk=bulk)
    with telling_faults(config):
        # It describes every table for SQLAlchemy, which no command that reads waits for.
        import_module("tracer.store.migrate").migrate(engine)
        with reading(engine).connect() as conn:
            check(conn)
    return engine


@contextmanager
def telling_faults(config: Config) -> Iterator[None]:
    """Raise what the database refuses as StoreUnavailable, which says what to do."""
    try:
        yield
    except Exception as error:
        if is_of_database(error):
            raise fault(error, shown(config.store.url)) from error
        raise


@contextmanager
def writing_store(config: Config) -> Iterator[Engine]:
    """The store of these settings, made if need be and closed at the end."""
    engine = store_of(config)
    try:
        with telling_faults(config):
            yield engine
    finally:
        engine.dispose()


@contextmanager
def reading_store(config: Config) -> Iterator[Connection]:
    """A connection to an existing store, for reading only."""
    _see_that_it_is_there(config)
    with telling_faults(config), reading(open_engine(config.store.url)).connect() as conn:
        check(conn)
        yield conn


@contextmanager
def searching_store(config: Config) -> Iterator[Connection]:
    """The same for what reads by `fetch` alone, which need not wait for SQLAlchemy."""
    path = path_of(config.store.url)
    if not path:
        with reading_store(config) as conn:
            yield conn
        return
    _see_that_it_is_there(config)
    with telling_faults(config), reading_plainly(path) as conn:
        check(conn)
        yield conn


def _see_that_it_is_there(config: Config) -> None:
    path = path_of(config.store.url)
    if path and not os.path.exists(path):
        raise StoreUnusable(
            f"there is no store at {path} yet. "
            "Read a log first: mailtracer ingest /var/log/mail.log"
        )


@click.command()
@with_config
def init(config: Config) -> None:
    """Create the store, or bring it to this version.

    \b
    Example:  mailtracer init --home /var/lib/mailtracer
    """
    store_of(config).dispose()
    click.echo(f"The store is ready: {shown(config.store.url)}", err=True)
