"""The corpus of webhooks: documented examples of every kind of event."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from collectors.webhooks.shown import event_fields
from collectors.webhooks.understanding import Understood

CORPUS = Path(__file__).parents[1] / "corpus" / "webhooks"


@dataclass(frozen=True)
class Case:
    """One example: `body` as the documentation shows it, `more` what its request needs beside."""

    provider: str
    kind: str
    body: Any
    more: dict[str, Any]
    golden: Path


def cases(provider: str = "*") -> list[Case]:
    """The examples of a provider, or of all."""
    return [_case(path) for path in sorted(CORPUS.glob(f"{provider}/*.json"))]


def _case(path: Path) -> Case:
    told = json.loads(path.read_text("utf-8"))
    more = {name: told[name] for name in ("content_type", "headers") if name in told}
    return Case(path.parent.name, path.stem, told["body"], more, path.with_suffix(".golden"))


def shown(found: Understood) -> str:
    """What was understood, as a golden file has it."""
    events = [{"pointer": p, **event_fields(record)} for p, record in found.records]
    dead = [{"pointer": one.pointer, "error": one.error} for one in found.dead_letters]
    return json.dumps({"items": events, "dead_letters": dead}, indent=1, ensure_ascii=False) + "\n"
