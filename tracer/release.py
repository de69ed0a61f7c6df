"""Which release this is: the topmost version of CHANGELOG.md, also once installed."""

from __future__ import annotations

import re
from pathlib import Path

_CHANGELOG = Path(__file__).resolve().parent.parent / "CHANGELOG.md"
_HEADING = re.compile(r"^## \[(\d+\.\d+\.\d+\w*)\]", re.MULTILINE)


def version() -> str:
    """The version, like `0.1.0`.  A package is built with the changelog's as its own."""
    if _CHANGELOG.is_file():
        found = _HEADING.search(_CHANGELOG.read_text(encoding="utf-8"))
        if found:
            return found[1]
    from importlib.metadata import version as installed_version  # reads mail headers: slow

    return installed_version("mailtracer")
