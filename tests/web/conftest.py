from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine

from tests.web.building import empty_store, filled_store, site
from webui.app import create_app


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    store = filled_store(tmp_path_factory.mktemp("store"))
    yield store
    store.dispose()


@pytest.fixture(scope="session")
def app(engine: Engine) -> Flask:
    return create_app(engine, site())


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def first_run(tmp_path: Path) -> Iterator[FlaskClient]:
    store = empty_store(tmp_path)
    yield create_app(store, site()).test_client()
    store.dispose()
