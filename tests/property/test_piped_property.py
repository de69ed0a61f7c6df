"""Mail that a program behind pipe(8) handed back: joined alike in any order and any batches."""

from __future__ import annotations

from datetime import UTC
from functools import cache
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from collectors.formats import parse_line
from collectors.header import HeadReader
from collectors.year import YearGuess
from tests.property.test_ingest_property import QUICK, Told, stored

CORPUS = Path(__file__).parent.parent / "corpus" / "postfix"


@cache
def told_of(stem: str) -> tuple[Told, ...]:
    reader = HeadReader("mail.log", year=YearGuess(year=2026), zone=UTC)
    lines = reader.read_many((CORPUS / f"{stem}.log").read_text("utf-8").splitlines(), [])
    return tuple((e, line.host) for line in lines for e in parse_line(line) if e.queue_id)


@QUICK
@given(data=st.data())
def test_order_batches_and_repetition_change_nothing(data: st.DataObject) -> None:
    stem = data.draw(
        st.sampled_from(("66_filter_behind_pipe", "67_programs_that_hand_on_other_mail"))
    )
    events = told_of(stem)
    shuffled = data.draw(st.permutations(range(len(events))))
    repeated = data.draw(st.lists(st.sampled_from(range(len(events))), max_size=5))
    arriving = [events[number] for number in (*shuffled, *repeated)]
    size = data.draw(st.integers(1, len(arriving)))
    batches = [arriving[at : at + size] for at in range(0, len(arriving), size)]
    restart_every = data.draw(st.integers(1, 5))
    assert stored(batches, restart_every=restart_every) == stored([events], restart_every=1)
