"""Every message of the corpus says what its .json has; `make golden` writes those.

`pytest tests/unit/test_notices_corpus.py --golden` writes them anew: read the difference.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tracer.notices import Notice, read_notice

CORPUS = Path(__file__).resolve().parents[1] / "corpus" / "notices"
MESSAGES = sorted(CORPUS.glob("*.eml"))
NAMES = [path.stem for path in MESSAGES]


def brief(notice: Notice) -> dict[str, Any]:
    """What was read, without what is absent and without the prose."""
    told = msgspec.to_builtins(notice)
    del told["text"]
    return {name: kept for name, value in told.items() if (kept := _known(value))}


def _known(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: kept for name, held in value.items() if (kept := _known(held))}
    if isinstance(value, list | tuple):
        return [_known(held) for held in value]
    return value


@pytest.mark.parametrize("path", MESSAGES, ids=NAMES)
def test_message_says_what_is_expected(path: Path, request: pytest.FixtureRequest) -> None:
    found = brief(read_notice(path.read_bytes()))
    golden = path.with_suffix(".json")
    if request.config.getoption("--golden"):
        golden.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", "utf-8")
    assert found == json.loads(golden.read_text("utf-8"))


@pytest.mark.parametrize("path", MESSAGES, ids=NAMES)
def test_line_ends_do_not_matter(path: Path) -> None:
    unix = path.read_bytes().replace(b"\r\n", b"\n")
    assert read_notice(unix) == read_notice(unix.replace(b"\n", b"\r\n"))


def test_every_expectation_has_its_message() -> None:
    assert {path.stem for path in CORPUS.glob("*.json")} == set(NAMES)
    assert len(NAMES) >= 30


def test_normal_notice_is_read_in_milliseconds() -> None:
    octets = (CORPUS / "01_postfix_failure.eml").read_bytes()
    took = []
    for _ in range(20):
        began = time.perf_counter()
        read_notice(octets)
        took.append(time.perf_counter() - began)
    assert min(took) < 0.005
