"""How many stores, processors and disks so many messages a day take: python -m bench.simulate

Plays a week of mail, minute by minute, against writers of a measured speed: a day has its busy
hours and a day its bursts, and what cannot be written waits. The figures to play with are measured
ones (docs/performance.md and docs/scaling.md tell where from); give yours as options. The same
seed gives the same table.
"""

from __future__ import annotations

import argparse
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass

DAY_S = 86_400
DAYS = 7
BUSY = 3.0  # the busiest hour against the average
BURST, BURSTS_A_DAY, BURST_MINUTES = 4.0, 3, 10  # a newsletter, a loop, a spam run
MOST_BEHIND_S = 60.0  # what a person who searches would notice
MOST_USED = 0.8  # of a writer in the busiest hour: no more, so that a backlog can be caught up


@dataclass(frozen=True, slots=True)
class Measured:
    """What one processor and one message were measured to take."""

    messages_per_s: float  # that one writer stores
    octets: float  # of the store, a message
    archived_octets: float  # of the archive, a message
    exported_rows_per_s: float
    live_days: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a number of messages a day takes."""

    a_day: float
    stores: int
    busiest: float  # part of a writer in its busiest hour
    behind_s: float  # the longest that mail waited to be found
    store_octets: float
    archive_octets: float  # of a year
    export_hours: float  # of a whole day of mail, by as many exports at once as there are stores


def rates(a_day: float, chance: random.Random) -> Iterator[float]:
    """Messages a second, for each minute of a week."""
    mean = a_day / DAY_S
    bursts = {
        chance.randrange(DAYS * 1440) + minute
        for _ in range(DAYS * BURSTS_A_DAY)
        for minute in range(BURST_MINUTES)
    }
    for minute in range(DAYS * 1440):
        hour = minute / 60 % 24
        wave = 1 + (BUSY - 1) * math.cos((hour - 10) / 24 * 2 * math.pi)
        noise = chance.uniform(0.8, 1.2)
        yield mean * max(wave, 0.1) * noise * (BURST if minute in bursts else 1)


def play(a_day: float, stores: int, known: Measured, seed: int) -> tuple[float, float]:
    """(part of a writer in the busiest hour, seconds that mail waited at most) for each store."""
    chance = random.Random(seed)
    speed, waiting, behind_s = known.messages_per_s, 0.0, 0.0
    hour, busiest = [0.0] * 60, 0.0
    for minute, rate in enumerate(rates(a_day / stores, chance)):
        waiting = max(0.0, waiting + (rate - speed) * 60)
        behind_s = max(behind_s, waiting / speed)
        hour[minute % 60] = rate
        busiest = max(busiest, sum(hour) / 60 / speed)
    return busiest, behind_s


def outcome(a_day: float, known: Measured, seed: int) -> Outcome:
    """The fewest stores that keep up."""
    stores = 1
    while True:
        busiest, behind_s = play(a_day, stores, known, seed)
        if busiest <= MOST_USED and behind_s <= MOST_BEHIND_S:
            break
        stores += max(1, stores // 20)
    return Outcome(
        a_day, stores, busiest, behind_s, a_day * known.octets * known.live_days,
        a_day * known.archived_octets * 365, a_day / known.exported_rows_per_s / 3600 / stores,
    )  # fmt: skip


def table(known: Measured, seed: int) -> Iterator[str]:
    """Rows of a Markdown table."""
    yield (
        f"| messages a day | stores | a writer's busiest hour | mail waits at most "
        f"| stores, {known.live_days} days | archive, a year | a whole day exported |"
    )
    yield "|" + " --- |" * 7
    for a_day in (1e6, 10e6, 100e6, 1000e6):
        made = outcome(a_day, known, seed)
        yield (
            f"| {a_day / 1e6:,.0f} million | {made.stores} | {made.busiest:.0%} "
            f"| {made.behind_s:.0f} s | {_size(made.store_octets)} | {_size(made.archive_octets)} "
            f"| {made.export_hours * 60:.0f} min |"
        )


def _size(octets: float) -> str:
    return f"{octets / 1e12:,.1f} TB" if octets >= 1e12 else f"{octets / 1e9:,.0f} GB"


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description="What so many messages a day take.")
    add = parser.add_argument
    add("--messages-per-s", type=float, default=4300, help="that one writer stores (4,300)")
    add("--octets", type=float, default=1450, help="of the store, a message (1,450)")
    add("--archived-octets", type=float, default=90, help="of the archive, a message (90)")
    add("--exported-rows-per-s", type=float, default=45_000, help="of one export (45,000)")
    add("--live-days", type=int, default=14, help="before a day goes to the archive (14)")
    add("--seed", type=int, default=1)
    given = vars(parser.parse_args())
    seed = given.pop("seed")
    for row in table(Measured(**given), seed):
        print(row)


if __name__ == "__main__":
    main()
