"""The benchmark's own tools: making long logs, rates over time, the table."""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bench.scale import days_of, scaled, stamp_of, template_of, time_of, write_newest, write_scaled
from bench.table import Figure, Goal, percentile, ratios, table
from bench.watching import rates
from collectors.samples import sample_lines
from tracer.model import micros

HANDED_OVER = """\
{0} mx1 postfix/smtpd[11]: 4jXT3m0L6Wzq9Zx: client=web.corp.example[192.0.2.7]
{0} mx1 postfix/cleanup[12]: 4jXT3m0L6Wzq9Zx: message-id=<1.ab@corp.example>
{0} mx1 postfix/smtp[13]: 4jXT3m0L6Wzq9Zx: to=<anna@corp.example>, relay=mx2[192.0.2.2]:25, \
dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 5F9A922C8DF)
{1} mx2 postfix/cleanup[14]: 5F9A922C8DF: message-id=<1.ab@corp.example>
{1} mx2 postfix/lmtp[15]: 5F9A922C8DF: to=<anna@corp.example>, dsn=2.0.0, status=sent (250 ok)
{1} mx2 postfix/qmgr[1234567]: 5F9A922C8DF: removed
"""
SIZE = 6
QUEUE_ID = re.compile(r"\]: (\w+): ")


def a_log(folder: Path, first: str, second: str) -> Path:
    log = folder / "mail.log"
    log.write_text(HANDED_OVER.format(first, second), "utf-8")
    return log


@pytest.fixture
def short_log(tmp_path: Path) -> Path:
    return a_log(tmp_path, "2026-11-20T10:00:00.5+00:00", "2026-11-20T10:00:01.5+00:00")


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    now_us = micros(datetime(2026, 11, 22, 12, 0, tzinfo=UTC))
    log = tmp_path_factory.mktemp("sample") / "sample.log"
    log.write_text("".join(f"{line}\n" for line in sample_lines(now_us)), "utf-8")
    return log


def replicas(lines: list[str]) -> list[list[str]]:
    return [lines[at : at + SIZE] for at in range(0, len(lines), SIZE)]


def queue_ids(lines: list[str]) -> set[str]:
    return {match[1] for line in lines if (match := QUEUE_ID.search(line))}


def test_a_scaled_log_has_the_lines_and_days_asked_for(sample: Path, tmp_path: Path) -> None:
    out = tmp_path / "scaled.log"
    write_scaled(sample, out, lines=20_001, days=5)
    assert len(out.read_text("utf-8").splitlines()) == 20_001
    assert days_of(out) == pytest.approx(5, abs=0.001)


def test_scaled_lines_are_in_order_of_time_and_end_with_the_log(sample: Path) -> None:
    lines = list(scaled(template_of(sample), 20_000, 3))
    times = [time_of(stamp_of(line)) for line in lines]
    assert times == sorted(times)
    newest = time_of(stamp_of(sample.read_text("utf-8").splitlines()[-1]))
    assert newest - timedelta(seconds=1) <= times[-1] <= newest


def test_no_two_replicas_share_a_queue_id(sample: Path) -> None:
    template = template_of(sample)
    size = len(template.offsets_us)
    lines = list(scaled(template, 3 * size, 6))
    found = [queue_ids(lines[at : at + size]) - {"NOQUEUE"} for at in range(0, 3 * size, size)]
    assert len(found[0]) > 500
    assert len(found[0]) == len(found[1]) == len(found[2])
    # words such as "warning" stand where a queue id does
    shared = {word for word in (found[0] & found[1]) | (found[1] & found[2]) if any(
        letter.isdigit() for letter in word
    )}  # fmt: skip
    assert not shared


def test_queue_ids_still_agree_inside_a_replica(short_log: Path) -> None:
    for replica in replicas(list(scaled(template_of(short_log), 60 * SIZE, 30))):
        upstream, downstream = sorted(queue_ids(replica), key=lambda name: "z" not in name)
        assert replica[2].endswith(f"queued as {downstream})")
        assert upstream.startswith("4jXT3m0L6Wzq9Zx")
        assert downstream.startswith("5F9A922C8DF")


def test_every_replica_has_a_message_id_of_its_own(short_log: Path) -> None:
    seen: dict[str, int] = defaultdict(int)
    for line in scaled(template_of(short_log), 60 * SIZE, 30):
        if match := re.search(r"message-id=<([^>]+)>", line):
            seen[match[1]] += 1
    assert len(seen) == 60
    assert set(seen.values()) == {2}  # at both hosts


def test_some_addresses_come_again_and_some_are_new(short_log: Path) -> None:
    lines = scaled(template_of(short_log), 60 * SIZE, 30)
    people = [match[1] for line in lines if (match := re.search(r"\bto=<([^>]+)>", line))]
    assert people.count("anna@corp.example") == 2 * 20
    assert 10 < len(set(people)) < 60


def test_process_ids_that_look_like_queue_ids_stay(short_log: Path) -> None:
    last = list(scaled(template_of(short_log), 2 * SIZE, 1))[-1]
    assert "qmgr[1234567]" in last


def test_stamps_without_a_year_go_back_across_months(tmp_path: Path) -> None:
    log = a_log(tmp_path, "Mar  2 10:00:00", "Mar  2 10:00:01")
    lines = list(scaled(template_of(log), 40 * SIZE, 10))
    stamps = [stamp_of(line) for line in lines]
    assert stamps[0].startswith("Feb ")
    assert stamps[-1].startswith("Mar  2 ")
    assert {len(stamp) for stamp in stamps} == {len("Mar  2 10:00:00")}


def test_a_file_without_times_is_refused_by_name(tmp_path: Path) -> None:
    log = tmp_path / "notes.txt"
    log.write_text("dear diary\n", "utf-8")
    with pytest.raises(ValueError, match=r"notes\.txt"):
        template_of(log)


def test_a_log_too_short_for_its_queue_ids_is_refused(short_log: Path) -> None:
    with pytest.raises(ValueError, match="at most"):
        next(scaled(template_of(short_log), 1_000_000, 30))


def test_the_newest_part_of_a_log_is_whole_lines_from_its_end(sample: Path, tmp_path: Path) -> None:
    part = tmp_path / "part.log"
    write_newest(sample, part, 0.25)
    whole, newest = sample.read_bytes(), part.read_bytes()
    assert whole.endswith(b"\n" + newest)
    assert len(newest) == pytest.approx(len(whole) / 4, rel=0.01)


def test_rates_compare_the_first_lines_with_the_last() -> None:
    faster, slower = 100.0, 50.0
    progress = [(2 + n / faster * 10, 10 + n * 10) for n in range(11)]
    turn = progress[-1]
    progress += [(turn[0] + n / slower * 10, turn[1] + n * 10) for n in range(1, 11)]
    assert rates(progress, 45) == pytest.approx((faster, slower))


def test_rates_need_several_batches() -> None:
    assert rates([(1.0, 50), (2.0, 100)], 20) is None
    assert rates([(1.0, 10), (2.0, 20), (3.0, 30), (4.0, 40)], 1_000) is None


def test_ratios_are_of_each_pair() -> None:
    assert ratios([2.0, 9.0], [1.0, 3.0]) == (2.0, 3.0)


def test_a_percentile_lies_between_the_values_around_it() -> None:
    assert percentile([float(value) for value in range(101)], 95) == pytest.approx(95)
    assert percentile([7.0], 95) == 7.0


def test_the_table_shows_median_spread_and_times_the_goal() -> None:
    figures = [
        Figure("rate", "a log", (1.2, 1.5, 1.9), "x", Goal(1.0)),
        Figure("wait", "a|b", (300.0,), "ms", Goal(150, at_most=True), "one run"),
    ]
    head, rule, rate, wait = table(figures)
    assert head.count("|") == rule.count("|") == rate.count("|")
    assert rate == "| rate | a log | 1.50 x | 1.20 to 1.90 | ≥ 1 x | 1.50 |  |"
    assert wait == r"| wait | a\|b | 300 ms |  | ≤ 150 ms | 0.50 | one run |"


def test_what_was_not_measured_says_so_and_keeps_its_goal() -> None:
    *_, row = table([Figure("rate", "a log", (), "x", Goal(1.3), "no pflogsumm")])
    assert row == "| rate | a log | not measured |  | ≥ 1.3 x |  | no pflogsumm |"
