"""A home that has read logs; reading in a process of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from collectors import reader
from tests.cli.commands import (
    LOGS,
    ingested,
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that has read both logs."""
    where = tmp_path_factory.mktemp("home")
    ingested(where, *LOGS, "--timezone", "UTC")
    return where


@pytest.fixture
def beside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even a small log is read by a process of its own."""
    monkeypatch.setattr(reader, "WORTH_A_PROCESS", 1)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
