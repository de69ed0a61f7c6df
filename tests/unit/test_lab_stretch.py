"""Spreading the lab's minutes over two days: what moves, and what must stay true."""

from __future__ import annotations

import re

from tests.system.lab.recorder import Seen
from tests.system.lab.stretch import Moved, Planned, stretch

BEGAN = 1_000_000.0
FIRST, SECOND = "4jXXvm4DKXzJJG9", "4jXXvm5hS1zJJGT"


def lines(*said: tuple[float, str, str]) -> list[Seen]:
    return [Seen(BEGAN + at, host, f"postfix/{text}") for at, host, text in said]


def sent(queue_id: str, delay: str, status: str = "deferred (host said: 450)") -> str:
    said = f"to=<a@b.example>, delay={delay}, delays={delay}/0/0/0, status={status}"
    return f"smtp[7]: {queue_id}: {said}"


def active(queue_id: str) -> str:
    return f"qmgr[5]: {queue_id}: from=<c@d.example>, size=9, nrcpt=1 (queue active)"


RETRIED = lines(
    (0.00, "mx1", f"smtpd[3]: {FIRST}: client=x.example[203.0.113.1]"),
    (0.10, "mx1", active(FIRST)),
    (0.20, "mx1", sent(FIRST, "0.2")),
    (3.10, "mx1", active(FIRST)),
    (3.20, "mx1", sent(FIRST, "3.2")),
    (9.10, "mx1", active(FIRST)),
    (9.20, "mx1", sent(FIRST, "9.2", f"sent (250 2.0.0 Ok: queued as {SECOND})")),
    (9.15, "mx2", f"smtpd[8]: {SECOND}: client=mx1.corp.example[192.0.2.10]"),
)


def moved(seen: list[Seen], *plan: tuple[float, float]) -> list[Moved]:
    steps = [Planned(BEGAN + began, planned) for began, planned in plan or [(-0.1, 500.0)]]
    return stretch(sorted(seen, key=lambda line: line.at), steps, seed=1)


def attempts(result: list[Moved]) -> list[Moved]:
    return [line for line in result if "delay=" in line.text]


def test_mail_begins_when_it_was_planned() -> None:
    assert round(moved(RETRIED)[0].at, 3) == 500.1


def test_waits_grow_like_postfix_backoff() -> None:
    first, second, third = (line.at for line in attempts(moved(RETRIED)))
    assert 300 <= second - first <= 600
    assert 600 <= third - second <= 900


def test_delay_is_the_time_since_arrival() -> None:
    result = moved(RETRIED)
    for line in attempts(result)[1:]:
        delay = float(re.findall(r" delay=([\d.]+)", line.text)[0])
        assert abs(delay - (line.at - result[0].at)) < 1


def test_delay_without_waiting_is_left_as_it_was() -> None:
    assert " delay=0.2, delays=0.2/0/0/0" in attempts(moved(RETRIED))[0].text


def test_next_host_receives_when_the_mail_was_sent() -> None:
    result = moved(RETRIED)
    (taken,) = (line for line in result if line.host == "mx2")
    assert 0 <= attempts(result)[-1].at - taken.at < 0.1
    assert len({line.mail for line in result}) == 1


def test_line_order_within_a_queue_is_kept() -> None:
    before = [line.text for line in RETRIED if FIRST in line.text and "delay=" not in line.text]
    after = [line.text for line in moved(RETRIED) if FIRST in line.text]
    assert [text for text in after if "delay=" not in text] == before


def test_sessions_of_one_process_do_not_overlap() -> None:
    def visit(at: float, peer: str) -> list[Seen]:
        return lines(
            (at, "mx1", f"smtpd[3]: connect from {peer}"),
            (at + 0.5, "mx1", f"smtpd[3]: disconnect from {peer} ehlo=1"),
        )

    result = moved([*visit(0, "a"), *visit(1, "b")], (-0.1, 60.0), (0.9, 60.2))
    assert [line.text[-10:] for line in result] == ["ect from a", "m a ehlo=1", "ect from b",
                                                    "m b ehlo=1"]  # fmt: skip


def test_lines_about_no_mail_are_left_out() -> None:
    daemon = lines((0.3, "mx1", "master[1]: reload"), (0.4, "mx1", "anvil[2]: statistics: max"))
    assert len(moved([*RETRIED, *daemon])) == len(RETRIED)
