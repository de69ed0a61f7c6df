"""The one sentence above a report."""

from __future__ import annotations

import pytest

from tracer.diagnostics.model import Finding, Side, Target, Verdict
from tracer.diagnostics.summary import sentence

TARGET = Target(sender="kim@a.example", recipient="anna@b.example")


def found(**counted: int) -> list[Finding]:
    return [
        Finding(check="spf", code="spf.pass", verdict=Verdict(name.rstrip("_")), side=Side.SENDER)
        for name, n in counted.items()
        for _ in range(n)
    ]


@pytest.mark.parametrize(
    ("findings", "said"),
    [
        (found(pass_=3), "Nothing wrong was found."),
        (found(pass_=3, unknown=2), "Nothing wrong was found; could not be checked: 2."),
        (
            found(pass_=3, unknown=18),
            "Most could not be checked: 18 without an answer, 3 in order.",
        ),
        (
            found(unknown=2),
            "Nothing could be found out: nobody who was asked gave an answer that settles it.",
        ),
        (found(fail=1, unknown=18), "To mend: 1 with the sender, a.example."),
    ],
)
def test_the_sentence_does_not_call_good_what_nobody_could_see(
    findings: list[Finding], said: str
) -> None:
    assert sentence(TARGET, findings, "en") == said


def test_the_russian_sentence_tells_both_counts_too() -> None:
    assert sentence(TARGET, found(pass_=3, unknown=18), "ru") == (
        "Почти ничего не удалось проверить: без ответа — 18, в порядке — 3."
    )
