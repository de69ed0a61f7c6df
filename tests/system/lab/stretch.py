"""Spreads the minutes a lab ran over two days, keeping what the lines say true.

Every mail is moved as a whole to the hour it was planned for. Inside it everything
keeps its own timing, except the waiting in a queue: the time before each new attempt
becomes what Postfix's defaults would make it (5 minutes, doubling, at most 4000 s,
found by a queue run every 5 minutes). `delay=` and the first figure of `delays=` grow
by the time that was put in.
"""

from __future__ import annotations

import random
import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tests.system.lab.belonging import NOBODY, Line, Node, causes, mails, owned
from tests.system.lab.recorder import Seen

DELAYS = re.compile(r"delay=([\d.]+), delays=([\d.]+)/")
FIRST_WAIT_S, LONGEST_WAIT_S, QUEUE_RUN_S = 300, 4000, 300
SOON_S, LATER_S = (100, 280), (900, 3000)
"""How long an administrator takes for the first step with a message, and for the next."""
NEW_TURN_S = 0.5
ASIDE_S = 11.0


@dataclass(frozen=True)
class Planned:
    """A submission: when it really began, and when it is to have begun; both in seconds."""

    began: float
    planned: float


@dataclass(frozen=True)
class Moved:
    """A line at its new time, in seconds from the start of the sample."""

    at: float
    host: str
    text: str
    mail: Node


def stretch(lines: Sequence[Seen], plan: Sequence[Planned], seed: int) -> list[Moved]:
    """All lines that belong to a planned mail, in their new order.

    Lines about no mail (the daemons' own) are left out. No two sessions of one process
    overlap in the result, and the lines of one queue id keep their order.
    """
    ours = owned(lines)
    mail_of = mails(ours)
    retimed = _Waits(ours, seed).retime()
    shift = _shifts(ours, mail_of, plan)
    for _ in range(200):
        moved = [
            Moved(line.seen.at + extra + shift[mail], line.seen.host, text, mail)
            for line, (extra, text) in zip(ours, retimed, strict=True)
            for mail in [mail_of[line.owner]]
        ]
        crossing = _crossing(ours, moved)
        if not crossing:
            return sorted(moved, key=lambda line: line.at)
        for mail in crossing:
            shift[mail] += ASIDE_S
    raise RuntimeError("sessions still overlap; choose another seed")


class _Waits:
    """Puts time in before each new attempt of each queue id; what it causes moves along."""

    def __init__(self, lines: Sequence[Line], seed: int):
        self._lines, self._random = lines, random.Random(seed)
        self._causes = causes(lines)
        self._put_in: dict[Node, float] = {}
        self._on_arrival: dict[Node, float] = {}
        self._turns: dict[Node, _Turns] = {}

    def retime(self) -> list[tuple[float, str]]:
        """For each line the time put in before it, and its text with delays that fit."""
        return [self._one(line) for line in self._lines]

    def _one(self, line: Line) -> tuple[float, str]:
        owner = line.owner
        if owner not in self._put_in:
            caused = self._put_in.get(self._causes.get(owner, NOBODY), 0.0)
            self._put_in[owner] = self._on_arrival[owner] = caused
        if _is_turn(line):
            self._take_turn(line)
        waited = self._put_in[owner] - self._on_arrival[owner]
        return self._put_in[owner], _with_delay(line.seen.text, waited)

    def _take_turn(self, line: Line) -> None:
        at = line.seen.at
        by_hand = line.program.endswith("postsuper")
        before = self._turns.get(line.owner)
        if before is None:
            self._turns[line.owner] = _Turns(1, at, by_hand)
            return
        if by_hand or before.by_hand or at - before.at > NEW_TURN_S:
            wait = self._wait_s(before, by_hand) - (at - before.at)
            self._put_in[line.owner] += max(wait, 0)
        self._turns[line.owner] = _Turns(before.tries + (not by_hand), at, by_hand)

    def _wait_s(self, before: _Turns, by_hand: bool) -> float:
        if by_hand:
            return self._random.uniform(*(LATER_S if before.by_hand else SOON_S))
        backoff = min(FIRST_WAIT_S << (before.tries - 1), LONGEST_WAIT_S)
        return backoff * (not before.by_hand) + self._random.uniform(0, QUEUE_RUN_S)


@dataclass(frozen=True)
class _Turns:
    """How often a message was tried, and who last took it up, when."""

    tries: int
    at: float
    by_hand: bool


def _is_turn(line: Line) -> bool:
    """Whether the queue manager, or an administrator, takes up the message with this line."""
    if line.program.endswith("postsuper"):
        return True
    return line.program.endswith("qmgr") and (
        "(queue active)" in line.seen.text or "status=expired" in line.seen.text
    )


def _with_delay(text: str, waited: float) -> str:
    found = DELAYS.search(text)
    if not waited or not found:
        return text
    figures = [_figure(float(x) + waited) for x in found.groups()]
    return text[: found.start()] + "delay={}, delays={}/".format(*figures) + text[found.end() :]


def _figure(seconds: float) -> str:
    """As Postfix prints a delay: two digits that count, at most two decimals."""
    places = 0 if seconds >= 10 else 1 if seconds >= 1 else 2
    text = f"{seconds:.{places}f}"
    return text.rstrip("0").rstrip(".") if places else text


def _shifts(
    lines: Sequence[Line], mail_of: Mapping[Node, Node], plan: Sequence[Planned]
) -> dict[Node, float]:
    """How far each mail moves: its first line goes where its submission was planned."""
    began = [step.began for step in plan]
    shift: dict[Node, float] = {}
    for line in lines:
        step = plan[max(bisect_right(began, line.seen.at) - 1, 0)]
        shift.setdefault(mail_of[line.owner], step.planned - step.began)
    return shift


def _crossing(lines: Sequence[Line], moved: Sequence[Moved]) -> set[Node]:
    """Mails of which one session lies across another session of the same process."""
    spans: dict[Node, dict[Node, list[Moved]]] = defaultdict(lambda: defaultdict(list))
    for line, new in zip(lines, moved, strict=True):
        if line.session:
            spans[new.host, line.pid][line.session].append(new)
    return {
        after[0].mail
        for sessions in spans.values()
        for before, after in pairwise(sorted(sessions.values(), key=_first))
        if _last(before) >= _first(after)
    }


def _first(span: Sequence[Moved]) -> float:
    return min(line.at for line in span)


def _last(span: Sequence[Moved]) -> float:
    return max(line.at for line in span)
