"""What the pages must be told when they start: one frozen value, no globals."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tracer.config_diagnostics import DiagnosticsSettings


def clock_us() -> int:
    """Now, in microseconds since 1970 UTC."""
    return time.time_ns() // 1000


@dataclass(frozen=True, slots=True)
class Site:
    """Settings of one web application.

    `zone` is the IANA name times are shown in unless the reader asks for another;
    `language` is used when neither reader nor browser asks for one that exists.
    `trusted_hosts` are the `Host` names answered to, without port (`trust.py`); empty
    answers to any. `diagnostics` says what a diagnosis may ask. `now_us` is the clock, so
    that tests can hold it still.
    """

    zone: str = "UTC"
    language: str = "en"
    trusted_hosts: tuple[str, ...] = ()
    now_us: Callable[[], int] = clock_us
    rules: Path | None = None
    diagnostics: DiagnosticsSettings = field(default_factory=DiagnosticsSettings)
