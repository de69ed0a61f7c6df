"""The simulation: the same seed says the same, and more mail never takes less."""

from __future__ import annotations

from bench.simulate import DAY_S, MOST_BEHIND_S, MOST_USED, Measured, outcome, play, table

KNOWN = Measured(4300, 1650, 82, 45_000, 14)


def test_the_same_seed_says_the_same() -> None:
    assert list(table(KNOWN, 1)) == list(table(KNOWN, 1))
    assert play(50e6, 1, KNOWN, 1) != play(50e6, 1, KNOWN, 2)


def test_every_size_keeps_up_and_takes_what_it_takes() -> None:
    made = [outcome(a_day, KNOWN, 1) for a_day in (1e6, 100e6, 1000e6)]
    assert all(one.busiest <= MOST_USED and one.behind_s <= MOST_BEHIND_S for one in made)
    assert made[0].stores == 1 and made[1].stores < made[2].stores
    assert made[0].store_octets == 1e6 * 1650 * 14


def test_one_store_too_few_falls_behind() -> None:
    too_much = KNOWN.messages_per_s * DAY_S * 1.2
    busiest, behind_s = play(too_much, 1, KNOWN, 1)
    assert busiest > 1 and behind_s > 3600
