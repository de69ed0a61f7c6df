"""Reading in a process of its own, so that parsing and writing share two cores.

The child gets the plan through a pipe (a folder of logs would be too long for an argument)
and writes length-prefixed MessagePack of Step to another one. It loads neither the store
nor the command line, hence stays small.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import struct
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from io import FileIO
from pathlib import Path
from queue import Queue
from threading import Thread

import msgspec

from collectors.batches import Plan, Step, steps
from tracer import site_rules
from tracer.errors import TracerError

WORTH_A_PROCESS = 1_000_000
"""Octets from which starting another process pays."""
FRAMES_AHEAD = 2
PIPE_OCTETS = 1 << 20
_LENGTH = struct.Struct("<I")


class ReadingFailed(TracerError):
    """The reading process ended before it had read everything."""

    exit_code = 75


def read(plan: Plan) -> Iterator[Step]:
    """The steps of a plan, read beside the caller where that pays."""
    octets = sum(log.size or WORTH_A_PROCESS for log in plan.inputs)
    if octets < WORTH_A_PROCESS or (os.cpu_count() or 1) < 2:
        return steps(plan)
    return _read_beside(plan)


def _read_beside(plan: Plan) -> Iterator[Step]:
    """Start the child now, so that it reads while the caller opens the store."""
    planned, planning = os.pipe()
    receiving, sending = os.pipe()
    _widen(sending)
    command = [sys.executable, "-P", "-m", __name__, str(planned), str(sending)]
    # A group of its own: Ctrl+C while the child is still importing would end it with a traceback.
    child = subprocess.Popen(
        command, pass_fds=[planned, sending], env=_environment(), process_group=0
    )
    os.close(planned)
    os.close(sending)
    with os.fdopen(planning, "wb") as pipe:
        pipe.write(msgspec.msgpack.encode(plan))
    return _received(child, receiving)


def _received(child: subprocess.Popen[bytes], receiving: int) -> Iterator[Step]:
    decode = msgspec.msgpack.Decoder(Step).decode
    with os.fdopen(receiving, "rb", buffering=0) as pipe:
        frames = _ahead(_frames(pipe))
        try:
            for frame in frames:
                yield decode(frame)
        except BaseException:
            child.terminate()
            child.wait()
            deque(frames, maxlen=0)  # lets the fetching end
            raise
    if code := child.wait():
        raise ReadingFailed(
            f"the reading process ended with code {code}; what it read is stored. "
            "Read the same again to go on."
        )


def _environment() -> dict[str, str]:
    """The caller's, so that the child finds the same packages wherever it is started."""
    path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
    return {**os.environ, "PYTHONPATH": path}


def _ahead(frames: Iterator[bytes]) -> Iterator[bytes]:
    """The same frames, some of them fetched while the caller writes what came before.

    Else the child waits for each transaction, and each transaction for the child.
    """
    fetched: Queue[bytes | None] = Queue(FRAMES_AHEAD)

    def fetch() -> None:
        try:
            for frame in frames:
                fetched.put(frame)
        finally:
            fetched.put(None)

    Thread(target=fetch, daemon=True).start()
    while (frame := fetched.get()) is not None:
        yield frame


def _frames(pipe: FileIO) -> Iterator[bytes]:
    """The whole frames; one that was cut off by the child's end is left out."""
    while len(head := _read(pipe, _LENGTH.size)) == _LENGTH.size:
        length = _LENGTH.unpack(head)[0]
        frame = _read(pipe, length)
        if len(frame) < length:
            return
        yield frame


def _read(pipe: FileIO, length: int) -> bytes:
    """So many octets, fewer if the pipe ends."""
    octets = bytearray(length)
    read = 0
    with memoryview(octets) as room:
        while read < length and (n := pipe.readinto(room[read:])):
            read += n
    return bytes(octets[:read])


def _widen(pipe: int) -> None:
    """A pipe of 64 KiB would wake the fetching thread fifty times a frame, and each time it
    waits for the interpreter's lock."""
    if hasattr(fcntl, "F_SETPIPE_SZ"):  # Linux
        with contextlib.suppress(OSError):  # above the machine's limit
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_OCTETS)


def main() -> None:
    """The child: argv is the number of the plan's pipe and of the pipe to write to."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the caller decides
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # when the caller is gone, so is the child
    planned, sending = map(int, sys.argv[1:])
    with os.fdopen(planned, "rb") as pipe:
        plan = msgspec.msgpack.decode(pipe.read(), type=Plan)
    if plan.rules:
        site_rules.use(Path(plan.rules))
    encode = msgspec.msgpack.Encoder().encode
    with os.fdopen(sending, "wb") as pipe:
        for step in steps(plan):
            frame = encode(step)
            pipe.write(_LENGTH.pack(len(frame)))
            pipe.write(frame)
            pipe.flush()


if __name__ == "__main__":
    main()
