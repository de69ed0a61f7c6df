"""How many webhooks a second are acknowledged, and how long each waits: python -m bench.hooks

The server stands on a scratch home on a disk, in SQLite; signed events of SendGrid are posted
over connections that are kept. An event is acknowledged once it is flushed to the disk.

senders    so many connections post, each its next event when one is acknowledged
tricklers  so many connections send an octet a second; a good POST now and then is timed
kills      the server is killed (SIGKILL) so many times while events are posted

At the end every acknowledged receipt is looked up in the store; one that is missing makes
the run fail.
"""

from __future__ import annotations

import argparse
import http.client
import secrets
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bench.posting import PASSWORD, SETTINGS, Senders, Server, Tricklers, free_port, missing
from bench.table import Figure, Goal, machine, percentile, table

SENDERS = (32, 64, 200)
GOAL_RATE = Goal(1000)
GOAL_P99_MS = Goal(250, at_most=True)
GOAL_BESIDE_S = Goal(1, at_most=True)
GOOD_POSTS = 20
KILLING_SENDERS = 16


@dataclass
class Place:
    """A running server, and every receipt that it acknowledged."""

    server: Server
    home: Path
    port: int
    path: str
    acknowledged: list[str] = field(default_factory=list)

    def posted(self, seconds: float, count: int, name: str) -> Senders:
        """Let so many connections post for some seconds."""
        senders = Senders(self.port, self.path, time.monotonic() + seconds, count, name)
        senders.start()
        senders.join()
        return self.noted(senders)

    def noted(self, senders: Senders) -> Senders:
        """Keep what was acknowledged, to look it up at the end."""
        self.acknowledged += senders.receipts
        if not senders.receipts:
            raise SystemExit("nothing was acknowledged")
        return senders

    def warm_up(self) -> None:
        """A question and an event, so that the first that is timed finds everything loaded."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
        connection.request("GET", self.path)
        connection.getresponse().read()
        connection.close()
        self.posted(0.5, 1, "w")


def main() -> int:
    """Run it and print what was measured; 1 if an acknowledged receipt is missing."""
    asked = _arguments().parse_args()
    before = machine()
    with tempfile.TemporaryDirectory(prefix="bench-", dir=asked.work) as folder:
        place = _place(Path(folder))
        try:
            for row in table(_figures(place, asked)):
                print(row, flush=True)
        finally:
            place.server.stop()
        lost = missing(place.home, place.acknowledged)
    print(f"\n{len(place.acknowledged):,} acknowledged, {lost} of them not in the store.")
    print(f"Measured on {before}; {machine().rpartition(', ')[2]} at the end.")
    return 1 if lost else 0


def _place(home: Path) -> Place:
    port, token = free_port(), secrets.token_urlsafe(18)
    settings = SETTINGS.format(token=token, password=PASSWORD)
    (home / "config.toml").write_text(settings, "utf-8")
    return Place(Server(home, port), home, port, f"/hooks/bench/{token}")


def _figures(place: Place, asked: argparse.Namespace) -> Iterator[Figure]:
    place.warm_up()
    for count in asked.senders:
        yield from _together(place, count, asked)
    if asked.tricklers:
        yield _beside(place, asked.tricklers)
    if asked.kills:
        yield _killed(place, asked.kills)


def _together(place: Place, count: int, asked: argparse.Namespace) -> Iterator[Figure]:
    rates, p99_ms, server_us, load_us, failed = [], [], [], [], 0
    for run in range(asked.runs):
        busy_s = place.server.busy_s()
        senders = place.posted(asked.seconds, count, f"r{run}")
        n = len(senders.receipts)
        rates.append(n / asked.seconds)
        p99_ms.append(percentile(senders.waits_s, 99) * 1000)
        server_us.append((place.server.busy_s() - busy_s) / n * 1e6)
        load_us.append(senders.busy_s / n * 1e6)
        failed += senders.failures
    on, note = f"{count} senders", f"{failed} failed" if failed else ""
    yield Figure("webhooks acknowledged", on, tuple(rates), "/s", GOAL_RATE, note)
    yield Figure("wait for it, p99", on, tuple(p99_ms), "ms", GOAL_P99_MS)
    yield Figure("processor time of the server", on, tuple(server_us), "µs/receipt")
    yield Figure("processor time of the load", on, tuple(load_us), "µs/receipt")


def _beside(place: Place, count: int) -> Figure:
    tricklers = Tricklers(place.port, place.path, count)
    tricklers.start()
    waits: list[float] = []
    for n in range(GOOD_POSTS):
        time.sleep(0.2)
        waits += place.posted(0, 1, f"t{n:02d}").waits_s[:1]
    tricklers.let_go()
    note = f"the slowest of {len(waits)}"
    on = f"{count} sockets with an octet a second"
    return Figure("a good POST beside", on, (max(waits),), "s", GOAL_BESIDE_S, note)


def _killed(place: Place, kills: int) -> Figure:
    """Between two kills so many events as it takes, until some were acknowledged."""
    senders = Senders(place.port, place.path, float("inf"), KILLING_SENDERS, "k")
    senders.start()
    gaps: list[int] = []
    for _ in range(kills):
        before = len(senders.receipts)
        _wait_for_more(senders, before)
        time.sleep(secrets.randbelow(300) / 1000)
        place.server.kill()
        gaps.append(len(senders.receipts) - before)
    _wait_for_more(senders, len(senders.receipts))
    senders.end()
    place.noted(senders)
    lost = missing(place.home, senders.receipts)
    note = f"{len(senders.receipts):,} acknowledged; {min(gaps)} at least between two kills"
    return Figure("acknowledged, then lost", f"{kills} kills", (lost,), "", None, note)


def _wait_for_more(senders: Senders, than: int) -> None:
    deadline = time.monotonic() + 60
    while len(senders.receipts) <= than:
        if time.monotonic() > deadline:
            raise SystemExit("after a kill nothing was acknowledged for a minute")
        time.sleep(0.01)


def _counts(text: str) -> list[int]:
    return [int(one) for one in text.split(",")]


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.hooks", description="Measure how webhooks are acknowledged."
    )
    add = parser.add_argument
    add("--senders", type=_counts, default=list(SENDERS), metavar="N,…",
        help="connections that post at a time (32,64,200)")  # fmt: skip
    add("--seconds", type=float, default=5, help="of one run (5)")
    add("--runs", type=int, default=3, help="for each number of senders (3)")
    add("--tricklers", type=int, default=200, help="connections that send an octet a second (200)")
    add("--kills", type=int, default=0, help="kills of the server while events come (0)")
    add("--work", type=Path, metavar="FOLDER", help="where the store goes: a disk, no RAM")
    return parser


if __name__ == "__main__":
    sys.exit(main())
