"""The sample log: dated to now, in order, and holding what its README promises."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from importlib.resources import files

import pytest

from collectors.samples import STAMP, sample_lines
from tracer.model import micros

NOW = datetime(2031, 2, 28, 23, 58, tzinfo=UTC)


@pytest.fixture(scope="module")
def lines() -> list[str]:
    return list(sample_lines(micros(NOW)))


def stamp(line: str) -> datetime:
    return datetime.fromisoformat(line[:STAMP])


def test_newest_line_is_a_few_minutes_old(lines: list[str]) -> None:
    assert timedelta(minutes=1) <= NOW - stamp(lines[-1]) <= timedelta(minutes=5)


def test_all_lines_lie_within_the_last_48_hours(lines: list[str]) -> None:
    assert NOW - stamp(lines[0]) < timedelta(hours=48)
    assert NOW - stamp(lines[0]) > timedelta(hours=40)


def test_lines_are_in_time_order(lines: list[str]) -> None:
    stamps = [stamp(line) for line in lines]
    assert stamps == sorted(stamps)


def test_every_stamp_says_its_zone(lines: list[str]) -> None:
    assert all(stamp(line).utcoffset() == timedelta(0) for line in lines)


def test_another_now_moves_every_line_by_the_same_time(lines: list[str]) -> None:
    later = list(sample_lines(micros(NOW + timedelta(days=400, seconds=7))))
    moved = {stamp(b) - stamp(a) for a, b in zip(lines, later, strict=True)}
    assert moved == {timedelta(days=400, seconds=7)}
    assert [line[STAMP:] for line in later] == [line[STAMP:] for line in lines]


def test_two_hosts_speak(lines: list[str]) -> None:
    assert {line.split(" ", 2)[1] for line in lines} == {"mx1", "mx2"}


def test_file_is_small_enough_for_the_repository() -> None:
    assert len(files("collectors.samples").joinpath("postfix.log.xz").read_bytes()) < 150_000


def test_delay_agrees_with_the_stamps(lines: list[str]) -> None:
    arrived: dict[tuple[str, str], datetime] = {}
    checked = 0
    for line in lines:
        _, host, program, queue_id, *_ = line.split(" ", 4)
        key = host, queue_id
        arrived.setdefault(key, stamp(line))
        delay = re.search(r", delay=([\d.]+), delays=", line)
        if delay and queue_id.endswith(":") and "/" in program:
            waited = (stamp(line) - arrived[key]).total_seconds()
            assert waited == pytest.approx(float(delay[1]), abs=3, rel=0.01), line
            checked += 1
    assert checked > 500


@pytest.mark.parametrize(
    "said",
    [
        r"status=sent \(delivered to maildir\)",
        r"relay=127\.0\.0\.1.*status=sent \(250 2\.0\.0 from MTA.*queued as",
        r"client=.*orig_queue_id=.*orig_client=",
        r"relay=mx2\.corp\.example.*status=sent",
        r"orig_to=<support@corp\.example>",
        r"to=<team@lists\.corp\.example>.*status=sent \(forwarded as",
        r"status=bounced",
        r"sender non-delivery notification",
        r"sender delay notification",
        r"status=deferred \(host mx\.fabrikam\.example.*Greylisted",
        r"NOQUEUE: reject: RCPT.*Greylisted",
        r"status=expired, returned to sender",
        r"NOQUEUE: reject: RCPT.*Relay access denied",
        r"reject: RCPT.*User unknown in relay recipient table",
        r"reject: RCPT.*Helo command rejected",
        r"reject: RCPT.*Sender address rejected: Domain not found",
        r"smtpd\[\d+\]: NOQUEUE: reject: .*blocked using zen\.blocklist\.example",
        r"postscreen\[\d+\]: NOQUEUE: reject:",
        r"milter-reject: END-OF-MESSAGE",
        r"discard: header Subject:",
        r"discarded, id=.*INFECTED",
        r"postsuper\[\d+\]: \w+: removed",
        r"postsuper\[\d+\]: \w+: placed on hold",
        r"pickup\[\d+\]: \w+: uid=0",
        r"header Subject: =\?utf-8\?",
        r"TLS connection established",
        r"sasl_username=anna@corp\.example",
    ],
)
def test_sample_holds(lines: list[str], said: str) -> None:
    assert any(re.search(said, line) for line in lines)


def test_mail_put_off_by_its_destination_is_delivered_later(lines: list[str]) -> None:
    waiting = {
        line.split(" ", 4)[3]
        for line in lines
        if "to=<amelie.dubois@tailspin.example>" in line and "status=deferred" in line
    }
    sent = {
        line.split(" ", 4)[3]
        for line in lines
        if "to=<amelie.dubois@tailspin.example>" in line and "status=sent" in line
    }
    assert waiting & sent


def test_some_mail_still_waits_at_the_end(lines: list[str]) -> None:
    waiting, gone = set[str](), set[str]()
    for line in lines:
        _, host, _, queue_id, *_ = line.split(" ", 4)
        if "status=deferred" in line:
            waiting.add(f"{host} {queue_id}")
        elif line.endswith(": removed"):
            gone.add(f"{host} {queue_id}")
    assert waiting - gone
