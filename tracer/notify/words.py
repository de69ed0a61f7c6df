"""Templates of e-mails filled with what is told: a subject and a text."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

SUBJECT_LETTERS = 120
_TOKEN = re.compile(r"\{(\w+)\}")


@cache
def templates() -> Mapping[str, Any]:
    """Language -> occasion -> `subject` and `text`."""
    return tomllib.loads(files(__package__).joinpath("templates.toml").read_text("utf-8"))


def filled(lang: str, occasion: str, tokens: Mapping[str, str]) -> tuple[str, str]:
    """Subject and text; lines that would tell an empty token are left out."""
    template = templates()[lang][occasion]
    subject = " ".join(_fill(template["subject"], tokens).split())
    lines = [line for line in template["text"].strip().split("\n") if not _is_void(line, tokens)]
    return subject[:SUBJECT_LETTERS], _fill("\n".join(lines), tokens).rstrip() + "\n"


def _is_void(line: str, tokens: Mapping[str, str]) -> bool:
    return any(not tokens[name] for name in _TOKEN.findall(line))


def _fill(text: str, tokens: Mapping[str, str]) -> str:
    return _TOKEN.sub(lambda found: " ".join(tokens[found[1]].split()), text)
