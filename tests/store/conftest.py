"""Stores of both kinds: a filled one, shared by the tests that only read, and empty ones."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine

from tests import postgres
from tests.store.filling import LOGS, made, read, sqlite_at
from tracer.store.engine import reading

KINDS = ("sqlite", "postgresql")


def _address(kind: str, request: pytest.FixtureRequest, folder: Path) -> str:
    if kind == "sqlite":
        return sqlite_at(folder)
    return postgres.database(request.getfixturevalue("server"))


@pytest.fixture(scope="session", params=KINDS)
def filled(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    """A store with two days and a bit of two hosts' mail."""
    engine = made(_address(request.param, request, tmp_path_factory.mktemp("filled")))
    read(engine, *LOGS)
    yield engine
    engine.dispose()


@pytest.fixture
def conn(filled: Engine) -> Iterator[Connection]:
    with reading(filled).connect() as connection:
        yield connection


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty store of the test's own."""
    engine = made(_address(request.param, request, tmp_path))
    yield engine
    engine.dispose()


@pytest.fixture
def sqlite_store(tmp_path: Path) -> Iterator[Engine]:
    """The same, for what is SQLite's own."""
    engine = made(sqlite_at(tmp_path))
    yield engine
    engine.dispose()
