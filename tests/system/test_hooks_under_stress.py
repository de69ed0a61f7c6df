"""The real server under bad weather: slow senders hold nothing up, a kill loses nothing."""

from __future__ import annotations

import http.client
import re
import secrets
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bench.posting import PASSWORD, SETTINGS, Senders, Server, Tricklers, free_port, missing

SLOW = 200
SECONDS = 3.0
KILLS = 3
WAIT_S = 60


@dataclass(frozen=True)
class Running:
    """`mailtracer serve` in a process of its own, with one source."""

    server: Server
    home: Path
    port: int
    path: str

    def posting(self, seconds: float, count: int, name: str = "s") -> Senders:
        """Senders at work."""
        made = Senders(self.port, self.path, time.monotonic() + seconds, count, name)
        made.start()
        return made


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    token, port = secrets.token_urlsafe(18), free_port()
    settings = SETTINGS.format(token=token, password=PASSWORD)
    (tmp_path / "config.toml").write_text(settings, "utf-8")
    server = Server(tmp_path, port)
    yield Running(server, tmp_path, port, f"/hooks/bench/{token}")
    server.stop()


def posted(one: Running, name: str) -> float:
    """Seconds until an event was acknowledged."""
    sender = one.posting(0, 1, name)
    sender.join()
    assert len(sender.receipts) == 1, "it was not acknowledged"
    return sender.waits_s[0]


def test_two_hundred_slow_senders_do_not_make_a_good_one_wait(running: Running) -> None:
    posted(running, "first")  # it opens the store
    tricklers = Tricklers(running.port, running.path, SLOW)
    tricklers.start()
    waits = [posted(running, f"n{n}") for n in range(8)]
    tricklers.let_go()
    assert max(waits) < 1, waits


def test_what_was_acknowledged_is_there_after_every_kill(running: Running) -> None:
    senders = running.posting(float("inf"), 4)
    for _ in range(KILLS):
        _wait_for_more(senders)
        running.server.kill()
    _wait_for_more(senders)
    senders.end()
    assert len(senders.receipts) > KILLS
    assert missing(running.home, senders.receipts) == 0


def _wait_for_more(senders: Senders) -> None:
    """Until something more was acknowledged."""
    before, deadline = len(senders.receipts), time.monotonic() + WAIT_S
    while len(senders.receipts) == before:
        assert time.monotonic() < deadline, "nothing is acknowledged any more"
        time.sleep(0.01)


def test_one_connection_may_bring_webhooks_and_ask_for_pages(running: Running) -> None:
    """Webhooks are answered by another part of the server than pages."""
    posted(running, "first")
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=15)
    asked = [("POST", 401), ("GET", 204), ("POST", 401), ("HEAD", 204), ("PUT", 405)]
    for method, status in asked:
        connection.request(method, running.path, b"[]" if method in ("POST", "PUT") else None)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == status
        mine = connection.sock
        assert mine is not None, "the connection was closed"
    connection.request("GET", "/sources")
    assert connection.getresponse().status == 200
    connection.close()


def test_requests_sent_without_waiting_are_answered_in_order(running: Running) -> None:
    posted(running, "first")
    some = f"POST {running.path} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n[]"
    page = "GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", running.port), 15) as client:
        client.sendall((some + some + page).encode())
        came = b""
        while more := client.recv(65_536):
            came += more
    assert re.findall(rb"HTTP/1\.1 (\d+)", came) == [b"401", b"401", b"200"]
