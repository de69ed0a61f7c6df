"""An application with a source of every provider, on either database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine

from tests import postgres
from tests.unit.webhook_signing import NOW_US, SIGNERS, write_certificate
from tests.web.building import empty_store
from tests.web.hooks.posting import settings
from tracer.config import Config
from tracer.jobs.desk import Desk
from tracer.store.engine import open_engine
from tracer.store.migrate import migrate
from webui.app import create_app
from webui.hooks import HOOKS
from webui.site import Site


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    if request.param == "sqlite":
        engine = empty_store(tmp_path)
    else:
        engine = open_engine(postgres.database(request.getfixturevalue("server")))
        migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def app(store: Engine, tmp_path: Path) -> Iterator[Flask]:
    write_certificate(tmp_path / "certificates")
    sources = tuple(settings(tmp_path, name) for name in SIGNERS)
    config = Config(home=tmp_path, source=sources)
    made = create_app(store, Site(now_us=lambda: NOW_US), Desk(store, config))
    yield made
    made.extensions[HOOKS].intake.stop()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()
