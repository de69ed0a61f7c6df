"""Plain webhooks are answered without a thread each; whatever is not plain goes the usual way."""

from __future__ import annotations

import json
import queue
import select
import selectors
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine

from collectors.webhooks.intake import Done
from collectors.webhooks.parcel import Parcel, Stored
from tests.unit.webhook_corpus import cases
from tests.unit.webhook_signing import NOW_US, SIGNERS
from tests.web.hooks.posting import BASIC, EVENT, TOKEN
from tracer.errors import StoreUnavailable
from tracer.store import receipts
from tracer.store.driver import fetch
from webui import hook_lane
from webui.hook_lane import Lane, peeked
from webui.hooks import HOOKS

WAIT_S = 10
PATH = f"/hooks/brevo/{TOKEN}"


class Connection:
    """One connection of the server's, and its other end."""

    def __init__(self) -> None:
        self.sock, self.far = socket.socketpair()
        self.client = ("192.0.2.7", 40_000)
        self.far.settimeout(WAIT_S)
        self._came = b""

    def answer(self) -> tuple[int, dict[str, str], bytes]:
        """(status, headers, body) of the next answer."""
        while b"\r\n\r\n" not in self._came:
            self._more()
        head, _, rest = self._came.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (s.partition(": ") for s in lines)}
        self._came = rest
        while len(self._came) < int(headers["content-length"]):
            self._more()
        length = int(headers["content-length"])
        body, self._came = self._came[:length], self._came[length:]
        return int(first.split()[1]), headers, body

    def is_silent(self) -> bool:
        """Whether nothing was answered that was not looked at."""
        return not self._came and not select.select([self.far], [], [], 0)[0]

    def _more(self) -> None:
        came = self.far.recv(65_536)
        assert came, "the connection was closed"
        self._came += came


class FakeLoop:
    """The loop around the lane: what it was given back and what it dropped."""

    def __init__(self) -> None:
        self.poller = selectors.DefaultSelector()
        self.alive = True
        self.given_back: list[Any] = []
        self.dropped: list[Any] = []
        self._calls: queue.SimpleQueue[Callable[[], object]] = queue.SimpleQueue()

    def enqueue_req(self, conn: Any) -> None:
        self.given_back.append(conn)

    def in_loop(self, call: Callable[..., object], *args: object) -> None:
        self._calls.put(lambda: call(*args))

    def drop(self, conn: Any, *, graceful: bool = False) -> None:
        self.dropped.append(conn)
        conn.sock.close()

    def turn(self) -> None:
        """What there is to do now, without waiting."""
        for key, _ in self.poller.select(0):
            key.data(key.fileobj)
        while not self._calls.empty():
            self._calls.get()()

    def turn_until(self, is_so: Callable[[], object]) -> None:
        for key, _ in self.poller.select(0):
            key.data(key.fileobj)
        while not is_so():
            self._calls.get(timeout=WAIT_S)()


class HeldIntake:
    """An intake that stores nothing until it is told to."""

    def __init__(self) -> None:
        self.held: list[tuple[Parcel, Done]] = []

    def hand_in(self, parcel: Parcel, done: Done) -> None:
        self.held.append((parcel, done))

    def note(self, _refusal: object) -> None:
        pass

    def stop(self) -> None:
        pass

    def let_go(self) -> str:
        parcel, done = self.held.pop(0)
        done(Stored(parcel.receipt.id))
        return parcel.receipt.id


@pytest.fixture
def loop() -> Iterator[FakeLoop]:
    made = FakeLoop()
    yield made
    made.poller.close()


@pytest.fixture
def lane(app: Flask, loop: FakeLoop) -> Lane:
    return Lane(app.extensions[HOOKS], loop, keepalive_s=2)


@pytest.fixture
def conn() -> Iterator[Connection]:
    made = Connection()
    yield made
    made.sock.close()
    made.far.close()


@pytest.fixture
def held(app: Flask, lane: Lane) -> HeldIntake:
    app.extensions[HOOKS].intake.stop()
    lane.hooks.intake = made = HeldIntake()  # type: ignore[assignment]
    return made


def raw(body: bytes, *more: str, path: str = PATH, headers: dict[str, str] = BASIC) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: x", f"Content-Length: {len(body)}", *more]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join((*lines, "", "")).encode() + body


def event(n: int = 0) -> bytes:
    return json.dumps(EVENT | {"email": f"bob{n}@fabrikam.example"}).encode()


def sent(lane: Lane, conn: Connection, request: bytes) -> bool:
    """Whether the lane took the request."""
    conn.far.sendall(request)
    return lane.take(conn, peeked(conn.sock) or b"")


def stored(store: Engine) -> set[str]:
    with store.connect() as conn:
        return {id for (id,) in fetch(conn, "SELECT id FROM receipts", ())}


def test_plain_posts_are_stored_and_acknowledged_one_after_the_other(
    lane: Lane, loop: FakeLoop, conn: Connection, store: Engine
) -> None:
    assert sent(lane, conn, raw(event(0)))
    told = [conn.answer()]
    for n in (1, 2):
        conn.far.sendall(raw(event(n)))
        loop.turn()
        told.append(conn.answer())
    assert [status for status, _, _ in told] == [200, 200, 200]
    assert {json.loads(body)["receipt"] for _, _, body in told} == stored(store)
    assert all(headers["connection"] == "keep-alive" for _, headers, _ in told)
    assert not loop.dropped and not loop.given_back


@pytest.mark.parametrize("name", [name for name in SIGNERS if name != "ses"])
def test_every_provider_is_understood_as_through_the_server(
    lane: Lane, conn: Connection, client: FlaskClient, tmp_path: Path, name: str
) -> None:
    case = cases(name)[0]
    signed = SIGNERS[name](case.body, folder=tmp_path / "certificates", **case.more)
    headers = {n: v for n, v in signed.request.headers.items() if n.lower() != "content-length"}
    path = f"/hooks/{name}/{TOKEN}"
    assert sent(lane, conn, raw(signed.request.body, path=path, headers=headers))
    status, _, body = conn.answer()
    assert status == 200, body
    again = client.post(path, data=signed.request.body, headers=signed.request.headers)
    assert again.json == json.loads(body) | {"duplicate": True}


@pytest.mark.parametrize(
    "request_",
    [
        raw(event(), path=f"/hooks/nobody/{TOKEN}"),
        raw(event(), path=f"/hooks/ses/{TOKEN}"),  # its certificate may have to be fetched
        raw(event(), path="/sources/brevo/dead-letters/replay"),
        raw(event(), "Transfer-Encoding: chunked"),
        raw(event()).replace(b"POST", b"PUT"),
        raw(event())[:-1],
    ],
)
def test_what_is_not_plain_is_left_to_the_server_untouched(
    lane: Lane, loop: FakeLoop, conn: Connection, request_: bytes
) -> None:
    assert not sent(lane, conn, request_)
    assert peeked(conn.sock) == request_ and not loop.poller.get_map()


def test_a_connection_that_brings_something_else_goes_back_to_the_server(
    lane: Lane, loop: FakeLoop, conn: Connection
) -> None:
    assert sent(lane, conn, raw(event()))
    assert conn.answer()[0] == 200
    page = b"GET /sources HTTP/1.1\r\nHost: x\r\n\r\n"
    conn.far.sendall(page)
    loop.turn()
    assert loop.given_back == [conn] and peeked(conn.sock) == page
    assert not loop.poller.get_map()


def test_refusals_say_why_and_are_kept(
    app: Flask, lane: Lane, conn: Connection, store: Engine
) -> None:
    assert sent(lane, conn, raw(event(), headers={}))
    status, headers, body = conn.answer()
    assert status == 401 and headers["www-authenticate"].startswith("Basic ")
    assert json.loads(body) == {"error": "the Authorization header is missing"}
    assert sent(lane, conn, raw(event(), path=PATH + "x"))
    assert conn.answer()[0] == 404
    app.extensions[HOOKS].intake.stop()
    with store.connect() as reading:
        (noted,) = receipts.last_refusals(reading, "brevo")
    assert (noted.status, noted.remote, noted.at_us) == (401, "192.0.2.7", NOW_US)
    assert stored(store) == set()


def test_nothing_is_acknowledged_before_it_is_stored(
    lane: Lane, conn: Connection, held: HeldIntake
) -> None:
    assert sent(lane, conn, raw(event()))
    assert conn.is_silent()
    receipt = held.let_go()
    assert json.loads(conn.answer()[2]) == {"receipt": receipt}


def test_a_request_sent_before_the_answer_is_looked_at_after_it(
    lane: Lane, loop: FakeLoop, conn: Connection, held: HeldIntake
) -> None:
    assert sent(lane, conn, raw(event(0)))
    conn.far.sendall(raw(event(1)))
    for _ in range(3):
        loop.turn()
    assert len(held.held) == 1 and not loop.given_back
    held.let_go()
    loop.turn()
    assert loop.given_back == [conn] and peeked(conn.sock) == raw(event(1))
    assert lane.take(conn, raw(event(1)))
    held.let_go()
    assert [conn.answer()[0] for _ in range(2)] == [200, 200]


def test_a_connection_is_closed_when_its_sender_wants_it(
    lane: Lane, loop: FakeLoop, conn: Connection
) -> None:
    assert sent(lane, conn, raw(event(), "Connection: close"))
    status, headers, _ = conn.answer()
    assert (status, headers["connection"]) == (200, "close")
    loop.turn_until(lambda: loop.dropped)
    assert loop.dropped == [conn]


def test_a_server_that_ends_says_so_with_its_last_answer(
    lane: Lane, loop: FakeLoop, conn: Connection
) -> None:
    loop.alive = False
    assert sent(lane, conn, raw(event()))
    assert conn.answer()[1]["connection"] == "close"


def test_a_sender_that_waits_too_long_hears_it_once(
    lane: Lane, conn: Connection, held: HeldIntake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hook_lane, "PATIENCE_S", -1)
    assert sent(lane, conn, raw(event()))
    lane.look()
    status, headers, _ = conn.answer()
    assert status == 429 and headers["retry-after"]
    held.let_go()
    assert conn.is_silent()


def test_too_many_at_a_time_come_again(
    lane: Lane, conn: Connection, held: HeldIntake, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_parcel: Parcel, _done: Done) -> None:
        raise StoreUnavailable("too many requests wait to be stored")

    monkeypatch.setattr(held, "hand_in", full)
    assert sent(lane, conn, raw(event()))
    assert conn.answer()[0] == 429


def test_a_sender_that_goes_away_costs_nobody_else_anything(
    lane: Lane, loop: FakeLoop, conn: Connection, held: HeldIntake
) -> None:
    other = Connection()
    for one in (conn, other):
        assert sent(lane, one, raw(event()))
    conn.far.close()
    loop.turn()
    held.let_go()
    held.let_go()
    loop.turn()
    assert other.answer()[0] == 200
    assert conn in loop.given_back + loop.dropped and other not in loop.dropped
    other.sock.close()
    other.far.close()


def test_a_connection_that_brings_nothing_more_is_closed(
    app: Flask, loop: FakeLoop, conn: Connection
) -> None:
    lane = Lane(app.extensions[HOOKS], loop, keepalive_s=-1)
    assert sent(lane, conn, raw(event()))
    assert conn.answer()[0] == 200
    lane.look()
    assert loop.dropped == [conn] and not loop.poller.get_map()
