"""Line heads to LogLines: syslog in its spellings, JSON entries, container prefixes.

Owns the path of every line, so the two usual forms are read by slicing with what the
line before it taught: the hour, the origin.  Everything else takes the slow way, which
reads any line, and must agree with the fast one.  Knows nothing of mail.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import tzinfo

from msgspec.structs import replace

from tracer.model import LogLine, when

from .entry import Entry, entry_of, read_entry
from .odd_stamps import read_any_stamp
from .origin import Origin, bare_host, read_origin, text_start
from .prefixes import inner_start, prefix_end
from .records import COOKIE, read_fluent, read_record
from .stamp import Stamp, micros_of, seconds_of_an_hour, utc_us
from .structured import read_structured
from .tabbed import read_tabbed
from .year import YearGuess
from .zone import LocalClock

KNOWN_ORIGINS = 10_000

MOST_STAMPS = 3  # that stand before each other in one line


class HeadReader:
    """Reads the lines of one source, oldest first.

    `year` guesses the years and `zone` gives the offsets that stamps do not name;
    `host` stands in where a line names no host.
    """

    __slots__ = (
        "_clock", "_cut", "_host", "_hour", "_hour_us", "_is_iso", "_iso_hour", "_iso_hour_us",
        "_iso_zone", "_origins", "_seconds", "_source", "_stop", "_year",
    )  # fmt: skip

    def __init__(self, source: str, *, year: YearGuess, zone: tzinfo, host: str = "") -> None:
        self._source = source
        self._host = host
        self._year = year
        self._clock = LocalClock(zone)
        self._seconds = seconds_of_an_hour()
        self._origins: dict[str, Origin] = {}
        self._hour = self._iso_hour = ""  # "Nov 22 12", "2026-11-22T12"
        self._hour_us = self._iso_hour_us = 0
        self._cut = self._stop = 0  # where the fraction and the stamp end
        self._iso_zone = ""
        self._is_iso = False  # which of the two the last line was

    def read(self, line: str) -> LogLine | None:
        """The line with its head read; None when it has none.  Never raises.

        `head + text` is `line`, save for JSON entries, whose head is made.
        """
        found = self.read_many((line,), [])
        return found[0] if found else None

    def read_many(self, lines: Iterable[str], unreadable: list[str]) -> list[LogLine]:
        """The lines of a block with their heads read; those without one go to `unreadable`."""
        found: list[LogLine] = []
        rest = iter(lines)
        while True:
            run = self._read_iso_run if self._is_iso else self._read_run
            line = run(rest, found)
            if line is None:
                return found
            read = self._read_slowly(line)
            if read is not None:
                found.append(read)
            elif line:
                unreadable.append(line)

    def _read_run(self, lines: Iterator[str], found: list[LogLine]) -> str | None:
        """Reads RFC 3164 lines of the hour and the origins known; the first other line, or None."""
        add, source, origins, seconds = found.append, self._source, self._origins, self._seconds
        hour, hour_us, stamp, at_us = self._hour, self._hour_us, "", 0
        for line in lines:
            head, _, text = line.partition(": ")
            if head[:15] != stamp:
                second = seconds.get(head[9:15])
                if second is None or head[:9] != hour:
                    return line
                stamp, at_us = head[:15], hour_us + second
            origin = origins.get(head[15:])
            if origin is None or text[:1] in "[ @":
                return line
            host, program, pid = origin
            add(LogLine(at_us, host, program, pid, text, head + ": ", source))
        return None

    def _read_iso_run(self, lines: Iterator[str], found: list[LogLine]) -> str | None:
        """The same for ISO 8601 lines, which also share fraction length and offset."""
        add, source, origins, seconds = found.append, self._source, self._origins, self._seconds
        hour, hour_us, zone, cut, stop = (
            self._iso_hour, self._iso_hour_us, self._iso_zone, self._cut, self._stop,
        )  # fmt: skip
        stamp, at_us, fraction_us = "", 0, 0
        for line in lines:
            head, _, text = line.partition(": ")
            if head[:19] != stamp:
                second = seconds.get(head[13:19])
                if second is None or head[:13] != hour:
                    return line
                stamp, at_us = head[:19], hour_us + second
            if cut > 19:
                digits = head[20:cut]
                if head[19:20] != "." or not digits.isdecimal():
                    return line
                fraction_us = int(digits) if cut == 26 else micros_of(digits)
            origin = origins.get(head[stop:])
            if origin is None or head[cut:stop] != zone or text[:1] in "[ @":
                return line
            host, program, pid = origin
            add(LogLine(at_us + fraction_us, host, program, pid, text, head + ": ", source))
        return None

    def _iso_us(self, stamp: str) -> int | None:
        """Time of an ISO 8601 stamp in the hour and the shape of the last one."""
        second, cut = self._seconds.get(stamp[13:19]), self._cut
        if second is None or stamp[cut : self._stop] != self._iso_zone:
            return None
        if cut > 19:
            digits = stamp[20:cut]
            if stamp[19:20] != "." or not digits.isdecimal():
                return None
            second += int(digits) if cut == 26 else micros_of(digits)
        return self._iso_hour_us + second

    def _read_slowly(self, line: str) -> LogLine | None:
        first = line[:1]
        if first == "{":
            return self._read_entry(line)
        if first == "<" or line[:2] == "1 ":
            return self._read_structured(line) or self._read_behind_prefix(line)
        if first.isdecimal() and (entry := read_tabbed(line)):
            return self._line_of(entry)
        stamp = read_any_stamp(line)
        if stamp is None:
            return self._read_behind_prefix(line)
        return self._read_stamped(line, stamp)

    def _read_behind_prefix(self, line: str) -> LogLine | None:
        record = read_fluent(line)
        if record is not None:
            return self._line_of(entry_of(record))
        end = prefix_end(line)
        found = self.read(line[end:]) if end else None
        return replace(found, head=line[:end] + found.head) if found else None

    def _read_stamped(self, line: str, stamp: Stamp, outer: int = 0) -> LogLine | None:
        """The line behind a stamp; `outer` is how many stamps stand before this one."""
        at_us = self._at_us(stamp)
        if at_us is None:
            return None
        self._remember_hour(line, stamp, at_us)
        rest = line[stamp.length :]
        found = read_origin(rest)
        if found is None:
            inner = self._read_inner(line, stamp, at_us, outer) if outer < MOST_STAMPS else None
            return inner or self._read_bare(line, stamp, at_us)
        origin, tag_end = found
        host, program, pid = origin if origin.host else origin._replace(host=self._host)
        end = stamp.length + text_start(rest, tag_end)
        if line.startswith(COOKIE, end) or (not pid and line.startswith("{", end)):
            told = self._told_in(line, end, at_us, Origin(host, program, pid))
            if told is not None:
                return told
        if rest.find(": ") + 2 == tag_end:
            self._remember_origin(rest[: tag_end - 2], Origin(host, program, pid))
        return LogLine(at_us, host, program, pid, line[end:], line[:end], self._source)

    def _read_bare(self, line: str, stamp: Stamp, at_us: int) -> LogLine:
        # Without a program there is a host in the BSD form, which has its place there.
        host, skipped = bare_host(line[stamp.length :], is_named=stamp.year is None)
        end = stamp.length + skipped
        return LogLine(at_us, host or self._host, "", "", line[end:], line[:end], self._source)

    def _read_inner(self, line: str, stamp: Stamp, at_us: int, outer: int) -> LogLine | None:
        """A line that a container, a shipper or a log host put behind a stamp of its own."""
        start = inner_start(line, stamp.length)
        if line.startswith("{", start):
            return self._told_in(line, start, at_us, Origin(self._host, "", ""))
        rest = line[start:]
        known: list[LogLine] = []
        is_exact = stamp.zone is not None and stamp.year is not None
        if is_exact and self._read_run(iter((rest,)), known) is None:
            return replace(known[0], at_us=at_us, head=line[:start] + known[0].head)
        inner_stamp = read_any_stamp(rest)
        inner = self._read_stamped(rest, inner_stamp, outer + 1) if inner_stamp else None
        if inner is None or inner_stamp is None:
            return None
        is_vague = stamp.year is None or (stamp.zone is None and inner_stamp.zone is not None)
        if is_vague and (inner_stamp.year is not None or stamp.year is None):
            at_us = inner.at_us
        return replace(inner, at_us=at_us, head=line[:start] + inner.head)

    def _told_in(self, line: str, start: int, at_us: int, origin: Origin) -> LogLine | None:
        """A record written as a line's text; what it leaves out is the line's."""
        record = read_record(line[start:].removeprefix(COOKIE))
        if record is None:
            return None
        found = self._line_of(
            Entry(
                at_us, None, record.host or origin.host, record.program or origin.program,
                record.pid or origin.pid, record.text,
                is_wrapped=not record.program and not origin.program,
            )
        )  # fmt: skip
        return found and replace(found, head=line[:start])

    def _read_structured(self, line: str) -> LogLine | None:
        found = read_structured(line)
        at_us = self._structured_us(found.stamp) if found else None
        if found is None or at_us is None:
            return None
        host, program, pid, end = found.host or self._host, found.app, found.procid, found.end
        if not program:
            return self._read_untagged(line, end, at_us, host, pid)
        return LogLine(at_us, host, program, pid, line[end:], line[:end], self._source)

    def _read_untagged(self, line: str, end: int, at_us: int, host: str, pid: str) -> LogLine:
        """A line whose own head, or at least its program, stands in the text."""
        inner = end + prefix_end(line[end:])
        stamp = read_any_stamp(line[inner:])
        whole = self._read_stamped(line[inner:], stamp, 1) if stamp else None
        if whole is not None and whole.program:
            return replace(whole, at_us=at_us, head=line[:inner] + whole.head)
        tag = read_origin(" " + line[end:])
        program = ""
        if tag is not None:
            (_, program, pid), tag_end = tag
            end += tag_end - 1
        return LogLine(at_us, host, program, pid, line[end:], line[:end], self._source)

    def _structured_us(self, written: str) -> int | None:
        if written[:13] == self._iso_hour and len(written) == self._stop:
            at_us = self._iso_us(written)
            if at_us is not None:
                return at_us
        stamp = read_any_stamp(written)
        at_us = self._at_us(stamp) if stamp else None
        if stamp and at_us is not None:
            self._remember_hour(written, stamp, at_us)
        return at_us

    def _read_entry(self, line: str) -> LogLine | None:
        return self._line_of(read_entry(line))

    def _line_of(self, entry: Entry | None) -> LogLine | None:
        """The line that an entry is; its head is made."""
        if entry is None:
            return None
        inner = self.read(entry.text) if entry.is_wrapped else None
        at_us = entry.at_us
        if inner is not None and inner.program.startswith(entry.head_of):
            return inner if at_us is None else replace(inner, at_us=at_us)
        if at_us is None and entry.stamp is not None:
            at_us = self._at_us(entry.stamp)
        if at_us is None:
            return None
        host, program, pid, text = entry.host, entry.program, entry.pid, entry.text
        tag = read_origin(" " + text) if not program else None
        if tag is not None:
            (named, program, pid), end = tag
            host, text = named or host, text[text_start(text, end - 1) :]
        host = host or self._host
        head = f"{when(at_us).isoformat()} {host} {program}{f'[{pid}]' if pid else ''}: "
        return LogLine(at_us, host, program, pid, text, head, self._source)

    def _at_us(self, stamp: Stamp) -> int | None:
        year = stamp.year
        if year is None:
            year = self._year.year_of(stamp.month, stamp.day)
        if year is None:
            return None
        if stamp.zone is not None:
            return utc_us(stamp._replace(year=year))
        try:
            return self._clock.moment(year, stamp.month, stamp.day, stamp.hour, stamp.in_hour_us)
        except (ValueError, OverflowError):
            return None

    def _remember_hour(self, line: str, stamp: Stamp, at_us: int) -> None:
        hour_us = at_us - stamp.in_hour_us
        if stamp.zone is None and self._clock.plain_us != hour_us:
            return
        if stamp.year is None and stamp.length == 15:
            self._hour, self._hour_us, self._is_iso = line[:9], hour_us, False
        elif stamp.year is not None and line[4:5] == "-" and line[7:8] == "-":
            self._iso_hour, self._iso_hour_us, self._is_iso = line[:13], hour_us, True
            self._cut = 19 + (len(stamp.fraction) + 1 if stamp.fraction else 0)
            self._stop = stamp.length
            self._iso_zone = line[self._cut : self._stop]

    def _remember_origin(self, written: str, origin: Origin) -> None:
        if len(self._origins) >= KNOWN_ORIGINS:
            self._origins.clear()
        self._origins[written] = origin
