"""Measure Mailtracer: make bench, or python -m bench --help

Prints a Markdown table for docs/performance.md. Compared programs run in turn with ours in
the same minutes, because machines change their speed; single times mean little elsewhere.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from bench.beside import beside
from bench.calling import shell
from bench.exporting import exports
from bench.filling import long_log, pairs
from bench.finding import growth, recipient
from bench.programs import Failed
from bench.store import archived, searches
from bench.table import Figure, machine, table
from bench.visiting import pages
from bench.workplace import QUICK, Sizes, Workplace
from collectors.compiled import compiled

MEASURES: dict[str, Callable[[Workplace], Iterator[Figure]]] = {
    "pairs": pairs,
    "scaled": long_log,
    "recipient": recipient,
    "growth": growth,
    "pages": pages,
    "shell": shell,
    "exports": exports,
    "searches": searches,
    "beside": beside,
    "archive": archived,
}


def main() -> int:
    """The command; 1 if something could not be measured because a program failed."""
    args = _arguments().parse_args()
    if args.work:
        args.work.mkdir(parents=True, exist_ok=True)
    before = machine()
    with tempfile.TemporaryDirectory(prefix="bench-", dir=args.work) as folder:
        place = Workplace(
            Path(folder), _sizes(args), log=args.log, scaled=args.scaled, home=args.home
        )
        failures: list[Failed] = []
        for row in table(_figures(place, args.only, failures)):
            print(row, flush=True)
    print(f"\nMeasured on {before}; {_reading()}.")
    for failure in failures:
        print(failure, file=sys.stderr)
    return 1 if failures else 0


def _reading() -> str:
    """Whether what was measured is what `make fast` makes of the reading process."""
    is_fast = compiled(str(Path(__file__).parents[1]))
    return f"the reading process {'compiled' if is_fast else 'not compiled'}"


def _figures(place: Workplace, only: Iterable[str], failures: list[Failed]) -> Iterator[Figure]:
    for name in only:
        try:
            yield from MEASURES[name](place)
        except Failed as failure:
            failures.append(failure)


def _sizes(args: argparse.Namespace) -> Sizes:
    sizes = QUICK if args.quick else Sizes()
    given = {name: getattr(args, name) for name in ("lines", "days", "pairs")}
    return replace(sizes, **{name: value for name, value in given.items() if value})


def _names(text: str) -> list[str]:
    wanted = text.split(",")
    if unknown := set(wanted) - set(MEASURES):
        raise argparse.ArgumentTypeError(
            f"no {', '.join(unknown)}; there are {', '.join(MEASURES)}"
        )
    return [name for name in MEASURES if name in wanted]


def _file(text: str) -> Path:
    path = Path(text).absolute()
    if not path.exists():
        raise argparse.ArgumentTypeError(f"there is no {text}")
    return path


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="Measure Mailtracer against pflogsumm and ripgrep."
    )
    add = parser.add_argument
    add("--log", type=_file, help="a Postfix log, plain; by default the sample log repeated")
    add("--lines", type=int, help="lines of the scaled log (5,000,000)")
    add("--days", type=float, help="days that it covers (30)")
    add("--scaled", type=_file, metavar="PATH", help="a scaled log that is ready")
    add(
        "--home",
        type=_file,
        metavar="PATH",
        help="a home that holds the scaled log already; searches need no log beside it",
    )
    add("--pairs", type=int, help="runs in turn with pflogsumm (5)")
    add("--work", type=Path, metavar="FOLDER", help="where temporary files go; 3 GB")
    add("--quick", action="store_true", help="small sizes: does it work at all?")
    add("--only", type=_names, default=list(MEASURES), metavar="NAME,…",
        help=f"some of {', '.join(MEASURES)}")  # fmt: skip
    return parser


if __name__ == "__main__":
    sys.exit(main())
