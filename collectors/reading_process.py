"""The reading process from inside: a plan comes in, frames go out (collectors/reader.py)."""

from __future__ import annotations

import os
import signal
from importlib import import_module
from pathlib import Path

import msgspec

from collectors.batches import steps
from collectors.plan import LENGTH, Plan


def main(planned: int, sending: int) -> None:
    """Read what the plan says that comes from one pipe, and write to the other."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the caller decides
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # when the caller is gone, so is this process
    with os.fdopen(planned, "rb") as pipe:
        told = pipe.read()
    if not told:  # there is nothing that needs a process
        return
    plan = msgspec.msgpack.decode(told, type=Plan)
    if plan.rules:
        import_module("tracer.site_rules").use(Path(plan.rules))
    encode = msgspec.msgpack.Encoder().encode
    with os.fdopen(sending, "wb") as pipe:
        for step in steps(plan):
            step.batch.pack()
            frame = encode(step)
            pipe.write(LENGTH.pack(len(frame)))
            pipe.write(frame)
            pipe.flush()
