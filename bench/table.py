"""Figures, their goals, and the Markdown table that shows them."""

from __future__ import annotations

import os
import platform
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles

_HEAD = ("measure", "on", "reached", "lowest to highest", "goal", "times the goal", "note")


@dataclass(frozen=True, slots=True)
class Goal:
    """A bound; with `at_most` less is better."""

    bound: float
    at_most: bool = False

    def times(self, value: float) -> float:
        """How many times better than the bound; 1 or more is met."""
        if self.at_most:
            return self.bound / value if value else float("inf")
        return value / self.bound


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table: the median of `values` is what was reached.

    No values: it was not measured, and `note` says why.
    """

    what: str
    on: str
    values: tuple[float, ...] = ()
    unit: str = ""  # "x" for a ratio; else ms, s, MB, lines/s
    goal: Goal | None = None
    note: str = ""

    @property
    def reached(self) -> float:
        return median(self.values)


def ratios(above: Sequence[float], below: Sequence[float]) -> tuple[float, ...]:
    """The ratio of each pair of runs."""
    return tuple(one / other for one, other in zip(above, below, strict=True))


def percentile(values: Sequence[float], percent: int) -> float:
    """The value that so many percent do not exceed."""
    if len(values) < 2:
        return values[0]
    return quantiles(values, n=100, method="inclusive")[percent - 1]


def number(value: float) -> str:
    """Three significant digits, no exponent."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 0.1 else f"{value:.3f}"


def quantity(value: float, unit: str) -> str:
    """A number with its unit."""
    return f"{number(value)} {unit}".rstrip()


def table(figures: Iterable[Figure]) -> Iterator[str]:
    """The rows of a Markdown table, each as soon as its figure is there."""
    yield _row(_HEAD)
    yield _row(["---"] * len(_HEAD))
    yield from map(_figure, figures)


def _figure(figure: Figure) -> str:
    if not figure.values:
        return _row((figure.what, figure.on, "not measured", "", _goal(figure), "", figure.note))
    reached = figure.reached
    spread = ""
    if len(figure.values) > 1:
        spread = f"{number(min(figure.values))} to {number(max(figure.values))}"
    times = number(figure.goal.times(reached)) if figure.goal else ""
    shown = quantity(reached, figure.unit)
    return _row((figure.what, figure.on, shown, spread, _goal(figure), times, figure.note))


def _goal(figure: Figure) -> str:
    if figure.goal is None:
        return ""
    sign = "≤" if figure.goal.at_most else "≥"
    return f"{sign} {figure.goal.bound:g} {figure.unit}".rstrip()


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def machine() -> str:
    """What the figures were measured on, when, and how busy it was, as one line."""
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} CPUs {_processor()}, {memory_gib:.0f} GiB, "
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}, "
        f"SQLite {sqlite3.sqlite_version}; {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, "
        f"load {os.getloadavg()[0]:.1f}"
    )


def _processor() -> str:
    try:
        told = Path("/proc/cpuinfo").read_text("utf-8")
    except OSError:
        return platform.machine()
    names = (row.partition(": ")[2] for row in told.splitlines() if row.startswith("model name"))
    return next(names, platform.machine())
