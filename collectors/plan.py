"""What to read and what comes of it: the words between who asks for reading and who does it."""

from __future__ import annotations

import struct

import msgspec

from collectors.inputs import InputProblem, LogInput
from tracer.arrival import Batch

LENGTH = struct.Struct("<I")
"""Between two processes: what stands before each Step in MessagePack, the number of its octets."""


class Plan(msgspec.Struct, frozen=True):
    """What to read and how: the options of `mailtracer ingest`."""

    inputs: tuple[LogInput, ...]
    format: str = "auto"
    source: str = ""  # "": the name of the log
    host: str = ""  # stands in where lines name none
    year: int | None = None
    zone: str = ""  # "": the system's
    rules: str = ""  # folder of the site's own rules of causes; "": there is none


class Step(msgspec.Struct):
    """A batch, what was wrong with the inputs meanwhile, and octets read so far of all."""

    batch: Batch
    problems: list[InputProblem]
    consumed: int
