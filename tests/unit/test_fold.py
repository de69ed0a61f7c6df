"""Stays: where one use of a queue id ends and the next begins, and what a stay tells."""

from __future__ import annotations

import random

import pytest

from tests.unit.folding import (
    ID,
    NOON_US,
    Said,
    deferred,
    events,
    folded,
    identified,
    opened,
    queued,
    removed,
    tried,
)
from tracer.fold import LONGEST_US, STRAGGLER_US, fold, hop_id, stays
from tracer.model import DAY_US, SECOND_US

MINUTE, DAY = 60, 86_400
WHOLE = (opened(), identified(), queued(), tried(), removed())


def later(said: tuple[Said, ...], seconds: float) -> tuple[Said, ...]:
    return tuple((at + seconds, program, text) for at, program, text in said)


def sizes(*said: Said) -> list[int]:
    """How many events each stay has."""
    return [len(stay) for stay in stays(events(*said))]


def test_stay_of_one_mail_is_one() -> None:
    assert sizes(*WHOLE) == [5]


@pytest.mark.parametrize("pause", [3, 10 * MINUTE, 8 * 3600, 9 * DAY])
def test_queue_id_used_again_after_its_end_is_another_stay(pause: float) -> None:
    assert sizes(*WHOLE, *later(WHOLE, pause)) == [5, 5]


def test_queue_id_used_again_within_the_second_of_its_end_is_another_stay() -> None:
    assert sizes(*WHOLE, *later(WHOLE, 2.000001)) == [5, 5]


def test_new_client_without_an_end_before_it_is_another_stay() -> None:
    unfinished = (opened(), identified(), queued(), deferred())
    assert sizes(*unfinished, *later(WHOLE, 3600)) == [4, 5]


def test_local_mail_that_takes_a_used_id_is_another_stay() -> None:
    local = (100, "pickup", "uid=33 from=<www-data>")
    assert sizes(*WHOLE, local, identified(100.1), queued(100.2)) == [5, 3]


def test_mail_queued_again_after_an_end_is_another_stay_though_its_client_is_missing() -> None:
    assert sizes(*WHOLE, identified(100), queued(100.1)) == [5, 2]


def test_straggler_within_five_minutes_belongs_to_the_ended_stay() -> None:
    assert STRAGGLER_US == 300 * SECOND_US
    assert sizes(*WHOLE, tried(2 + 300, "late@corp.example")) == [6]


def test_line_later_than_five_minutes_begins_a_stay() -> None:
    assert sizes(*WHOLE, tried(2 + 300.000001, "late@corp.example")) == [5, 1]


def test_client_line_stamped_a_little_late_still_opens_its_own_stay() -> None:
    assert sizes(identified(0), queued(0.1), opened(4), tried(6), removed(7)) == [5]


def test_client_line_much_later_is_another_stay() -> None:
    assert sizes(identified(0), queued(0.1), opened(5.2), removed(7)) == [2, 2]


def test_stay_may_last_ten_days_and_no_longer() -> None:
    assert LONGEST_US == 10 * DAY_US
    assert sizes(opened(), queued(), deferred(10 * DAY)) == [3]
    assert sizes(opened(), queued(), deferred(10 * DAY + 0.000001)) == [2, 1]


def test_ten_days_count_from_the_first_line_of_each_stay() -> None:
    assert sizes(*(deferred(at * DAY) for at in (0, 6, 11, 20, 22))) == [2, 2, 1]


def test_mail_retried_for_days_is_one_stay() -> None:
    retries = [deferred(at * 3600) for at in range(1, 120)]
    assert sizes(opened(), identified(), queued(), *retries, removed(5 * DAY)) == [123]


def test_order_and_repetition_of_events_change_nothing() -> None:
    told = events(*WHOLE, *later(WHOLE, 3600), deferred(9000))
    expected = fold(told)
    for seed in range(20):
        mixed = told * 2
        random.Random(seed).shuffle(mixed)
        assert fold(mixed) == expected


def test_line_read_from_two_files_is_one_event() -> None:
    told = events(*WHOLE, source="mail.log") + events(*WHOLE, source="mail.log.1")
    (one,) = fold(told)
    assert len(one.events) == 5
    assert {event.source for event in one.events} == {"mail.log.1"}


def test_line_with_a_finer_stamp_is_the_same_as_one_in_seconds() -> None:
    coarse, fine = events(tried(1)), events(tried(1.25))
    (one,) = fold([*coarse, *fine])
    assert len(one.events) == 1


def test_same_words_a_second_later_are_another_event() -> None:
    assert folded(opened(), queued(), deferred(60), deferred(61)).deliveries[0].attempts == 2


def test_hop_holds_what_its_lines_tell() -> None:
    hop = folded(
        (0, "smtpd", "client=pc7.corp.example[10.0.0.7], sasl_method=PLAIN, sasl_username=anna"),
        (0.1, "cleanup", "info: header Subject: Report from pc7.corp.example[10.0.0.7]; "
                         "from=<anna@corp.example> to=<eve@partner.example> proto=ESMTP "
                         "helo=<[10.0.0.7]>"),
        identified(0.2),
        queued(0.3, "anna@corp.example", 1234, 2),
        tried(1, "eve@partner.example"),
        removed(2.5),
    ).hop  # fmt: skip
    assert (hop.host, hop.queue_id) == ("mx1", ID)
    assert (hop.client, hop.client_name, hop.auth) == ("10.0.0.7", "pc7.corp.example", "anna")
    assert (hop.subject, hop.helo) == ("Report", "[10.0.0.7]")
    assert (hop.message_id, hop.sender) == ("m1@shop.example", "anna@corp.example")
    assert (hop.size, hop.recipient_count, hop.source) == (1234, 2, "f")
    assert (hop.opened_us, hop.last_us, hop.closed_us) == (
        NOON_US, NOON_US + 2_500_000, NOON_US + 2_500_000,
    )  # fmt: skip


def test_hop_without_an_end_is_open() -> None:
    assert folded(opened(), queued(), deferred()).hop.closed_us is None


def test_sender_is_what_the_queue_manager_says_at_last() -> None:
    hop = folded(opened(), queued(0.2, "old@shop.example"), queued(9, "new@shop.example")).hop
    assert hop.sender == "new@shop.example"


def test_null_sender_is_no_absent_sender() -> None:
    assert folded(opened(), queued(sender="")).hop.sender == "<>"
    assert folded(tried()).hop.sender == ""


def test_filter_on_the_way_gives_the_queue_id_before() -> None:
    hop = folded(
        (0, "smtpd", "client=localhost[127.0.0.1], orig_queue_id=8BB0000001, "
                     "orig_client=mail.shop.example[203.0.113.16]"),
        queued(),
    ).hop  # fmt: skip
    assert hop.from_queue_ids == ("8BB0000001",)
    assert hop.client == "203.0.113.16"


def test_notices_about_a_mail_are_noted_once_each() -> None:
    hop = folded(
        opened(),
        (3, "bounce", "sender delivery status notification: 7CC0000003"),
        (1, "bounce", "sender delay notification: 7CC0000001"),
        (2, "bounce", "sender delay notification: 7CC0000001"),
    ).hop
    assert hop.notice_queue_ids == ("7CC0000001", "7CC0000003")


def test_hop_id_begins_with_the_milliseconds_of_the_opening() -> None:
    at_us = NOON_US + 123_456
    assert hop_id(at_us, "mx1", ID) >> 20 == at_us // 1000
    assert hop_id(at_us + 1000, "mx1", ID) > hop_id(at_us, "mx1", ID)


def test_hop_id_depends_on_host_and_queue_id() -> None:
    ids = {hop_id(NOON_US + 1, host, name) for host in ("mx1", "mx2") for name in (ID, "OTHER")}
    assert len(ids) == 4


def test_hop_ids_of_whole_seconds_spread_over_the_second_and_stay_in_it() -> None:
    ids = [hop_id(NOON_US, "mx1", f"9AA{number:07}") for number in range(2000)]
    assert len(set(ids)) == 2000
    assert {value >> 20 for value in ids} <= set(range(NOON_US // 1000, NOON_US // 1000 + 1000))
    assert len({value >> 20 for value in ids}) > 500


def test_hop_id_fits_a_signed_number_of_64_bits_for_300_years() -> None:
    assert hop_id(NOON_US + 200 * 366 * DAY_US, "mx1", ID) < 1 << 63


def test_name_of_a_stranger_does_not_break_the_id() -> None:
    assert hop_id(NOON_US, "mx\udcff", "9AA\udcff") > 0


def test_mail_refused_at_the_door_is_over_at_once() -> None:
    said = (
        "NOQUEUE: reject: RCPT from unknown[192.0.2.7]: 554 5.7.1 <anna@corp.example>: Relay "
        "access denied; from=<s@bad.example> to=<anna@corp.example> proto=ESMTP helo=<bad>"
    )
    told = events((0, "smtpd", said))
    (one,) = fold(told)
    assert one.hop.closed_us == one.hop.last_us == NOON_US
    assert [d.outcome for d in one.deliveries] == ["rejected"]
