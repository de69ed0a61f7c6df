"""Makes the sample log: runs the lab in a private network and stretches its minutes.

    sudo python -m tests.system.lab.make_sample collectors/samples/postfix.log.xz

Needs root, Linux, Postfix with postfix-pcre, iproute2 and unshare. What is changed in
the lines, and why, is told in `collectors/samples/README.md`.
"""

from __future__ import annotations

import argparse
import lzma
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.system.lab import corp, namespace
from tests.system.lab.lab import Lab
from tests.system.lab.recorder import Recorder, Seen
from tests.system.lab.sample_people import OUTSIDE
from tests.system.lab.sample_plan import SPAN_S, START_HOUR, Plan, destinations
from tests.system.lab.stretch import Moved, Planned, stretch

PACE = corp.Pace(retry_s=3, lifetime_s=36, notice_s=12)
START = datetime(2026, 11, 19, START_HOUR, tzinfo=UTC)
LISTED = [f"203.0.113.{number}" for number in (*range(120, 125), *range(130, 146))]


def main() -> None:
    options = _options()
    namespace.enter()
    with tempfile.TemporaryDirectory(prefix="mail-lab-") as folder:
        seen, plan = record(Path(folder), options.ordinary, options.seed)
    moved = [line for line in stretch(seen, plan, options.seed) if line.at <= SPAN_S]
    text = "".join(f"{_stamp(line.at)} {line.host} {line.text}\n" for line in moved)
    options.output.write_bytes(lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME))
    _tell(moved, options.output)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=Path)
    parser.add_argument("--ordinary", type=int, default=330, help="messages without a story")
    parser.add_argument("--seed", type=int, default=2026)
    return parser.parse_args()


def record(root: Path, ordinary: int, seed: int) -> tuple[Sequence[Seen], Sequence[Planned]]:
    """Play the whole plan, wait until every queue is empty, and return what was logged."""
    root.chmod(0o755)  # Postfix's own user must come through
    network = namespace.Namespace(root)
    _publish(network)
    plan = []
    with Lab(root / "lab", destinations(), network=network, pace=PACE, postscreen=True) as lab:
        with Recorder(lab.logs()) as recorder:
            for step in Plan(seed).steps(ordinary):
                plan.append(Planned(time.time(), step.at))
                step.act(lab)
            lab.wait_until(lab.is_idle, "all queues are empty", timeout_s=180)
            whole = sum(log.read_bytes().count(b"\n") for log in lab.logs().values())
            lab.wait_until(lambda: len(recorder.lines) >= whole, "the log is read to its end")
    return recorder.lines, plan


def _publish(network: namespace.Namespace) -> None:
    """What the destinations do not publish by themselves; nobody listens at the harbour's."""
    names = network.names
    network.know("mx.harbour.example", "198.51.100.200")
    names.mail("harbour.example", "mx.harbour.example")
    names.mail("corp.example", "mx1.corp.example")
    names.mail("blocked.example", "mx.blocked.example")
    for domain in OUTSIDE:
        names.host(domain, "198.51.100.9")
    for address in LISTED:
        names.listed(address, namespace.BLOCKLIST, f"https://www.blocklist.example/query/{address}")


def _stamp(at: float) -> str:
    return (START + timedelta(seconds=at)).isoformat(timespec="microseconds")


def _tell(moved: Sequence[Moved], output: Path) -> None:
    mails = len({line.mail for line in moved})
    size = output.stat().st_size
    sys.stderr.write(f"{len(moved)} lines, {mails} mails and visits, {size} bytes\n")


if __name__ == "__main__":
    main()
