"""Make a long log of a short one: python -m bench.scale LOG OUT --lines 5000000 --days 30

The lines are repeated, each time later and with queue ids, Message-IDs and two thirds of the
addresses of its own, so that a replica is other mail between partly the same people. The
newest line keeps its time; the distances between lines are stretched or squeezed
so that the whole covers the days asked for, evenly.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from math import ceil
from pathlib import Path
from typing import NamedTuple

SECOND_US = 1_000_000
DAY_US = 86_400 * SECOND_US
_MICROSECOND = timedelta(microseconds=1)
_ENCODING = {"encoding": "utf-8", "errors": "surrogateescape", "newline": "\n"}
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_BSD = re.compile(r"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?= )")
_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S*(?= )")

# Long ids are made of these and have a "z" in front of the inode; without it, what is
# appended reads as more of the inode (Postfix, src/global/mail_queue.h).
_BASE51 = "0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxy"
_QUEUE_ID = rf"[0-9A-F]{{5,16}}|[{_BASE51}z]{{10}}z[{_BASE51}]{{1,18}}"
_OWNED = re.compile(rf"(?:\]: |queued as |orig_queue_id=)({_QUEUE_ID})(?=[:,) \n]|$)")
_ANY_ID = re.compile(rf"(?<![\w.@<-])({_QUEUE_ID})(?![\w.@-])")
_MESSAGE_ID = re.compile(r"(message-id=<?)(?=[^<\s])", re.IGNORECASE)
_ADDRESS = re.compile(r"((?:\b(?:to|from|orig_to)=| )<[\w.-]+)(?=@[\w.-]+>)")
# Where a replica's own text goes.
_LONG, _SHORT, _MAIL, _PERSON = "\x01", "\x02", "\x03", "\x04"
MOST_REPLICAS = len(_BASE51) ** 2
_PEOPLE = 50  # replicas after which addresses come again


class Form(NamedTuple):
    """How a log writes times, and the distance between two neighbouring ones."""

    is_iso: bool
    unit_us: int


class Template(NamedTuple):
    """A log prepared for repetition."""

    form: Form
    newest: datetime
    span_us: int
    offsets_us: list[float]  # of each line from the first
    text: str  # what follows each line's stamp, with marks where replicas differ


def stamp_of(line: str) -> str:
    """The time at the beginning of a line as written; "" if there is none."""
    match = _BSD.match(line) or _ISO.match(line)
    return match[0] if match else ""


def time_of(stamp: str) -> datetime:
    """The time a stamp says; one without a year is in the past twelve months."""
    if not stamp[0].isalpha():
        return datetime.fromisoformat(stamp)
    now = datetime.now()
    at = datetime.strptime(f"{now.year} {stamp}", "%Y %b %d %H:%M:%S")
    return at if at < now + timedelta(days=1) else at.replace(year=now.year - 1)


def template_of(log: Path) -> Template:
    """Read a log; its lines without a time are left out. Raises ValueError if none has one."""
    lines = log.read_text("utf-8", "surrogateescape").split("\n")
    stamped = [(stamp, line[len(stamp) :]) for line in lines if (stamp := stamp_of(line))]
    if not stamped:
        raise ValueError(f"no line of {log} begins with a time")
    form = Form(is_iso := stamped[0][0][0].isdigit(), 1 if is_iso else SECOND_US)
    times = {stamp: time_of(stamp) for stamp, _ in stamped}
    oldest, newest = times[stamped[0][0]], times[stamped[-1][0]]
    offsets = [(times[stamp] - oldest) // _MICROSECOND for stamp, _ in stamped]
    text = _marked("\n".join(rest for _, rest in stamped))
    span_us = max(offsets) + form.unit_us
    return Template(form, newest, span_us, _spread(offsets, form.unit_us), text)


def _spread(offsets_us: list[int], unit_us: int) -> list[float]:
    """Lines of one second evenly over that second, so that stretching leaves no gaps."""
    sizes, seen = Counter(offsets_us), Counter[int]()
    spread: list[float] = []
    newest = 0.0
    for offset in offsets_us:
        newest = max(newest, offset + unit_us * seen[offset] / sizes[offset])
        spread.append(newest)
        seen[offset] += 1
    return spread


def _marked(text: str) -> str:
    owned = set(_OWNED.findall(text))

    def mark(match: re.Match[str]) -> str:
        queue_id = match[1]
        if queue_id not in owned:
            return queue_id
        return queue_id + (_LONG if len(queue_id) > 10 and queue_id[10] == "z" else _SHORT)

    text = _ANY_ID.sub(mark, text)
    text = _MESSAGE_ID.sub(rf"\g<1>{_MAIL}", text)
    return _ADDRESS.sub(rf"\g<1>{_PERSON}", text)


def _texts(template: Template, number: int) -> list[str]:
    """What follows the stamps in one replica."""
    size = len(_BASE51)
    return (
        template.text.replace(_LONG, _BASE51[number // size] + _BASE51[number % size])
        .replace(_SHORT, f"{number:03X}")
        .replace(_MAIL, f"r{number}.")
        .replace(_PERSON, f".r{number % _PEOPLE}" if number % 3 else "")
        .split("\n")
    )


def _stamps(template: Template, start: datetime, pace: float) -> Iterator[str]:
    if template.form.is_iso:
        for offset in template.offsets_us:
            at = start + timedelta(microseconds=int(offset * pace))
            yield at.isoformat(timespec="microseconds")
        return
    known: dict[int, str] = {}
    for offset in template.offsets_us:
        second = int(offset * pace) // SECOND_US
        if second not in known:
            at = start + timedelta(seconds=second)
            known[second] = f"{_MONTHS[at.month - 1]} {at.day:2} {at:%H:%M:%S}"
        yield known[second]


def scaled(template: Template, lines: int, days: float) -> Iterator[str]:
    """That many lines, oldest first, without line ends, over that many days.

    Raises ValueError if the log would have to be repeated too often for its queue ids.
    """
    size = len(template.offsets_us)
    replicas = ceil(lines / size)
    if replicas > MOST_REPLICAS:
        raise ValueError(f"{size} lines make {MOST_REPLICAS * size} at most, not {lines}")
    part_of_last = template.offsets_us[(lines - 1) % size] / template.span_us
    step_us = days * DAY_US / (replicas - 1 + part_of_last or 1)
    oldest = template.newest - timedelta(days=days)
    if not template.form.is_iso:
        oldest = oldest.replace(microsecond=0)
    for number in range(replicas):
        start = oldest + timedelta(microseconds=int(number * step_us))
        stamps = _stamps(template, start, step_us / template.span_us)
        both = zip(stamps, _texts(template, number), strict=True)
        for stamp, text in islice(both, lines - number * size):
            yield stamp + text


def write_scaled(log: Path, out: Path, *, lines: int, days: float) -> None:
    """Write the repeated log to a file. Raises ValueError as `scaled` and `template_of` do."""
    template = template_of(log)
    with out.open("w", buffering=1 << 20, **_ENCODING) as file:
        file.writelines(f"{line}\n" for line in scaled(template, lines, days))


def days_of(log: Path) -> float:
    """The days from the first line of a log to its last."""
    with log.open("rb") as file:
        first = file.readline()
        file.seek(max(0, log.stat().st_size - (1 << 16)))
        last = file.read().splitlines()[-1]
    oldest, newest = (time_of(stamp_of(line.decode("utf-8", "replace"))) for line in (first, last))
    return (newest - oldest) / timedelta(days=1)


def write_newest(log: Path, out: Path, share: float) -> None:
    """Copy the newest lines of a log, about that share of its octets."""
    with log.open("rb") as file, out.open("wb") as copy:
        file.seek(int(log.stat().st_size * (1 - share)))
        file.readline()
        while block := file.read(1 << 20):
            copy.write(block)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description="Make a long log of a short one.")
    parser.add_argument("log", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--lines", type=int, default=5_000_000)
    parser.add_argument("--days", type=float, default=30)
    args = parser.parse_args()
    write_scaled(args.log, args.out, lines=args.lines, days=args.days)


if __name__ == "__main__":
    main()
