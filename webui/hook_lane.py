"""A lane of their own for webhooks that come as plain requests.

A thread, gunicorn's parser and WSGI together cost more than proving and storing a request. Here
the loop that watches all connections reads a request itself, proves it, hands it to the intake
and goes on; the intake's thread sends the answer when the group is safe. What is not plain, or
may have to wait for another host to be proven, takes the usual way through gunicorn.

Everything happens in the loop's thread, except `_stored`.
"""

from __future__ import annotations

import logging
import socket
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from selectors import EVENT_READ
from typing import Any, Protocol

from collectors.webhooks.intake import PATIENCE_S
from collectors.webhooks.parcel import Stored
from tracer.errors import StoreUnavailable
from webui.hook_answers import Answer
from webui.hook_receiving import Incoming, Ready, place_of, receive, settled
from webui.hook_sources import Hooks
from webui.plain_requests import PlainPost, plain_post
from webui.same_origin import HOOKS as PREFIX

log = logging.getLogger(__name__)

SWEEP_S = 1.0
_BEGINNING = f"POST {PREFIX}".encode()
_SLOW = "the store is slow; try again in a moment"
_NOW, _PEEK = int(socket.MSG_DONTWAIT), int(socket.MSG_PEEK | socket.MSG_DONTWAIT)  # no Enum


class Loop(Protocol):
    """What the lane needs of the loop that it is a part of."""

    poller: Any
    alive: bool

    def enqueue_req(self, conn: Any) -> None:
        """Look at a connection anew."""

    def in_loop(self, call: Callable[..., object], *args: object) -> None:
        """Have the loop's thread make this call."""

    def drop(self, conn: Any, *, graceful: bool = False) -> None:
        """Close a connection for good."""


@dataclass(eq=False, slots=True)
class _Line:
    """A connection in the lane; `ticket` of the request that waits to be stored, 0 for none."""

    conn: Any
    since: float
    ticket: int = 0
    is_last: bool = False
    is_watched: bool = True
    has_more: bool = False  # something came while a request waited


@dataclass(slots=True)
class Lane:
    """The connections that bring plain webhooks, and the requests among them that wait."""

    hooks: Hooks
    loop: Loop
    keepalive_s: float
    _lines: dict[Any, _Line] = field(default_factory=dict)
    _waiting: dict[int, tuple[_Line, Ready]] = field(default_factory=dict)
    _deadlines: deque[tuple[float, int]] = field(default_factory=deque)
    _tickets: count[int] = field(default_factory=lambda: count(1))
    _next_sweep: float = 0.0

    def take(self, conn: Any, came: bytes) -> bool:
        """Take a request that lies in the kernel's buffer; False if it must go the usual way.

        A connection that is taken stays here until something else than a plain webhook comes.
        """
        if not came.startswith(_BEGINNING):
            return False
        post = plain_post(came)
        if post is None:
            return False
        source = self.hooks.source_at_hand(place_of(post.path)[0])
        if source is None or source.webhook.may_wait or not _consumed(conn.sock, len(came)):
            return False
        line = self._lines.get(conn)
        if line is None:
            line = self._lines[conn] = _Line(conn, time.monotonic())
            conn.sock.setblocking(False)
            self.loop.poller.register(conn.sock, EVENT_READ, partial(self._readable, line))
        self._receive(line, post)
        return True

    def _receive(self, line: _Line, post: PlainPost) -> None:
        line.is_last = post.is_last or not self.loop.alive
        incoming = Incoming(
            "POST", post.path, post.query, post.headers, _remote(line.conn.client), len(post.body),
            lambda _most: post.body,
        )  # fmt: skip
        got = receive(self.hooks, incoming)
        if isinstance(got, Answer):
            self._send(line, got)
            return
        ticket = line.ticket = next(self._tickets)
        self._waiting[ticket] = (line, got)
        self._deadlines.append((time.monotonic() + PATIENCE_S, ticket))
        try:
            self.hooks.intake.hand_in(got.parcel, partial(self._stored, ticket))
        except StoreUnavailable as error:
            self._stored(ticket, error)

    def _stored(self, ticket: int, outcome: Stored | Exception) -> None:
        """Answer the request, once: the intake and the end of patience may both come here."""
        found = self._waiting.pop(ticket, None)
        if found is None:
            return
        line, ready = found
        self._send(line, settled(self.hooks, ready, outcome))

    def _send(self, line: _Line, answer: Answer) -> None:
        octets = answer.octets(is_last=line.is_last)
        line.since = time.monotonic()
        line.ticket = 0  # before it is sent: the next request may come at once
        try:
            is_sent = line.conn.sock.send(octets) == len(octets)
        except OSError:
            is_sent = False
        if not is_sent or line.is_last:
            self.loop.in_loop(self._end, line, is_sent)
        elif line.has_more:
            self.loop.in_loop(self._go_on, line)

    def _readable(self, line: _Line, _sock: socket.socket) -> None:
        if line.ticket or line.is_last:
            self._unwatch(line)
            line.has_more = True
            if not line.ticket and not line.is_last:  # it was answered just now
                self._go_on(line)
            return
        came = peeked(line.conn.sock)
        if came is None:
            self._end(line, False)
        elif came and not self.take(line.conn, came):
            self._leave(line)
            self.loop.enqueue_req(line.conn)

    def _go_on(self, line: _Line) -> None:
        if self._lines.get(line.conn) is line:
            self._leave(line)
            self.loop.enqueue_req(line.conn)

    def _leave(self, line: _Line) -> None:
        self._unwatch(line)
        self._lines.pop(line.conn, None)

    def _unwatch(self, line: _Line) -> None:
        if line.is_watched:
            line.is_watched = False
            self.loop.poller.unregister(line.conn.sock)

    def _end(self, line: _Line, is_sent: bool) -> None:
        if self._lines.get(line.conn) is line:
            self._leave(line)
            self.loop.drop(line.conn, graceful=is_sent)

    def look(self) -> None:
        """Answer those that waited too long, close connections that nothing comes over."""
        now = time.monotonic()
        while self._deadlines and (
            self._deadlines[0][0] < now or self._deadlines[0][1] not in self._waiting
        ):
            _, ticket = self._deadlines.popleft()
            self._stored(ticket, StoreUnavailable(_SLOW))
        if now < self._next_sweep:
            return
        self._next_sweep = now + SWEEP_S
        for line in list(self._lines.values()):
            if not line.ticket and now - line.since > self.keepalive_s:
                self._end(line, True)


def peeked(client: socket.socket, most: int = 48 * 1024) -> bytes | None:
    """What has come and was not read; None when the other side is gone or nothing can be told."""
    try:
        came = client.recv(most, _PEEK)
    except BlockingIOError:
        return b""
    except OSError:
        return None
    return came or None


def _remote(client: object) -> str:
    """The address of the other side; "" over a Unix socket."""
    return str(client[0]) if isinstance(client, tuple) else ""


def _consumed(client: socket.socket, octets: int) -> bool:
    """Take what was looked at out of the kernel's buffer; False when the connection is gone."""
    try:
        return len(client.recv(octets, _NOW)) == octets
    except OSError:
        return False
