"""How well causes are named on labelled replies: python bench/causes.py PATH

PATH is a file of JSON lines: text, reply_code, enhanced, command, and gold (a list of
acceptable causes, the best first). Printed, one figure a line:

accept      share of rows whose named cause is among the acceptable ones
recall      mean over the best causes of their share of accepted rows (macro recall)
precision   share of right ones among the rows that were answered at all
answered    share of rows that were not called unknown
side        share of rows where the side that has to act is that of an acceptable cause
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from statistics import mean
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parent.parent))

from tracer.causes import UNKNOWN, catalog
from tracer.explain import classify
from tracer.model import Outcome


class Row(NamedTuple):
    """One labelled reply and the cause that it was given."""

    text: str
    gold: tuple[str, ...]
    named: str

    @property
    def accepted(self) -> bool:
        return self.named in self.gold


def read(lines: Iterable[str]) -> Iterator[Row]:
    """Name the cause of every labelled reply."""
    for line in lines:
        row = json.loads(line)
        code, text = row.get("reply_code", ""), row["text"]
        told = text if not code or code in text else f"{code} {text}"
        outcome = Outcome.DEFERRED if code.startswith("4") else Outcome.BOUNCED
        named = classify(outcome, told, row.get("enhanced", ""), row.get("command", ""))
        yield Row(text, tuple(row["gold"]), named)


def macro_recall(rows: list[Row]) -> float:
    """The mean, over the best causes, of the share of their rows that were accepted."""
    by_cause: dict[str, list[bool]] = defaultdict(list)
    for row in rows:
        by_cause[row.gold[0]].append(row.accepted)
    return mean(mean(accepted) for accepted in by_cause.values())


def side_accuracy(rows: list[Row]) -> float:
    """The share of rows where the right side is told to act."""
    side = {cause.id: cause.side for cause in catalog().values()}
    return mean(side[row.named] in {side[cause] for cause in row.gold} for row in rows)


def report(rows: list[Row]) -> dict[str, float]:
    """The figures, each between 0 and 1."""
    answered = [row for row in rows if row.named != UNKNOWN]
    return {
        "accept": mean(row.accepted for row in rows),
        "recall": macro_recall(rows),
        "precision": mean(row.accepted for row in answered) if answered else 0.0,
        "answered": len(answered) / len(rows),
        "side": side_accuracy(rows),
    }


def main() -> None:
    """Read the file named on the command line and print the figures."""
    parser = argparse.ArgumentParser(description="Measure how well causes are named.")
    parser.add_argument("path", type=Path, help="labelled replies, JSON lines")
    parser.add_argument("--wrong", action="store_true", help="print the rows that went wrong too")
    args = parser.parse_args()
    rows = list(read(args.path.read_text("utf-8").splitlines()))
    for name, figure in report(rows).items():
        sys.stdout.write(f"{name:10} {figure:7.1%}\n")
    for row in rows if args.wrong else ():
        if not row.accepted:
            sys.stdout.write(f"{row.named} <- {','.join(row.gold)} | {row.text[:160]}\n")


if __name__ == "__main__":
    main()
