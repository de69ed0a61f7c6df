"""Huey: carries ids of jobs from the pages to the threads that run them.

Nothing here runs by itself: `start` starts threads in the process that serves, `stop` ends
them. The queue is a file beside the store; its messages are signed with the home's key,
for Huey unpickles what it finds there.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

from tracer import secret_files
from tracer.jobs import telling
from tracer.jobs.desk import Desk
from tracer.jobs.owner import is_gone
from tracer.jobs.work import work
from tracer.model import SECOND_US
from tracer.notify.notice import NotTold
from tracer.store import jobs

log = logging.getLogger(__name__)

FILE = "jobs.db"
TRIES, BETWEEN_TRIES_S = 5, 60
STOP_S = 20.0
NIGHT = 3, 17  # UTC
IN_HAND_US, FORGOTTEN_US = 120 * SECOND_US, 86_400 * SECOND_US


def _is_news(record: logging.LogRecord) -> bool:
    """A notice that failed has been told in our own words, which name the export and the reason."""
    return "CancelExecution" not in record.getMessage()


class HueyCarrier:
    """A queue in the home of a desk, and the threads of this process that work it off.

    Making one opens nothing, so that it may be handed on to a forked process.
    """

    def __init__(self, desk: Desk, nightly: Callable[[], object] | None = None) -> None:
        """`nightly`: what is done at the start and every night besides."""
        self._desk = desk
        self._nightly = nightly
        self._stopping = threading.Event()
        self._huey: Any = None
        self._consumer: Any = None

    def put(self, id: str) -> None:
        """Bring an id to a thread that is free; before `start` the table alone knows of it."""
        if self._huey is not None:
            self._run(id)

    def _open(self) -> None:
        from huey import SqliteHuey, crontab  # only those who serve need it
        from huey.serializer import SignedSerializer

        home = self._desk.config.home
        secret = secret_files.key_of(home)
        self._huey = SqliteHuey(
            "mailtracer", filename=str(home / FILE), results=False,
            serializer=SignedSerializer(secret=secret),
        )  # fmt: skip
        logging.getLogger("huey").addFilter(_is_news)
        self._run = self._huey.task(name="run")(self._work)
        retries = {"retries": TRIES, "retry_delay": BETWEEN_TRIES_S}
        self._tell = self._huey.task(name="tell", **retries)(self._notify)
        self._huey.periodic_task(crontab(), name="tidy")(self._tidy)
        if self._nightly:
            at_night = crontab(minute=str(NIGHT[1]), hour=str(NIGHT[0]))
            self._huey.periodic_task(at_night, name="nightly")(self._nightly)

    def start(self) -> None:
        """Start the threads; what an earlier process left running or waiting comes first."""
        from huey.consumer import Consumer

        class Threads(Consumer):  # type: ignore[misc]
            def _set_signal_handlers(self) -> None:
                """The signals belong to the server that we run in."""

        self._open()
        self._take_back()
        for id in self._desk.tidy():  # an id that is carried twice is run once
            self.put(id)
        self._consumer = Threads(
            self._huey, workers=self._desk.config.exports.at_a_time, max_delay=1.0,
            check_worker_health=False, shutdown_timeout=STOP_S,
        )  # fmt: skip
        self._consumer.start()

    def stop(self) -> None:
        """Give back what is running, and end the threads."""
        self._stopping.set()
        if self._consumer is not None:
            self._consumer.stop(graceful=True)

    def _work(self, id: str) -> None:
        job = work(self._desk, id, self._stopping)
        if job is not None and telling.is_wanted(self._desk):
            self._tell(id)

    def _notify(self, id: str) -> None:
        from huey.exceptions import CancelExecution

        try:
            telling.tell(self._desk, id)
        except NotTold:
            raise CancelExecution from None  # tried again, without a traceback in the log

    def _tidy(self) -> None:
        self._take_back()
        waiting = self._desk.tidy()
        if not self._huey.pending_count():
            for id in waiting:
                self.put(id)
            self._tell_forgotten()

    def _tell_forgotten(self) -> None:
        """Jobs that ended just before their process did, so that nobody was told."""
        if not telling.is_wanted(self._desk):
            return
        now_us = self._desk.now_us()
        with self._desk.engine.connect() as conn:
            untold = jobs.untold(conn, now_us - FORGOTTEN_US, now_us - IN_HAND_US)
        for id in untold:
            self._tell(id)

    def _take_back(self) -> None:
        now_us = self._desk.now_us()
        with self._desk.engine.begin() as conn:
            for id in jobs.take_back(conn, lambda job: is_gone(job, now_us)):
                log.warning("job %s was cut off; it runs again", id)
