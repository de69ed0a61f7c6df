"""Reading in a process of its own, so that parsing and writing share two cores.

The child gets the plan as its argument and writes length-prefixed MessagePack of Step to
a pipe. It loads neither the store nor the command line, hence stays small.
"""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from collections.abc import Iterator
from typing import BinaryIO

import msgspec

from collectors.batches import Plan, Step, steps
from tracer.errors import TracerError

WORTH_A_PROCESS = 1_000_000
"""Octets from which starting another process pays."""
_LENGTH = struct.Struct("<I")


class ReadingFailed(TracerError):
    """The reading process ended before it had read everything."""


def read(plan: Plan) -> Iterator[Step]:
    """The steps of a plan, read beside the caller where that pays."""
    octets = sum(log.size or WORTH_A_PROCESS for log in plan.inputs)
    if octets < WORTH_A_PROCESS or (os.cpu_count() or 1) < 2:
        return steps(plan)
    return _read_beside(plan)


def _read_beside(plan: Plan) -> Iterator[Step]:
    """Start the child now, so that it reads while the caller opens the store."""
    receiving, sending = os.pipe()
    command = [sys.executable, "-m", __name__, str(sending), msgspec.json.encode(plan).hex()]
    child = subprocess.Popen(command, pass_fds=[sending], env=_environment())
    os.close(sending)
    return _received(child, receiving)


def _received(child: subprocess.Popen[bytes], receiving: int) -> Iterator[Step]:
    decode = msgspec.msgpack.Decoder(Step).decode
    try:
        with os.fdopen(receiving, "rb", buffering=1 << 20) as pipe:
            for frame in _frames(pipe):
                yield decode(frame)
    finally:
        if sys.exc_info()[0] is not None:
            child.terminate()
        code = child.wait()
    if code:
        raise ReadingFailed(f"the reading process ended with code {code}; what it read is stored")


def _environment() -> dict[str, str]:
    """The caller's, so that the child finds the same packages wherever it is started."""
    path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
    return {**os.environ, "PYTHONPATH": path}


def _frames(pipe: BinaryIO) -> Iterator[bytes]:
    while head := pipe.read(_LENGTH.size):
        yield pipe.read(_LENGTH.unpack(head)[0])


def main() -> None:
    """The child: argv is the pipe's number and the plan."""
    sending, plan = int(sys.argv[1]), bytes.fromhex(sys.argv[2])
    encode = msgspec.msgpack.Encoder().encode
    with os.fdopen(sending, "wb") as pipe:
        for step in steps(msgspec.json.decode(plan, type=Plan)):
            frame = encode(step)
            pipe.write(_LENGTH.pack(len(frame)))
            pipe.write(frame)
            pipe.flush()


if __name__ == "__main__":
    main()
