"""Running checks: all at once, each finding as it comes, and honest about what broke."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from tests.fake_checks import FINE, WEAK, doing, found, saying, waiting, world
from tracer.diagnostics.asking import BadTarget
from tracer.diagnostics.check import Check
from tracer.diagnostics.closed import ClosedLookup
from tracer.diagnostics.model import Finding, Target, Verdict
from tracer.diagnostics.run import chosen, diagnose
from tracer.diagnostics.world import World

TARGET = Target(sender="orders@corp.example", recipient="anna@northwind.example")


def codes(findings: tuple[Finding, ...]) -> list[str]:
    return [finding.code for finding in findings]


def test_findings_stand_in_the_order_of_the_checks_whoever_is_first() -> None:
    door = threading.Event()
    told: list[str] = []

    def on_finding(finding: Finding) -> None:
        told.append(finding.code)
        door.set()  # the first check may go on only after the second has spoken

    report = diagnose(TARGET, world(), [waiting("slow", door), saying(FINE)], on_finding)
    assert told == ["dmarc.fine", "slow.fine"]
    assert codes(report.findings) == ["slow.fine", "dmarc.fine"]
    assert report.finished_us > report.started_us


def test_a_finding_is_handed_on_before_its_check_is_done() -> None:
    door = threading.Event()

    def run(target: Target, world: World) -> Iterator[Finding]:
        yield WEAK
        assert door.wait(20)
        yield found("spf.more")

    report = diagnose(TARGET, world(), [doing("spf", run)], lambda finding: door.set())
    assert codes(report.findings) == ["spf.weak", "spf.more"]


def test_a_check_that_breaks_is_our_fault_and_the_others_go_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def run(target: Target, world: World) -> Iterator[Finding]:
        yield WEAK
        raise ZeroDivisionError("a fault of ours")

    report = diagnose(TARGET, world(), [doing("spf", run), saying(FINE)])
    assert codes(report.findings) == ["spf.weak", "spf.crashed", "dmarc.fine"]
    assert report.findings[1].verdict is Verdict.UNKNOWN
    assert "a fault of ours" in caplog.text and "Traceback" in caplog.text


def test_the_run_ends_when_its_time_is_over() -> None:
    door = threading.Event()
    report = diagnose(TARGET, world(), [waiting("slow", door), saying(FINE)], limit_s=0.2)
    door.set()
    assert codes(report.findings) == ["slow.unfinished", "dmarc.fine"]
    assert report.findings[0].verdict is Verdict.UNKNOWN


def test_a_check_without_anything_to_ask_is_left_out() -> None:
    apart = Check(name="spf", run=lambda target, world: [WEAK], concerns=lambda target: False)
    assert diagnose(TARGET, world(), [apart]).findings == ()


def test_nothing_is_asked_when_the_network_is_closed() -> None:
    def run(target: Target, world: World) -> Iterator[Finding]:
        world.dns.ask("corp.example", "TXT")
        yield WEAK

    report = diagnose(TARGET, World(dns=ClosedLookup()), [doing("spf", run), saying(FINE)])
    assert codes(report.findings) == ["spf.closed", "dmarc.fine"]
    assert report.findings[0].verdict is Verdict.NA


def test_checks_are_chosen_by_name_in_their_order() -> None:
    checks = [saying(WEAK), saying(FINE)]
    assert [check.name for check in chosen(["dmarc", "spf"], checks)] == ["spf", "dmarc"]
    assert len(chosen([], checks)) == 2
    with pytest.raises(BadTarget, match=r"no check spv; there are dmarc, spf"):
        chosen(["spv"], checks)


@pytest.mark.parametrize("module", ["tracer.cli.diagnose", "webui.app", "webui.cli"])
def test_starting_does_not_pay_for_the_libraries_of_the_checks(module: str) -> None:
    heavy = "checkdmarc dns dkim spf cryptography aiosmtpd".split()
    code = f"import sys, {module}; print(*(name for name in {heavy} if name in sys.modules))"
    told = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert told.strip() == ""
