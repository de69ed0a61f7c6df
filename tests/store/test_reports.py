"""Reports are written while they run, kept with their history, and compared."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import msgspec
import pytest
from sqlalchemy import Engine

from tests.fake_checks import FINE, WEAK, doing, found, saying, waiting, world
from tracer.diagnostics.check import Check
from tracer.diagnostics.kept import (
    Difference,
    difference,
    findings,
    open_again,
    open_report,
    report_of,
    run_into,
    subject_of,
    target_of,
)
from tracer.diagnostics.model import Finding, Target, Verdict
from tracer.diagnostics.world import World
from tracer.errors import NotFound
from tracer.model import DAY_US, SECOND_US
from tracer.store import reports
from tracer.store.reports import Kept, State

NOW_US = 1_795_342_000_000_000
PAIR = Target(sender="orders@corp.example", recipient="anna@northwind.example")
BOTH = (saying(WEAK), saying(FINE))


def opened(target: Target) -> tuple[Target, World]:
    return target, world()


def made(
    store: Engine, checks: Sequence[Check] = BOTH, target: Target = PAIR, at_us: int = NOW_US
) -> Kept:
    """A report that has been run to its end."""
    kept = open_report(store, target, at_us, checks=checks)
    run_into(store, kept, opened, checks)
    with store.connect() as conn:
        return reports.load(conn, kept.id)


def found_in(store: Engine, kept: Kept, checks: Sequence[Check] = BOTH) -> list[Finding]:
    with store.connect() as conn:
        return findings(conn, kept.id, checks)


def test_a_report_comes_back_as_it_was(store: Engine) -> None:
    kept = made(store)
    assert kept.state is State.DONE
    assert kept.finished_us is not None and kept.finished_us > NOW_US
    assert kept.counted() == {"fail": 1, "warning": 0, "unknown": 0, "pass": 1, "na": 0}
    assert target_of(kept) == PAIR
    assert found_in(store, kept) == [WEAK, FINE]
    assert report_of(kept, [WEAK]).findings == (WEAK,)


def test_ids_cannot_be_guessed(store: Engine) -> None:
    first, second = (open_report(store, PAIR, NOW_US).id for _ in range(2))
    assert first != second
    assert len(first) >= 20


def test_findings_can_be_read_while_the_run_goes_on(store: Engine) -> None:
    door = threading.Event()
    checks = (saying(FINE), waiting("slow", door))
    kept = open_report(store, PAIR, NOW_US, checks=checks)
    running = threading.Thread(target=run_into, args=(store, kept, opened, checks))
    running.start()
    while not (seen := found_in(store, kept, checks)):
        pass
    assert seen == [FINE]
    with store.connect() as conn:
        assert reports.load(conn, kept.id).state is State.RUNNING
    door.set()
    running.join()
    assert [one.code for one in found_in(store, kept, checks)] == ["dmarc.fine", "slow.fine"]


def test_a_report_whose_process_died_is_told_from_one_that_runs(store: Engine) -> None:
    kept = open_report(store, PAIR, NOW_US, limit_s=10)
    assert not kept.is_cut_off(NOW_US + 10 * SECOND_US)
    assert kept.is_cut_off(NOW_US + 60 * SECOND_US)
    assert not made(store).is_cut_off(NOW_US + DAY_US)


def test_what_breaks_before_the_checks_ends_the_report_as_failed(
    store: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(target: Target) -> tuple[Target, World]:
        raise ValueError("no world")

    kept = open_report(store, PAIR, NOW_US)
    run_into(store, kept, broken, BOTH)
    with store.connect() as conn:
        assert reports.load(conn, kept.id).state is State.FAILED
    assert "no world" in caplog.text


def test_what_is_found_about_the_target_is_kept_with_it(store: Engine) -> None:
    fuller = msgspec.structs.replace(PAIR, ips=("192.0.2.1",), taken_from={"ips": "settings"})
    kept = open_report(store, PAIR, NOW_US, checks=BOTH)
    run_into(store, kept, lambda target: (fuller, world()), BOTH)
    with store.connect() as conn:
        assert target_of(reports.load(conn, kept.id)) == fuller


def test_one_check_is_run_again_and_the_rest_is_taken_over(store: Engine) -> None:
    first = made(store)
    mended = saying(found("spf.fine"))
    second = open_again(store, first, [WEAK, FINE], NOW_US + SECOND_US, [mended])
    run_into(store, second, opened, [mended])
    assert second.first_id == first.id and second.checks == "spf"
    assert [one.code for one in found_in(store, second)] == ["spf.fine", "dmarc.fine"]
    assert found_in(store, first) == [WEAK, FINE]
    third = open_again(store, second, [], NOW_US + 2 * SECOND_US, [mended])
    assert third.first_id == first.id


def test_the_last_run_of_the_same_target_is_found(store: Engine) -> None:
    first = made(store)
    made(store, target=Target(sender="other@corp.example"), at_us=NOW_US + SECOND_US)
    open_report(store, PAIR, NOW_US + 2 * SECOND_US)  # does not end
    shouted = Target(sender="Orders@Corp.example", recipient="<anna@northwind.example>")
    last = made(store, target=shouted, at_us=NOW_US + 3 * SECOND_US)
    with store.connect() as conn:
        assert reports.before(conn, last) == first
        assert reports.before(conn, first) is None
        assert [one.id for one in reports.history(conn, PAIR.sender + " " + PAIR.recipient)][
            ::2
        ] == [last.id, first.id]
        assert len(reports.history(conn, limit=3)) == 3


def test_old_reports_go_and_their_findings_with_them(store: Engine) -> None:
    old, new = made(store), made(store, at_us=NOW_US + DAY_US)
    assert reports.prune(store, NOW_US + 1) == 1
    with store.connect() as conn:
        with pytest.raises(NotFound, match=old.id):
            reports.load(conn, old.id)
        assert reports.bodies(conn, old.id) == []
        assert len(reports.bodies(conn, new.id)) == 2


def test_difference_names_what_came_went_and_changed() -> None:
    listed = found("dnsbl.listed", Verdict.FAIL, subject="192.0.2.1")
    mended = found("spf.fine")
    assert difference([WEAK, FINE], [mended, FINE, listed]) == Difference(
        new=(listed,), changed=((WEAK, mended),)
    )
    assert difference([listed], [FINE]) == Difference(gone=(listed,))
    assert not difference([WEAK, FINE], [FINE, WEAK])


def test_the_order_of_a_check_s_findings_is_no_difference() -> None:
    one, two = found("mx.cname", Verdict.FAIL), found("mx.private", Verdict.WARNING)
    assert not difference([one, two], [two, one])
    assert difference([one, two], [two]) == Difference(gone=(one,))


def test_a_target_without_a_pair_is_known_by_its_addresses() -> None:
    assert subject_of(Target(ips=("192.0.2.2", "192.0.2.1"))) == "192.0.2.1 192.0.2.2"
    assert subject_of(Target(sender="corp.example", ips=("192.0.2.2",))) == "corp.example"


def test_doing_nothing_is_a_report_too(store: Engine) -> None:
    nothing = doing("spf", lambda target, world: ())
    assert made(store, [nothing]).counted()["fail"] == 0
