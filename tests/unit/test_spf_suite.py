"""The public RFC 7208 suite, wherever MAILTRACER_SPF_SUITE says it is."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.nameserver import NameServer
from tests.spf_suite import records_of, scenarios
from tracer.diagnostics.lookup import Lookup
from tracer.diagnostics.spf import evaluate

SUITE = os.environ.get("SPF_SUITE", "")  # conftest hands it over


def _cases() -> Iterator[Any]:
    for scenario in scenarios(Path(SUITE)) if SUITE else []:
        for name, case in scenario["tests"].items():
            yield pytest.param(scenario["zonedata"], case, id=f"{scenario['description']}-{name}")


CASES = list(_cases())


@pytest.mark.skipif(not SUITE, reason="MAILTRACER_SPF_SUITE names no suite")
def test_the_suite_is_there_and_not_empty() -> None:
    assert CASES


@pytest.mark.parametrize(("zonedata", "case"), CASES)
def test_suite(zonedata: dict[str, list[Any]], case: dict[str, Any]) -> None:
    with NameServer(records_of(zonedata)) as server:
        lookup = Lookup([server.address], timeout_s=0.1)
        verdict = evaluate(lookup, case["host"], case["mailfrom"], case["helo"])
    results = case["result"] if isinstance(case["result"], list) else [case["result"]]
    assert verdict.result in results, verdict
    expected = case.get("explanation", "DEFAULT")
    if verdict.result == "fail":
        assert verdict.explanation == ("" if expected == "DEFAULT" else expected)
