"""The real server under bad weather: slow senders hold nothing up, a kill loses nothing."""

from __future__ import annotations

import http.client
import json
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bench.hooks import BASIC, PASSWORD, SETTINGS, Sender, Server, free_port, missing, trickle

SLOW = 200
SECONDS = 12.0
KILLS = 3


@dataclass(frozen=True)
class Running:
    """`mailtracer serve` in a process of its own, with one source."""

    server: Server
    home: Path
    port: int
    path: str


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    token, port = secrets.token_urlsafe(18), free_port()
    settings = SETTINGS.format(token=token, password=PASSWORD)
    (tmp_path / "config.toml").write_text(settings, "utf-8")
    server = Server(tmp_path, port)
    yield Running(server, tmp_path, port, f"/hooks/bench/{token}")
    server.stop()


def posted(one: Running, n: int) -> float:
    """Seconds until an event was acknowledged."""
    event = {"event": "delivered", "email": "bob@fabrikam.example", "timestamp": int(time.time()),
             "sg_event_id": f"e{n}", "sg_message_id": f"m{n}.filter"}  # fmt: skip
    began = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", one.port, timeout=15)
    headers = {"Authorization": BASIC, "Content-Type": "application/json"}
    connection.request("POST", one.path, json.dumps([event]), headers)
    answer = connection.getresponse()
    told = json.loads(answer.read())
    connection.close()
    assert answer.status == 200 and told["receipt"]
    return time.monotonic() - began


def test_two_hundred_slow_senders_do_not_make_a_good_one_wait(running: Running) -> None:
    posted(running, 0)  # the first one opens the store
    held = trickle(running.port, running.path, SLOW, time.monotonic() + 60)
    waits = [posted(running, n) for n in range(1, 9)]
    for one in held:
        one.close()
    assert max(waits) < 1, waits


def test_what_was_acknowledged_is_there_after_every_kill(running: Running) -> None:
    until = time.monotonic() + SECONDS
    senders = [Sender(running.port, running.path, until, n) for n in range(4)]
    for sender in senders:
        sender.start()
    for _ in range(KILLS):
        time.sleep(SECONDS / (KILLS + 2))  # let some be acknowledged: the kill is what is tested
        running.server.kill()
    for sender in senders:
        sender.join()
    acknowledged = [receipt for sender in senders for receipt in sender.receipts]
    assert len(acknowledged) > KILLS
    assert missing(running.home, acknowledged) == 0
