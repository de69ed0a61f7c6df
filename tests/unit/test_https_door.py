"""Fetching a policy: only what was asked for, within its bounds, or nothing."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from tests.unit.checking import LAB
from tracer.diagnostics.https import Fetched, Page
from tracer.diagnostics.https_door import LARGEST, HttpsDoor
from tracer.diagnostics.outbound import Outbound

HOST = "mta-sts.example.com"
POLICY = b"version: STSv1\n"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@contextlib.contextmanager
def serving(
    certificate: trustme.LeafCert, answer: bytes, *, keep_open: bool = False
) -> Iterator[tuple[int, list[bytes]]]:
    """A host that answers every request with these octets; (port, requests)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    listener = socket.create_server(("127.0.0.1", 0))
    asked: list[bytes] = []
    over = threading.Event()

    def serve() -> None:
        while True:
            try:
                plain, _ = listener.accept()
            except OSError:
                return
            with contextlib.suppress(OSError):
                connection = context.wrap_socket(plain, server_side=True)
                asked.append(connection.recv(4096))
                connection.sendall(answer)
                if keep_open:
                    over.wait()
                connection.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1], asked
    finally:
        over.set()
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def answer(body: bytes = POLICY, status: str = "200 OK", kind: str = "text/plain") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"Location: https://elsewhere.example/\r\n\r\n" + body


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> str:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return str(tmp_path / "ca.pem")


def fetch(port: int, ca_file: str, outbound: Outbound = LAB, seconds: float = 3.0) -> Page:
    door = HttpsDoor(outbound, port=port, seconds=seconds, ca_file=ca_file)
    return door.fetch(HOST, ["127.0.0.1"], "/.well-known/mta-sts.txt")


def test_a_policy_comes_whole(authority: trustme.CA, ca_file: str) -> None:
    with serving(authority.issue_cert(HOST), answer(kind="Text/Plain; charset=utf-8")) as (
        port, asked,
    ):  # fmt: skip
        page = fetch(port, ca_file)
    assert (page.outcome, page.status, page.content_type) == (Fetched.OK, 200, "text/plain")
    assert page.body == POLICY.decode()
    assert asked[0].startswith(b"GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: " + HOST.encode())


def test_a_server_that_keeps_the_connection_open_is_not_waited_for(
    authority: trustme.CA, ca_file: str
) -> None:
    with serving(authority.issue_cert(HOST), answer(), keep_open=True) as (port, _):
        began = time.monotonic()
        assert fetch(port, ca_file, seconds=5).outcome is Fetched.OK
        assert time.monotonic() - began < 3


def test_a_redirect_is_shown_and_not_followed(authority: trustme.CA, ca_file: str) -> None:
    with serving(authority.issue_cert(HOST), answer(status="301 Moved")) as (port, asked):
        page = fetch(port, ca_file)
        assert len(asked) == 1
    assert (page.status, page.location) == (301, "https://elsewhere.example/")


@pytest.mark.parametrize("name", ["other.example.com", "example.com"])
def test_a_certificate_for_another_name_is_not_valid(
    name: str, authority: trustme.CA, ca_file: str
) -> None:
    with serving(authority.issue_cert(name), answer()) as (port, asked):
        assert fetch(port, ca_file).outcome is Fetched.CERTIFICATE
        assert asked in ([], [b""])


def test_a_certificate_of_an_unknown_authority_is_not_valid(ca_file: str) -> None:
    with serving(trustme.CA().issue_cert(HOST), answer()) as (port, _):
        assert fetch(port, ca_file).outcome is Fetched.CERTIFICATE


@pytest.mark.parametrize(
    ("octets", "outcome"),
    [
        (answer(b"x" * (LARGEST + 1)), Fetched.TOO_BIG),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (LARGEST * 2), Fetched.TOO_BIG),
        (b"220 mail ESMTP\r\n", Fetched.NOT_HTTP),
        (b"", Fetched.NOT_HTTP),
    ],
)
def test_what_is_no_policy_is_told(
    octets: bytes, outcome: Fetched, authority: trustme.CA, ca_file: str
) -> None:
    with serving(authority.issue_cert(HOST), octets) as (port, _):
        assert fetch(port, ca_file).outcome is outcome


def test_a_page_that_never_ends_is_left_in_time(authority: trustme.CA, ca_file: str) -> None:
    unfinished = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nversion"
    with serving(authority.issue_cert(HOST), unfinished, keep_open=True) as (port, _):
        began = time.monotonic()
        assert fetch(port, ca_file, seconds=0.5).outcome is Fetched.TIMEOUT
        assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    ("outbound", "outcome"),
    [(Outbound(), Fetched.NOT_PUBLIC), (Outbound(enabled=False), Fetched.OFF)],
)
def test_what_may_not_be_reached_is_not_asked(
    outbound: Outbound, outcome: Fetched, authority: trustme.CA, ca_file: str
) -> None:
    with serving(authority.issue_cert(HOST), answer()) as (port, asked):
        assert fetch(port, ca_file, outbound).outcome is outcome
        assert asked == []


def test_a_closed_port_is_refused(ca_file: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert fetch(port, ca_file).outcome is Fetched.REFUSED
