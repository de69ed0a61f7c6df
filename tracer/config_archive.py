"""The settings of the archive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

STRICT: Mapping[str, str] = {"extra": "forbid"}


def _not_negative(number: int) -> str:
    return "" if number >= 0 else "must be 0 or more"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveSettings:
    """Where days go that are no longer searched in place, and for how long."""

    __pydantic_config__: ClassVar[Mapping[str, str]] = STRICT

    place: str = field(
        default="{home}/archive",
        metadata={
            "help": "A folder, or an S3-compatible address like `s3://bucket/mail` (needs the "
            "package s3fs). `{home}` stands for the home folder."
        },
    )
    keep_days: int = field(
        default=0,
        metadata={
            "help": "After how many days a sealed day is deleted for good; 0 keeps all.",
            "check": _not_negative,
        },
    )
