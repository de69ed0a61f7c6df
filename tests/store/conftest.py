"""A store with two days and a bit of two hosts' mail, shared by the tests that only read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine

from tests.store.filling import LOGS, empty, read
from tracer.store.engine import reading


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = empty(tmp_path_factory.mktemp("filled"))
    read(engine, *LOGS)
    yield engine
    engine.dispose()


@pytest.fixture
def conn(filled: Engine) -> Iterator[Connection]:
    with reading(filled).connect() as connection:
        yield connection


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Engine]:
    """An empty store of the test's own."""
    engine = empty(tmp_path)
    yield engine
    engine.dispose()
