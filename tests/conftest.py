"""What holds for every test: UTC, no settings from outside, no network but loopback."""

from __future__ import annotations

import ipaddress
import os
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests import postgres

_HERE = Path(__file__).parent
KILLS = int(os.environ.get("MAILTRACER_TEST_KILLS", "25" if os.environ.get("CI") else "5"))
"""How often tests of faults kill what they watch, each; 100 for a long look (7 minutes)."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--golden",
        action="store_true",
        help="write the corpus' expected results instead of comparing with them",
    )


def pytest_configure() -> None:
    os.environ["TZ"] = "UTC"
    time.tzset()
    for kind in ("SPF_SUITE", "ARC_SUITE"):  # public suites, no settings of the program
        if suite := os.environ.get(f"MAILTRACER_{kind}"):
            os.environ[kind] = suite
    for name in [name for name in os.environ if name.startswith("MAILTRACER_")]:
        del os.environ[name]
    # The same examples on every machine, and none fails for being slow on a busy one.
    settings.register_profile("mailtracer", derandomize=True, deadline=None)
    settings.load_profile("mailtracer")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for kind in ("system", "browser"):
            if item.path.is_relative_to(_HERE / kind):
                item.add_marker(kind)


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The address of a PostgreSQL server of the tests' own."""
    with postgres.server() as address:
        yield address


@pytest.fixture(autouse=True, scope="session")
def _loopback_only() -> Iterator[None]:
    """A test that would speak to another machine fails and names the address."""
    guarded = {name: getattr(socket.socket, name) for name in ("connect", "connect_ex", "sendto")}
    with pytest.MonkeyPatch.context() as patch:
        for name, original in guarded.items():
            patch.setattr(socket.socket, name, _guarded(original))
        patch.setattr(socket, "getaddrinfo", _resolving_only_loopback(socket.getaddrinfo))
        yield


def _resolving_only_loopback(original: Callable[..., Any]) -> Callable[..., Any]:
    """The system's resolver is another machine too: a name is asked of Lookup, or not at all."""

    def call(host: str | bytes | None, *args: Any, **more: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name and not _is_address(name) and name not in ("localhost", socket.gethostname()):
            raise AssertionError(f"a test asks the system's resolver for {name}")
        return original(host, *args, **more)

    return call


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def _guarded(original: Callable[..., Any]) -> Callable[..., Any]:
    def call(self: socket.socket, *args: Any) -> Any:
        address = args[-1]
        if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_loopback(address[0]):
            raise AssertionError(f"a test speaks to {address}; only loopback is allowed")
        return original(self, *args)

    return call


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
