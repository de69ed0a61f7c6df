"""Storing what webhooks bring: many requests at once, in one durable transaction.

A thread of its own writes. It takes whatever waits, stores all of it together and then tells
each request that it is safe: a thousand requests a second cost a few dozen flushes of the disk
instead of a thousand. A request is acknowledged only after that.
"""

from __future__ import annotations

import logging
import os
import queue
import threading
from collections.abc import Callable

import msgspec
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from collectors.webhooks.gathering import Gathering
from collectors.webhooks.parcel import Parcel, Stored
from collectors.webhooks.telling import tell
from tracer.errors import StoreUnavailable, WebhookRejected
from tracer.model import Progress
from tracer.store import receipts, sources
from tracer.store.engine import one_writer
from tracer.store.receipts import Refusal

log = logging.getLogger(__name__)

MOST_WAITING = 2_000
PATIENCE_S = 8.0
"""A request that is not stored by then is told to come again: senders wait ten seconds."""
_STOP = object()
Done = Callable[[Stored | Exception], object]
"""Told what became of a request, in the thread that stores; it must not wait for anything."""
_Waiting = tuple[Parcel, Done]


class Intake:
    """The door to the store for webhooks; `open_store` opens a durable engine."""

    def __init__(self, open_store: Callable[[], Engine]) -> None:
        self._open_store = open_store
        self._lock = threading.Lock()
        self._process = 0
        self._queue: queue.SimpleQueue[object] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def store(self, parcel: Parcel) -> Stored:
        """Store a proven request; returns when it is safe.

        Raises StoreUnavailable when it is not: the sender shall come again. Raises
        WebhookRejected when its nonce came before with another body.
        """
        told: queue.SimpleQueue[Stored | Exception] = queue.SimpleQueue()
        self.hand_in(parcel, told.put)
        try:
            outcome = told.get(timeout=PATIENCE_S)
        except queue.Empty as error:
            raise StoreUnavailable("the store is slow; try again in a moment") from error
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def hand_in(self, parcel: Parcel, done: Done) -> None:
        """Have a proven request stored; `done` is told once, with what `store` returns or raises.

        Raises StoreUnavailable when too many wait.
        """
        self._put((parcel, done))

    def note(self, refusal: Refusal) -> None:
        """Note an attempt that was turned away; dropped when there is too much to do."""
        try:
            self._put(refusal)
        except StoreUnavailable:
            log.warning("source %s: refusals come faster than they can be noted", refusal.source)

    def stop(self) -> None:
        """Store what waits and end the thread."""
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is not None and self._process == os.getpid():
            self._queue.put(_STOP)
            thread.join()

    def _put(self, item: object) -> None:
        self._start()
        if self._queue.qsize() >= MOST_WAITING:
            raise StoreUnavailable("too many requests wait to be stored")
        self._queue.put(item)

    def _start(self) -> None:
        """Start the thread in this process: one started before a fork did not come along."""
        if self._thread is not None and self._process == os.getpid():
            return
        with self._lock:
            if self._thread is None or self._process != os.getpid():
                self._process = os.getpid()
                self._queue = queue.SimpleQueue()
                self._thread = threading.Thread(target=self._run, name="intake", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        gathering, engine = Gathering(self._queue), self._open_store()
        try:
            while True:
                together = gathering.take()
                is_last = _STOP in together
                parcels = [item for item in together if isinstance(item, tuple)]
                turned_away = [item for item in together if isinstance(item, Refusal)]
                _write(engine, parcels, turned_away, gathering)
                if is_last:
                    return
        finally:
            engine.dispose()


def _write(
    engine: Engine,
    parcels: list[_Waiting],
    turned_away: list[Refusal],
    gathering: Gathering,
) -> None:
    """Store a group; where that fails, each alone, so that one cannot harm the others."""
    try:
        told = store_together(engine, [parcel for parcel, _ in parcels], turned_away)
    except Exception as error:
        if len(parcels) == 1 or _is_away(engine, error):
            _fail(engine, parcels, error, gathering)
            return
        for one in parcels:
            _write(engine, [one], [], gathering)
        return
    gathering.stored(len(parcels))
    for (_, done), outcome in zip(parcels, told, strict=True):
        _tell(done, outcome)


def _tell(done: Done, outcome: Stored | Exception) -> None:
    """What one does with its answer must not keep the others from theirs."""
    try:
        done(outcome)
    except Exception:
        log.exception("a webhook that was stored could not be answered")


def _fail(engine: Engine, parcels: list[_Waiting], error: Exception, gathering: Gathering) -> None:
    """Nothing was stored: say so. A request that cannot be folded is kept as a dead letter."""
    is_away = _is_away(engine, error)
    log.warning("webhooks were not stored: %s", error, exc_info=None if is_away else error)
    for parcel, done in parcels:
        if not is_away and parcel.told:
            kept = parcel.unfolded(f"{type(error).__name__}: {error}")
            _write(engine, [(kept, done)], [], gathering)
        else:
            _tell(done, StoreUnavailable("the store cannot take it now"))


def _is_away(engine: Engine, error: Exception) -> bool:
    """Whether the store itself fails, and not what is stored."""
    driver = engine.dialect.loaded_dbapi
    cause = error.orig if isinstance(error, DBAPIError) else error
    away = driver.OperationalError, driver.InterfaceError, driver.ProgrammingError
    return isinstance(cause, (StoreUnavailable, *away))


def store_together(
    engine: Engine, parcels: list[Parcel], turned_away: list[Refusal]
) -> list[Stored | WebhookRejected]:
    """Store requests and refusals in ONE transaction; what became of each request, in order."""
    with engine.begin() as conn:
        one_writer(conn)
        keys = {(one.receipt.source, one.receipt.nonce) for one in parcels}
        came = receipts.known_nonces(conn, keys)
        results: list[Stored | WebhookRejected] = []
        fresh: list[Parcel] = []
        again: dict[str, int] = {}
        for one in parcels:
            known = came.get((one.receipt.source, one.receipt.nonce))
            if known is None:
                came[one.receipt.source, one.receipt.nonce] = (one.receipt.id, one.receipt.sha256)
                fresh.append(one)
                results.append(Stored(one.receipt.id))
            elif known[1] != one.receipt.sha256:
                results.append(WebhookRejected("its token came before, with another body"))
            else:
                again[known[0]] = again.get(known[0], 0) + 1
                results.append(Stored(known[0], is_known=True))
        _store_fresh(conn, fresh)
        for receipt_id, times in again.items():
            receipts.came_again(conn, receipt_id, times)
        if turned_away:
            receipts.refuse(conn, turned_away)
        return results


def _store_fresh(conn: Connection, fresh: list[Parcel]) -> None:
    if not fresh:
        return
    noted = tell(conn, [(one.receipt, one.told, 0) for one in fresh])
    counted = [
        msgspec.structs.replace(
            one.receipt, events=len(one.told), known=noted.known[one.receipt.id]
        )
        for one in fresh
    ]
    bodies = [(receipt, one.packed) for receipt, one in zip(counted, fresh, strict=True)]
    dead = [letter for one in fresh for letter in one.dead]
    receipts.save(conn, bodies, noted.events, dead, noted.facts)
    for source, key in {(one.receipt.source, one.receipt.key) for one in fresh}:
        receipts.used_key(conn, source, key, fresh[-1].receipt.received_us)
    _note_progress(conn, fresh)


def _note_progress(conn: Connection, fresh: list[Parcel]) -> None:
    progress: dict[str, Progress] = {}
    for one in fresh:
        receipt = one.receipt
        found = progress.setdefault(
            receipt.source, Progress(receipt.source, "webhook", receipt.provider)
        )
        found.lines += 1
        found.events += len(one.told)
        found.unparsed += len(one.dead)
        found.read_at_us = receipt.received_us
    for found in progress.values():
        sources.count(conn, found)
