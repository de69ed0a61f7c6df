"""Cases in the shape of the public ARC test suite (validation), run at a name server on loopback.

A scenario is `{description, tests: {id: {description, message, cv}}, txt-records: {name: text}}`,
several of them in one YAML file. `cv` is None, Pass or Fail; an empty one stands for Fail or None
as the validator sees fit.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tests.dkim_signing import key_line
from tests.zone_text import Records


class ArcCase(NamedTuple):
    """One message, the keys that DNS has, and what its chain is."""

    name: str
    message: bytes
    keys: dict[str, str]
    cv: str  # none, pass, fail; "" for either of the last two words

    @property
    def records(self) -> Records:
        return Records.read("\n".join(key_line(name, text) for name, text in self.keys.items()))


def arc_cases(path: Path) -> Iterator[ArcCase]:
    """The cases of a suite in its order."""
    for scenario in yaml.safe_load_all(path.read_text(encoding="utf-8")):
        for name, case in ((scenario or {}).get("tests") or {}).items():
            yield ArcCase(
                name=f"{scenario['description']}-{name}",
                message=(case.get("message") or "").encode("utf-8"),
                keys={str(key): str(text) for key, text in _keys(scenario).items()},
                cv=str(case.get("cv") or "").strip().lower(),
            )


def _keys(scenario: dict[str, Any]) -> dict[str, Any]:
    return scenario.get("txt-records") or {}
