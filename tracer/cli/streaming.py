"""Answering NDJSON questions many at once, the answers in the order of the questions."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from queue import Queue
from typing import Any

from tracer.diagnostics.lookup import Lookup

_AT_ONCE = 24  # nearly all of the time is spent waiting for name servers
_AHEAD = 256  # questions read before the first of them is answered
_FRESH_S = 60.0

Answering = Callable[[dict[str, Any]], dict[str, Any]]


class BadLine(Exception):
    """A line that is not what the command reads; the message says what it should be."""


def answers(lines: Iterable[bytes], answering: Answering) -> Iterator[dict[str, Any]]:
    """One object a line, with the line's `id`; a bad line gives `{id, error}`.

    An answer comes as soon as it and those before it are there, so that a program that
    writes a question and waits for the answer gets it.
    """
    waiting: Queue[Future[dict[str, Any]] | None] = Queue(_AHEAD)
    pool = ThreadPoolExecutor(_AT_ONCE)
    stopped = threading.Event()

    def read() -> None:
        try:
            for number, line in enumerate(lines, 1):
                if stopped.is_set():
                    break
                if line.strip():
                    waiting.put(pool.submit(_answer, number, line, answering))
        finally:
            waiting.put(None)

    threading.Thread(target=read, daemon=True).start()
    try:
        while (answer := waiting.get()) is not None:
            yield answer.result()
    finally:
        stopped.set()
        pool.shutdown(wait=False, cancel_futures=True)


def _answer(number: int, line: bytes, answering: Answering) -> dict[str, Any]:
    asked: Any = None
    try:
        try:
            asked = json.loads(line)
        except ValueError as error:
            raise BadLine(f"line {number} is not JSON") from error
        if not isinstance(asked, dict):
            raise BadLine(f"line {number} is not a JSON object")
        return {"id": asked.get("id", "")} | answering(asked)
    except BadLine as error:
        known = asked.get("id", "") if isinstance(asked, dict) else ""
        return {"id": known, "error": str(error)}


def text_of(asked: dict[str, Any], name: str) -> str:
    """A text of a question, "" if it is absent. Raises BadLine."""
    value = asked.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadLine(f"“{name}” must be a text")
    return value


class FreshLookup:
    """A Lookup for many questions, which heeds TTLs; replaced each minute, so that it does
    not grow without end."""

    def __init__(self, nameservers: Sequence[str]) -> None:
        self._nameservers = nameservers
        self._lock = threading.Lock()
        self._made_s = 0.0
        self._lookup = self._made()

    def _made(self) -> Lookup:
        self._made_s = time.monotonic()
        return Lookup(self._nameservers, budget_queries=None, budget_s=None, heeds_ttl=True)

    def __call__(self) -> Lookup:
        with self._lock:
            if time.monotonic() - self._made_s > _FRESH_S:
                self._lookup = self._made()
            return self._lookup
