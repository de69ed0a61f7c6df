"""Time zones for stamps that name none: which one, and what its local hours are in UTC."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from tracer.errors import ConfigError
from tracer.model import SECOND_US, micros

from .stamp import zone_of

HOUR_US = 3600 * SECOND_US
LATE_US = 10 * SECOND_US  # a line no further back than this is late, not an hour on
KNOWN_HOURS = 4096


def zone_named(name: str) -> tzinfo:
    """The zone called `name`: "Europe/Berlin", "UTC" or an offset such as "+02:00".

    Raises ConfigError when there is no such zone.
    """
    fixed = zone_of(name)  # needs no zone database
    if fixed is not None:
        return fixed
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        raise ConfigError(
            f"time zone {name!r} is not known: write a name such as Europe/Berlin,"
            " or an offset such as +02:00"
        ) from None


def system_zone(localtime: Path = Path("/etc/localtime")) -> tzinfo:
    """The zone this machine keeps: TZ, else `localtime`, else the present offset."""
    named = [os.environ.get("TZ", "").removeprefix(":")]
    named.append(os.path.realpath(localtime).rpartition("zoneinfo/")[2])
    for name in named:
        try:
            return ZoneInfo(name)
        except (OSError, ValueError, KeyError):
            continue
    try:
        with localtime.open("rb") as file:
            return ZoneInfo.from_file(file)
    except (OSError, ValueError):
        return datetime.now().astimezone().tzinfo or UTC


class LocalClock:
    """Local hours of one zone in microseconds UTC, in the order they are read.

    An hour that the clock shows twice (end of summer time) is told apart by order:
    it is the first one until a stamp would go back.  Stamps in an hour that the
    clock skipped all fall on the moment of the change, so that order is kept.
    """

    __slots__ = ("_hours", "_last_us", "_zone", "plain_us")

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self._hours: dict[tuple[int, int, int, int], int | None] = {}
        self._last_us = 0
        self.plain_us = -1  # start of the plain hour asked for last

    def plain_hour(self, year: int, month: int, day: int, hour: int) -> int | None:
        """Start of a local hour; None when the clock changes in it: ask `moment` then.

        Raises ValueError when there is no such hour.
        """
        key = (year, month, day, hour)
        if key in self._hours:
            start = self._hours[key]
        else:
            if len(self._hours) > KNOWN_HOURS:
                self._hours.clear()
            start = self._hours[key] = self._find_hour(datetime(*key))
        if start is not None:
            self._last_us = self.plain_us = start
        return start

    def moment(self, year: int, month: int, day: int, hour: int, in_hour_us: int) -> int:
        """Microseconds UTC of a local time, in whatever hour.  Raises ValueError as above."""
        start = self.plain_hour(year, month, day, hour)
        if start is not None:
            return start + in_hour_us
        local = datetime(year, month, day, hour) + timedelta(microseconds=in_hour_us)
        first, second = self._at(local, 0), self._at(local, 1)
        if second < first:
            return self._change(second, first)
        found = second if first < self._last_us - LATE_US else first
        self._last_us = max(self._last_us, found)
        return found

    def _find_hour(self, hour: datetime) -> int | None:
        start, end = self._at(hour, 0), self._at(hour + timedelta(minutes=59, seconds=59), 0)
        plain = (
            end - start == HOUR_US - SECOND_US
            and start == self._at(hour, 1)
            and end == self._at(hour + timedelta(minutes=59, seconds=59), 1)
        )
        return start if plain else None

    def _at(self, local: datetime, fold: int) -> int:
        offset = local.replace(tzinfo=self._zone, fold=fold).utcoffset() or timedelta()
        return micros(local.replace(tzinfo=UTC)) - offset // timedelta(microseconds=1)

    def _change(self, before_us: int, after_us: int) -> int:
        # The second in which the offset of the zone changes, by halving.
        old = self._offset(before_us)
        while after_us - before_us > SECOND_US:
            middle = (before_us + after_us) // 2
            if self._offset(middle) == old:
                before_us = middle
            else:
                after_us = middle
        return after_us // SECOND_US * SECOND_US

    def _offset(self, at_us: int) -> timedelta | None:
        at = datetime.fromtimestamp(at_us / SECOND_US, UTC)
        return at.astimezone(self._zone).utcoffset()
