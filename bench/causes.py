"""How well causes are named on labelled replies: python -m bench.causes ROWS [CAUSES]

ROWS is a file of JSON lines: id, text, reply_code, enhanced, command, and gold (a list of
acceptable causes, the best first). CAUSES is a JSON file that says who has to act on each
cause ({"causes": [{"id": …, "who": "us or their admin"}]}); without it our own sides count.
A fifth of the rows, always the same one, is kept aside: whoever writes rules looks at the others
only. Printed for all rows, for those kept aside and for the rest:

accept      share of rows whose named cause is among the acceptable ones
recall      mean, over the best causes that have four rows or more, of their share of
            accepted rows (macro recall)
precision   share of right ones among the rows that were answered at all
answered    share of rows that were not called unknown
side        share of rows where the side that has to act is that of an acceptable cause
ms          milliseconds a reply that was never seen before
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from statistics import mean
from time import perf_counter
from typing import NamedTuple

from tracer.causes import UNKNOWN, catalog
from tracer.explain import classify, explain_by
from tracer.model import Outcome

FEWEST = 4  # rows of a cause that can have a recall of its own
ASIDE = 5  # one row in so many is kept aside
_SIDES = (
    ("their admin", "their_admin"), ("sender", "sender"), ("recipient", "recipient"),
    ("nobody", "nobody"), ("us", "us"), ("last real error", "us"),
)  # fmt: skip
_FIGURES = ("accept", "recall", "precision", "answered", "side", "ms")


class Row(NamedTuple):
    """One labelled reply and the cause that it was given."""

    id: str
    text: str
    gold: tuple[str, ...]
    named: str
    ms: float

    @property
    def accepted(self) -> bool:
        return self.named in self.gold

    @property
    def kept_aside(self) -> bool:
        return int(hashlib.sha256(self.id.encode()).hexdigest(), 16) % ASIDE == 0


def read(lines: Iterable[str]) -> Iterator[Row]:
    """Name the cause of every labelled reply."""
    for line in lines:
        row = json.loads(line)
        code, text = row.get("reply_code", ""), row["text"]
        told = text if not code or code in text else f"{code} {text}"
        outcome = Outcome.DEFERRED if code.startswith("4") else Outcome.BOUNCED
        started = perf_counter()
        named = classify(outcome, told, row.get("enhanced", ""), row.get("command", ""))
        ms = (perf_counter() - started) * 1000
        yield Row(row.get("id") or text, text, tuple(row["gold"]), named, ms)


def sides(told: Mapping[str, str]) -> dict[str, frozenset[str]]:
    """Who may be told to act on each cause: ours, or as `told` ("us or their admin") says."""
    own = {cause.id: frozenset({cause.side.value}) for cause in catalog().values()}
    return own | {
        cause: frozenset(side for words, side in _SIDES if words in who)
        for cause, who in told.items()
    }


def macro_recall(rows: Iterable[Row]) -> float:
    """The mean, over the best causes that have rows enough, of the share that was accepted."""
    by_cause: dict[str, list[bool]] = defaultdict(list)
    for row in rows:
        by_cause[row.gold[0]].append(row.accepted)
    shares = [mean(accepted) for accepted in by_cause.values() if len(accepted) >= FEWEST]
    return mean(shares) if shares else 0.0


def report(rows: list[Row], acting: Mapping[str, frozenset[str]]) -> dict[str, float]:
    """The figures: shares between 0 and 1, and milliseconds."""
    answered = [row for row in rows if row.named != UNKNOWN]
    ours = {cause.id: cause.side.value for cause in catalog().values()}
    return {
        "accept": mean(row.accepted for row in rows),
        "recall": macro_recall(rows),
        "precision": mean(row.accepted for row in answered) if answered else 0.0,
        "answered": len(answered) / len(rows),
        "side": mean(any(ours[row.named] in acting[cause] for cause in row.gold) for row in rows),
        "ms": mean(row.ms for row in rows),
    }


def table(parts: Mapping[str, list[Row]], acting: Mapping[str, frozenset[str]]) -> str:
    """One line a figure, one column a part that has rows."""
    parts = {name: rows for name, rows in parts.items() if rows}
    reports = [report(rows, acting) for rows in parts.values()]
    heads = "".join(f"{f'{name} ({len(rows)})':>18}" for name, rows in parts.items())
    lines = [f"{'':10}{heads}"]
    for figure in _FIGURES:
        values = (figures[figure] for figures in reports)
        lines.append(f"{figure:10}" + "".join(f"{_shown(figure, value):>18}" for value in values))
    return "\n".join(lines) + "\n"


def _shown(figure: str, value: float) -> str:
    return f"{value:.3f}" if figure == "ms" else f"{value:.1%}"


def main() -> None:
    """Read the files named on the command line and print the figures."""
    parser = argparse.ArgumentParser(description="Measure how well causes are named.")
    parser.add_argument("rows", type=Path, help="labelled replies, JSON lines")
    parser.add_argument("causes", type=Path, nargs="?", help="who acts on each cause, JSON")
    parser.add_argument("--wrong", action="store_true", help="print the rows that went wrong too")
    args = parser.parse_args()
    told = json.loads(args.causes.read_text("utf-8"))["causes"] if args.causes else []
    acting = sides({cause["id"]: cause["who"] for cause in told})
    classify(Outcome.BOUNCED, "so that the rules are read")
    explain_by(catalog())  # and nothing is remembered
    rows = list(read(args.rows.read_text("utf-8").splitlines()))
    aside = [row for row in rows if row.kept_aside]
    rest = [row for row in rows if not row.kept_aside]
    sys.stdout.write(table({"all": rows, "kept aside": aside, "the rest": rest}, acting))
    for row in rows if args.wrong else ():
        if not row.accepted:
            sys.stdout.write(f"{row.named} <- {','.join(row.gold)} | {row.text[:160]}\n")


if __name__ == "__main__":
    main()
