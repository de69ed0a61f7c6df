"""A worker whose threads never wait for a slow sender.

gunicorn gives a connection to one of its threads as soon as an octet has come; a few hundred
connections that send an octet a second then hold every thread, and nobody else is answered.
Here a request is looked at in the kernel's buffer (MSG_PEEK) until its head and body are there,
or as much of it as that buffer surely holds; only then does a thread get it, or the lane of
webhooks (webui/hook_lane.py), which needs none.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from selectors import EVENT_READ
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

from webui.hook_lane import Lane, peeked
from webui.hooks import HOOKS

HEAD_S, WHOLE_S = 10.0, 20.0
"""A connection is closed when its request's head, or the whole, takes longer."""
PEEKED_OCTETS = 48 * 1024
LONGEST_HEAD = 16 * 1024
FIRST_LOOK_S, LONGEST_PAUSE_S = 0.02, 0.5
_LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:[^\r\n]*chunked", re.IGNORECASE)


def has_head(came: bytes) -> bool:
    """Whether the head of a request is there, or is longer than any should be."""
    return b"\r\n\r\n" in came or len(came) >= LONGEST_HEAD


def is_whole(came: bytes) -> bool:
    """Whether these first octets of a connection hold a request that can be worked on."""
    head, end, body = came.partition(b"\r\n\r\n")
    if not end:
        return len(came) >= LONGEST_HEAD
    if len(came) >= PEEKED_OCTETS:
        return True
    if _CHUNKED.search(head):
        return body.endswith(b"0\r\n\r\n")
    length = _LENGTH.search(head)
    return length is None or len(body) >= int(length[1][:12])


@dataclass
class _Slow:
    """A connection whose request is not whole yet."""

    conn: Any
    since: float
    look_at: float
    pause_s: float = FIRST_LOOK_S


class PatientWorker(ThreadWorker):  # type: ignore[misc]
    """gunicorn's worker of threads, with slow requests held back."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._slow: list[_Slow] = []
        self._silent: list[tuple[float, Any]] = []
        self._lane: Lane | None = None

    def load_wsgi(self) -> None:
        """Load the application, and open the lane if it takes webhooks."""
        super().load_wsgi()
        hooks = getattr(self.wsgi, "extensions", {}).get(HOOKS)
        if hooks is not None:
            self._lane = Lane(hooks, self, self.cfg.keepalive)

    def enqueue_req(self, conn: Any) -> None:
        """Give a connection to the lane or a thread, or wait for the rest of its request."""
        if _is_read_ahead(conn):
            super().enqueue_req(conn)
            return
        came = peeked(conn.sock)
        if came is None or is_whole(came):
            self._begin(conn, came)
        elif came:
            now = time.monotonic()
            self._slow.append(_Slow(conn, now, now + FIRST_LOOK_S))
        else:
            self._wait_for_first(conn)

    def _begin(self, conn: Any, came: bytes | None) -> None:
        if not (came and self._lane and self._lane.take(conn, came)):
            super().enqueue_req(conn)

    def in_loop(self, call: Callable[..., object], *args: object) -> None:
        """Have the loop's thread make this call."""
        self.method_queue.defer(call, *args)

    def drop(self, conn: Any, *, graceful: bool = False) -> None:
        """Close a connection for good."""
        self.nr_conns -= 1
        conn.close(graceful=graceful)

    def _wait_for_first(self, conn: Any) -> None:
        """Not an octet yet: the poller tells when there is."""
        deadline = time.monotonic() + HEAD_S

        def readable(client: Any) -> None:
            self.poller.unregister(client)
            self._silent.remove(entry)
            self.enqueue_req(conn)

        entry = (deadline, conn)
        self._silent.append(entry)
        self.poller.register(conn.sock, EVENT_READ, readable)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Wait for what comes, but not beyond the time to look at slow connections again."""
        now = time.monotonic()
        if self._slow:
            next_look = min(slow.look_at for slow in self._slow)
            timeout = min(timeout, max(next_look - now, 0.0))
        super().wait_for_and_dispatch_events(timeout)
        self._look_again()
        if self._lane:
            self._lane.look()

    def _look_again(self) -> None:
        now = time.monotonic()
        waiting, self._slow = self._slow, []
        for slow in waiting:
            if slow.look_at > now:
                self._slow.append(slow)
                continue
            came = peeked(slow.conn.sock)
            if came is None or is_whole(came):
                self._begin(slow.conn, came)
            elif now - slow.since > (WHOLE_S if has_head(came) else HEAD_S):
                self.drop(slow.conn)
            else:
                slow.pause_s = min(slow.pause_s * 2, LONGEST_PAUSE_S)
                slow.look_at = now + slow.pause_s
                self._slow.append(slow)
        for entry in [entry for entry in self._silent if entry[0] < now]:
            self._silent.remove(entry)
            self.poller.unregister(entry[1].sock)
            self.drop(entry[1])


def _is_read_ahead(conn: Any) -> bool:
    """Whether gunicorn has read the beginning of the next request already."""
    return conn.is_http2 or bool(conn.parser and conn.parser.unreader.buf.getvalue())
