"""The public ARC suite, wherever MAILTRACER_ARC_SUITE says it is, and one of its shape."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from tests.arc_sealing import sealed
from tests.arc_suite import ArcCase, arc_cases
from tests.dkim_signing import MESSAGE, rsa_key
from tests.nameserver import NameServer
from tracer.diagnostics.arc import verify_arc
from tracer.diagnostics.lookup import Lookup

SUITE = os.environ.get("ARC_SUITE", "")  # conftest hands it over
CASES = list(arc_cases(Path(SUITE))) if SUITE else []
FAILED = {"fail": ("fail",), "": ("none", "fail")}


def holds(case: ArcCase) -> bool:
    with NameServer(case.records) as server:
        verdict = verify_arc(Lookup([server.address], timeout_s=0.5), case.message)
    return verdict.result in FAILED.get(case.cv, (case.cv,))


@pytest.mark.skipif(not SUITE, reason="MAILTRACER_ARC_SUITE names no suite")
def test_the_suite_is_there_and_not_empty() -> None:
    assert CASES


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_suite(case: ArcCase) -> None:
    assert holds(case)


def test_a_suite_of_this_shape_is_read_and_run(tmp_path: Path) -> None:
    whole = sealed(MESSAGE).replace(b"\r\n", b"\n").decode()
    scenario = {
        "description": "Chains",
        "tests": {
            "whole": {"message": whole, "cv": "Pass"},
            "changed": {"message": whole.replace("At one?", "At two?"), "cv": "Fail"},
            "bare": {"message": MESSAGE.decode(), "cv": "None"},
            "empty": {"message": "", "cv": "None"},
        },
        "txt-records": {"arc._domainkey.list.example": f"v=DKIM1; p={rsa_key()[1]}"},
    }
    both = [scenario, scenario | {"txt-records": {}}]
    path = tmp_path / "suite.yml"
    path.write_text(yaml.safe_dump_all(both, sort_keys=False))
    cases = list(arc_cases(path))
    assert [case.name for case in cases][:2] == ["Chains-whole", "Chains-changed"]
    assert [holds(case) for case in cases] == [True] * 4 + [False, True, True, True]
