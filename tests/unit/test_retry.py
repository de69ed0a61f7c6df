"""The next try of a message that waits is estimated from how Postfix and this host go on."""

from __future__ import annotations

import pytest

from tracer.model import DAY_US, SECOND_US
from tracer.retry import LIFETIME_US, MAXIMAL_BACKOFF_US, MINIMAL_BACKOFF_US, estimate

OPENED_US = 1_795_348_800_000_000
MINUTE_US = 60 * SECOND_US


def minutes(*after: float) -> list[int]:
    return [OPENED_US + round(at * MINUTE_US) for at in after]


@pytest.mark.parametrize(
    ("tries", "wait_us"),
    [
        ((0.5,), MINIMAL_BACKOFF_US),  # younger than the least pause
        ((0.5, 20), 20 * MINUTE_US),  # waits as long again as it is old
        ((0.5, 300), MAXIMAL_BACKOFF_US),
    ],
)
def test_pause_grows_with_the_age_within_bounds(tries: tuple[float, ...], wait_us: int) -> None:
    # tries of a host that keeps the pace: only the last one decides
    times = minutes(tries[-1])
    told = estimate(OPENED_US, times, is_postfix=True)
    assert told.next_us == times[-1] + wait_us
    assert not told.is_observed


def test_tries_that_fit_the_pace_change_nothing() -> None:
    told = estimate(OPENED_US, minutes(0.5, 6, 14), is_postfix=True)
    assert (told.next_us, told.is_observed, told.tries) == (minutes(28)[0], False, 3)


def test_host_with_a_pace_of_its_own_is_taken_at_its_word() -> None:
    told = estimate(OPENED_US, minutes(1, 61), is_postfix=True)
    assert (told.next_us, told.is_observed) == (minutes(121)[0], True)


def test_other_programs_tell_only_by_what_they_did() -> None:
    once = estimate(OPENED_US, minutes(1), is_postfix=False)
    assert (once.next_us, once.gives_up_us) == (None, None)
    twice = estimate(OPENED_US, minutes(1, 31), is_postfix=False)
    assert (twice.next_us, twice.is_observed) == (minutes(61)[0], True)


def test_postfix_gives_up_five_days_after_it_came_in() -> None:
    told = estimate(OPENED_US, minutes(1), is_postfix=True)
    assert told.gives_up_us == OPENED_US + LIFETIME_US == OPENED_US + 5 * DAY_US
