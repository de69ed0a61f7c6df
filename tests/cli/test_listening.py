"""Commands that cannot start say why and what to do, in one line."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from tests.cli.commands import run
from tracer.errors import AddressUnavailable
from webui.cli import mailtracer
from webui.listening import checked, first_free


@pytest.fixture
def taken() -> Iterator[int]:
    """A port of this machine that somebody listens on."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        yield held.getsockname()[1]


def test_serve_says_that_the_port_is_taken_and_offers_another(tmp_path: Path, taken: int) -> None:
    told = run("serve", tmp_path, "--listen", f"127.0.0.1:{taken}")
    assert told.exit_code == 69
    assert f"another port: {taken + 1}" in told.output
    assert "http://" not in told.output


@pytest.mark.parametrize("listen", ["foo", "127.0.0.1", ":99999", "a:b", "127.0.0.1:8025:1"])
def test_what_is_no_address_is_wrong_usage(tmp_path: Path, listen: str) -> None:
    told = run("serve", tmp_path, "--listen", listen)
    assert told.exit_code == 2
    assert "127.0.0.1:8025" in told.output


def test_an_address_of_another_machine_cannot_be_listened_on() -> None:
    with pytest.raises(AddressUnavailable, match="no address of this machine"):
        checked("192.0.2.1:8025")


def test_demo_takes_the_next_port(taken: int) -> None:
    host, _, port = first_free(f"127.0.0.1:{taken}").rpartition(":")
    assert host == "127.0.0.1"
    assert taken < int(port) <= taken + 20
    with pytest.raises(click.BadParameter):
        first_free("bar")


def test_a_socket_file_is_taken_as_it_is() -> None:
    assert checked("unix:/run/mailtracer.sock") == "unix:/run/mailtracer.sock"


def test_a_mistyped_command_is_answered_with_the_near_one() -> None:
    told = CliRunner().invoke(mailtracer, ["serch", "x"])
    assert told.exit_code == 2
    assert "Did you mean search?" in told.output
