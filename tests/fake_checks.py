"""Checks that ask nobody: they find what they are told to find."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator

from tests.fakes import FakeLookup
from tracer.diagnostics.check import Check
from tracer.diagnostics.model import Evidence, Finding, Fix, Side, Source, Target, Verdict
from tracer.diagnostics.world import World

ASKED = Evidence(
    source=Source.DNS,
    question="corp.example TXT",
    answer="v=spf1 ?all",
    server="127.0.0.1:53",
    ttl_s=300,
    at_us=1_795_000_000_000_000,
    took_ms=12.0,
)


def found(
    code: str, verdict: Verdict = Verdict.PASS, side: Side = Side.SENDER, **more: object
) -> Finding:
    """A finding; `more` are its other fields."""
    return Finding(
        check=code.partition(".")[0],
        code=code,
        verdict=verdict,
        side=side,
        **{"subject": "corp.example", "evidence": (ASKED,), **more},  # type: ignore[arg-type]
    )


def saying(*findings: Finding, name: str = "") -> Check:
    """A check that finds just this."""
    return doing(name or findings[0].check, lambda target, world: findings)


def doing(name: str, run: Callable[[Target, World], Iterable[Finding]]) -> Check:
    """A check that does this for every target."""
    return Check(name=name, run=run, concerns=lambda target: True)


def waiting(name: str, door: threading.Event) -> Check:
    """A check that passes when the door is opened."""

    def run(target: Target, world: World) -> Iterator[Finding]:
        assert door.wait(20)
        yield found(f"{name}.fine")

    return doing(name, run)


def world() -> World:
    """A world where nothing can be asked."""
    return World(dns=FakeLookup())


WEAK = found(
    "spf.weak",
    Verdict.FAIL,
    fix=Fix(
        records=('corp.example. 3600 IN TXT "v=spf1 mx -all"',),
        reference="RFC 7208, 5.1",
        effective_s=300,
    ),
)
FINE = found("dmarc.fine", side=Side.RECIPIENT)
