"""The logs are followed in a process beside the pages, which is started again when it ends.

Beside, because reading lines keeps a processor busy, and a thread would take that time from
whoever waits for a page. The process ends when its standard input does, so also when this
one is killed.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from threading import Event, Thread

log = logging.getLogger(__name__)

FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0
STEADY_S = 60.0
"""A process that ran so long was well: the next pause is short again."""
ENDING_S = 20.0


class CollectorProcess:
    """Runs `mailtracer collect` with these options for as long as the pages are served."""

    def __init__(self, options: Sequence[str]) -> None:
        self._command = [sys.executable, "-P", "-m", "webui.cli", "collect", *options]
        self._command.append("--while-stdin")
        self._stop = Event()
        self._thread: Thread | None = None
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and watch over it."""
        self._thread = Thread(target=self._watch, name="collector", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Let it store its batch and end."""
        self._stop.set()
        child = self._child
        if child and child.stdin:
            child.stdin.close()
        if self._thread:
            self._thread.join(ENDING_S)

    def _watch(self) -> None:
        pause_s = FIRST_PAUSE_S
        while not self._stop.is_set():
            began = os.times().elapsed
            code = self._run()
            if self._stop.is_set():
                return
            if os.times().elapsed - began > STEADY_S:
                pause_s = FIRST_PAUSE_S
            log.warning("following the logs ended with %s; again in %.0f s", code, pause_s)
            self._stop.wait(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    def _run(self) -> int:
        root = str(Path(__file__).resolve().parent.parent)
        path = os.pathsep.join([root, *filter(None, sys.path)])
        # A group of its own: Ctrl+C ends the pages first, then these.
        self._child = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path},
            process_group=0,
        )
        with self._child as child:
            if self._stop.is_set() and child.stdin:
                child.stdin.close()
            return child.wait()
