"""The process that reads logs, as its caller holds it.

Parsing and writing share two cores: the caller writes. It starts the process before it knows
what there is to read, so that both import what they need at a time. Hence this module imports
next to nothing.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import sys

from collectors.compiled import compiled

WORTH_A_PROCESS = 1_000_000
"""Octets from which starting another process pays."""
PIPE_OCTETS = 1 << 20
# Importing makes much and drops little: looking for cycles meanwhile takes a twentieth of it.
_CODE = (
    "import gc, sys; gc.disable(); "
    "from collectors.reading_process import main; main(*map(int, sys.argv[1:]))"
)
# glibc: blocks so large (octets) go back to the system once they are free, as at the start.
_GIVEN_BACK = {"MALLOC_MMAP_THRESHOLD_": "262144"}
_HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class Reader:
    """A process that waits for its plan (collectors.plan), then sends frames.

    It gets the plan through a pipe (a folder of logs would be too long for an argument) and
    writes MessagePack of Step to another one, the length before each. It loads neither the
    store nor the command line, hence stays small. Leaving the context ends it.
    """

    def __init__(self) -> None:
        self._pid = 0
        self._ends: list[int] = []  # the pipe of the plan and that of the frames

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        for end in self._ends:
            os.close(end)
        self._ends.clear()

    def start(self) -> None:
        """Start the process, unless it runs."""
        if self._pid:
            return
        (planned, planning), (receiving, sending) = os.pipe(), os.pipe()
        self._ends = [planning, receiving]
        _widen(sending)
        command = [sys.executable, "-S", "-P", "-c", _CODE, str(planned), str(sending)]
        for end in planned, sending:
            os.set_inheritable(end, True)
        try:
            # A group of its own: Ctrl+C while it is still importing would end it with a traceback.
            self._pid = os.posix_spawn(sys.executable, command, _environment(), setpgroup=0)
        finally:
            os.close(planned)
            os.close(sending)

    def send(self, plan: bytes) -> int:
        """Start the process if need be and tell it what to read; the pipe of its frames."""
        self.start()
        planning = self._ends.pop(0)
        with os.fdopen(planning, "wb") as pipe, contextlib.suppress(BrokenPipeError):
            pipe.write(plan)  # if it has died, `wait` tells
        return self._ends.pop()

    def wait(self) -> int:
        """Wait for its end; the exit code, negative for a signal."""
        if not self._pid:
            return 0
        _, status = os.waitpid(self._pid, 0)
        self._pid = 0
        return os.waitstatus_to_exitcode(status)

    def stop(self) -> None:
        """End the process if it still runs."""
        if self._pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGTERM)
            self.wait()


def pays(octets: int) -> bool:
    """Whether to read so much in a process of its own."""
    return octets >= WORTH_A_PROCESS and (os.cpu_count() or 1) > 1


def _environment() -> dict[str, str]:
    """The caller's, so that the process finds the same packages wherever it is started, though
    it looks for no `site` (-S): ours may be found by an import hook that only `site` sets up."""
    faster = compiled(_HERE)
    folders = [faster] if faster else []
    folders += [entry or os.getcwd() for entry in sys.path]
    return {**_GIVEN_BACK, **os.environ, "PYTHONPATH": os.pathsep.join([*folders, _HERE])}


def _widen(pipe: int) -> None:
    """A pipe of 64 KiB would wake the fetching thread fifty times a frame, and each time it
    waits for the interpreter's lock."""
    if hasattr(fcntl, "F_SETPIPE_SZ"):  # Linux
        with contextlib.suppress(OSError):  # above the machine's limit
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_OCTETS)
