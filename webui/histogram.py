"""The bars over the results: geometry only, drawn by `pictures.html`.

Bars stretch with the page (`preserveAspectRatio="none"`), letters must not: so the
axis is a second picture whose labels stand at per cent of the width.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from babel.dates import format_date

from tracer.model import micros
from tracer.store.deliveries import Bucket
from webui import show
from webui.i18n import language, site

WIDTH = 720.0
GAP = 0.2  # part of a bar's place that stays empty
LABELS = 6
STEPS_MIN = (1, 5, 10, 30, 60, 180, 360, 720, 1440, 2880, 10_080, 20_160)
STEPS_MONTHS = (1, 2, 3, 6, 12, 24, 60, 120, 600)


@dataclass(frozen=True, slots=True)
class Label:
    """A time on the axis, at a per cent of the width."""

    at: str
    text: str


@dataclass(frozen=True, slots=True)
class Bars:
    """SVG path data of the three tones, and the labels; `busiest` is the highest bar."""

    width: float
    height: int
    usual: str
    wait: str
    bad: str
    labels: tuple[Label, ...]
    busiest: Bucket
    busiest_count: int
    bucket_us: int


def bars(buckets: Sequence[Bucket], bucket_us: int, *, height: int = 64) -> Bars | None:
    """The picture of some buckets, which follow each other without a hole; None for none.

    Empty ones that lie ahead of now are left out.
    """
    buckets = _until_now(buckets)
    if not any(map(_total, buckets)):
        return None
    busiest = max(buckets, key=_total)
    paths = {"usual": "", "wait": "", "bad": ""}
    place = WIDTH / len(buckets)
    for index, bucket in enumerate(buckets):
        for tone, path in _stack(bucket, index * place, place, height, _total(busiest)):
            paths[tone] += path
    return Bars(
        WIDTH, height, paths["usual"], paths["wait"], paths["bad"],
        _labels(buckets[0].start_us, bucket_us * len(buckets)),
        busiest, _total(busiest), bucket_us,
    )  # fmt: skip


def _until_now(buckets: Sequence[Bucket]) -> Sequence[Bucket]:
    now_us, end = site().now_us(), len(buckets)
    while end and buckets[end - 1].start_us > now_us and not _total(buckets[end - 1]):
        end -= 1
    return buckets[:end]


def _total(bucket: Bucket) -> int:
    return bucket.usual + bucket.wait + bucket.bad


def _stack(bucket: Bucket, x: float, place: float, height: int, most: int) -> list[tuple[str, str]]:
    """Usual below, then what waits, then what failed; the least count is still seen."""
    told = []
    bottom = float(height - 1)
    left, wide = x + place * GAP / 2, place * (1 - GAP)
    for tone, count in (("usual", bucket.usual), ("wait", bucket.wait), ("bad", bucket.bad)):
        if count:
            tall = max(count / most * (height - 6), 2.0)
            top = bottom - tall
            told.append((tone, f"M{left:.1f} {top:.1f}h{wide:.1f}v{tall:.1f}h-{wide:.1f}z"))
            bottom -= tall + 1
    return told


def _labels(since_us: int, span_us: int) -> tuple[Label, ...]:
    told = []
    for at, words in _round_times(show.local(since_us), timedelta(microseconds=span_us)):
        part = (micros(at) - since_us) / span_us
        if part <= 0.88:  # the last one would run over the edge
            told.append(Label(f"{part * 100:.2f}%", words))
    return tuple(told)


def _round_times(since: datetime, span: timedelta) -> list[tuple[datetime, str]]:
    """Round clocks, days, months or years of a span with their words, `LABELS` at most."""
    minutes = span / timedelta(minutes=1)
    step_min = next((step for step in STEPS_MIN if minutes / step <= LABELS), 0)
    if not step_min:
        return _months(since, since + span)
    at = since.replace(hour=0, minute=0, second=0, microsecond=0)
    told = []
    while at < since + span:
        if at >= since:
            told.append((at, _label(at, step_min)))
        at += timedelta(minutes=step_min)
    return told


def _months(since: datetime, until: datetime) -> list[tuple[datetime, str]]:
    """Firsts of months between two times, a step of months apart that divides the years."""
    first, last = (at.year * 12 + at.month - 1 for at in (since, until))
    steps = (step for step in STEPS_MONTHS if (last - first) / step <= LABELS)
    step = next(steps, STEPS_MONTHS[-1])
    pattern = "y" if step >= 12 else "LLL y"
    firsts = (
        datetime(month // 12, month % 12 + 1, 1, tzinfo=since.tzinfo)
        for month in range(first - first % step + step, last + 1, step)
    )
    return [(at, format_date(at, pattern, locale=language())) for at in firsts]


def _label(at: datetime, step_min: int) -> str:
    if step_min >= 1440:
        return format_date(at, "d MMM", locale=language())
    if (at.hour, at.minute) == (0, 0):
        return format_date(at, "EEE d", locale=language())
    return at.strftime("%H:%M")
