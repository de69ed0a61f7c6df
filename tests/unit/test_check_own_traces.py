"""What is made of what our own log knows about a pair."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest

from tests.unit.checking import NOW_US, checked, codes
from tracer.diagnostics.checks import own_traces
from tracer.diagnostics.model import Target, Verdict
from tracer.diagnostics.traces import History, Span
from tracer.errors import StoreUnavailable
from tracer.model import DAY_US, Outcome, Row

PAIR = Target(sender="kim@example.net", recipient="anna@example.com")
ROW = Row(
    "r1", NOW_US - DAY_US, NOW_US - DAY_US, Outcome.RELAYED, "", "kim@example.net",
    "anna@example.com", "", "", "", "outbound", "mx1", "Q1", (), "", "mx.example.com", 1, 1, 1.0,
    "250 ok", "2.0.0", "",
)  # fmt: skip
FAILED = msgspec.structs.replace(
    ROW, id="r2", status=Outcome.BOUNCED, received_us=NOW_US, updated_us=NOW_US, reply="550 no"
)
OLD_FAILURE = msgspec.structs.replace(FAILED, received_us=NOW_US - 5 * DAY_US)


@dataclass
class FakeTraces:
    """Histories by (sender, recipient); an empty one for others."""

    histories: dict[tuple[str, str], History] = field(default_factory=dict)
    error: Exception | None = None
    asked: list[tuple[str, str]] = field(default_factory=list)

    def between(self, sender: str, recipient: str) -> History:
        self.asked.append((sender, recipient))
        if self.error:
            raise self.error
        return self.histories.get((sender, recipient), history(Span()))


def history(span: Span, **rest: Any) -> History:
    return History(query="q", last_48h=span, last_14d=span, **rest)


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (history(Span()), {"none": Verdict.NA}),
        (history(Span(3, 3), last_accepted=ROW), {"accepted": Verdict.PASS}),
        (
            history(Span(4, 3, 1), last_accepted=ROW, last_failed=(OLD_FAILURE,)),
            {"accepted": Verdict.PASS},
        ),
        (
            history(Span(4, 3, 1), last_accepted=ROW, last_failed=(FAILED,)),
            {"some_fail": Verdict.WARNING},
        ),
        (history(Span(1, 0, 1), last_failed=(FAILED,)), {"failing": Verdict.FAIL}),
        (history(Span(2, 0, 0, 2)), {"waiting": Verdict.WARNING}),
        (history(Span(2, 0, 0, 0)), {"not_settled": Verdict.NA}),
    ],
)
def test_the_last_word_counts(known: History, expected: dict[str, Verdict]) -> None:
    traces = FakeTraces({("kim@example.net", "anna@example.com"): known})
    assert codes(checked(own_traces.CHECK, PAIR, "", traces=traces)) == expected


def test_a_pair_that_never_wrote_is_looked_for_by_its_domains() -> None:
    known = history(Span(3, 3), last_accepted=ROW)
    traces = FakeTraces({("example.net", "example.com"): known})
    (finding,) = checked(own_traces.CHECK, PAIR, "", traces=traces)
    assert finding.subject == "example.net → example.com"
    assert finding.verdict is Verdict.PASS


def test_a_failure_brings_its_reply_and_the_way_to_it() -> None:
    traces = FakeTraces({
        ("kim@example.net", "anna@example.com"): history(Span(1, 0, 1), last_failed=(FAILED,))
    })  # fmt: skip
    (finding,) = checked(own_traces.CHECK, PAIR, "", traces=traces)
    assert finding.params["last_reply"] == "550 no"
    assert finding.params["last_failed_id"] == "r2"
    assert finding.evidence[0].question == "q"


def test_a_store_that_cannot_be_read_is_unknown() -> None:
    traces = FakeTraces(error=StoreUnavailable("busy"))
    findings = checked(own_traces.CHECK, PAIR, "", traces=traces)
    assert codes(findings) == {"unknown": Verdict.UNKNOWN}


def test_without_a_store_nothing_applies() -> None:
    assert codes(checked(own_traces.CHECK, PAIR, "")) == {"off": Verdict.NA}
