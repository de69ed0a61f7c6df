"""The steps of a plan, read beside the caller where that pays."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from importlib import import_module
from io import FileIO
from queue import Queue
from threading import Thread
from typing import Any

import msgspec

from collectors.plan import LENGTH, Plan, Step
from collectors.reader import WORTH_A_PROCESS, Reader, pays
from tracer.errors import TracerError

STEPS_AHEAD = 1  # and one more in the hands of who fetches; each is some megabytes


class ReadingFailed(TracerError):
    """The reading process ended before it had read everything."""

    exit_code = 75


def read(plan: Plan, reader: Reader) -> Iterator[Step]:
    """The steps of a plan, which the reader gets now where it has enough to do."""
    if pays(sum(log.size or WORTH_A_PROCESS for log in plan.inputs)):
        return _received(reader, reader.send(msgspec.msgpack.encode(plan)))
    reader.stop()
    batches: Any = import_module("collectors.batches")  # half the command's imports
    steps: Iterator[Step] = batches.steps(plan)
    return steps


def _received(reader: Reader, receiving: int) -> Iterator[Step]:
    decode = msgspec.msgpack.Decoder(Step).decode
    with os.fdopen(receiving, "rb", buffering=0) as pipe:
        steps = _ahead(map(decode, _frames(pipe)))
        try:
            yield from steps
        except BaseException:
            reader.stop()
            deque(steps, maxlen=0)  # lets the fetching end
            raise
    if code := reader.wait():
        raise ReadingFailed(
            f"the reading process ended with code {code}; what it read is stored. "
            "Read the same again to go on."
        )


def _ahead(steps: Iterator[Step]) -> Iterator[Step]:
    """The same steps, some of them fetched while the caller writes what came before.

    Else the child waits for each transaction, and each transaction for the child. They are
    unpacked there too: a database that is another process leaves the time for it.
    """
    fetched: Queue[Step | None] = Queue(STEPS_AHEAD)
    failed: list[BaseException] = []

    def fetch() -> None:
        try:
            deque(map(fetched.put, steps), maxlen=0)  # no name holds a step that is stored
        except BaseException as error:
            failed.append(error)
        finally:
            fetched.put(None)

    Thread(target=fetch, daemon=True).start()
    yield from iter(fetched.get, None)
    if failed:
        raise failed[0]


def _frames(pipe: FileIO) -> Iterator[bytearray]:
    """The whole frames; one that was cut off by the child's end is left out."""
    while len(head := _read(pipe, LENGTH.size)) == LENGTH.size:
        length = LENGTH.unpack(head)[0]
        frame = _read(pipe, length)
        if len(frame) < length:
            return
        yield frame


def _read(pipe: FileIO, length: int) -> bytearray:
    """So many octets, fewer if the pipe ends."""
    octets = bytearray(length)
    read = 0
    with memoryview(octets) as room:
        while read < length and (n := pipe.readinto(room[read:])):
            read += n
    del octets[read:]
    return octets
