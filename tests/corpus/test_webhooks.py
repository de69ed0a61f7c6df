"""Every documented example of every provider, from the body to its normalised events."""

from __future__ import annotations

from pathlib import Path

import pytest

from collectors.webhooks import BY_NAME, WEBHOOKS
from collectors.webhooks.understanding import understand
from tests.unit.webhook_corpus import Case, cases, shown
from tests.unit.webhook_signing import SIGNERS

CASES = cases()


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.provider}/{case.kind}")
def test_example_is_understood_as_it_was_reviewed(
    case: Case, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    signed = SIGNERS[case.provider](case.body, folder=tmp_path, **case.more)
    found = shown(understand(BY_NAME[case.provider], signed.request))
    if request.config.getoption("--golden"):
        case.golden.write_text(found, "utf-8")
    assert found == case.golden.read_text("utf-8")


def test_every_provider_has_examples() -> None:
    assert {case.provider for case in CASES} == {webhook.name for webhook in WEBHOOKS}


def test_no_documented_example_is_a_dead_letter() -> None:
    dead = [
        case.golden.name
        for case in CASES
        if '"dead_letters": []' not in case.golden.read_text("utf-8")
    ]
    assert not dead
