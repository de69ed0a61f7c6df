"""The world of a run is as open as the settings say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tracer.config_diagnostics import DiagnosticsSettings
from tracer.diagnostics import opening
from tracer.diagnostics.model import Target
from tracer.diagnostics.opening import open_world
from tracer.diagnostics.smtp_door import SECONDS, SmtpDoor

TARGET = Target(recipient="anna@corp.example")


class TimedDoor(SmtpDoor):
    """A door that tells how long a conversation may take."""

    def __init__(self, *given: object, seconds: float = 0.0, **more: object) -> None:
        super().__init__(*given, seconds=seconds, **more)  # type: ignore[arg-type]
        self.seconds = seconds


@pytest.mark.parametrize("seconds", [SECONDS, 12.5])
def test_conversation_takes_as_long_as_the_settings_allow(
    monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    monkeypatch.setattr(opening, "SmtpDoor", TimedDoor)
    settings = DiagnosticsSettings()
    if seconds != SECONDS:
        settings = replace(settings, smtp_seconds=seconds)
    _, world = open_world(TARGET, settings, None, 0)
    assert isinstance(world.smtp, TimedDoor)
    assert world.smtp.seconds == seconds


def test_nothing_is_open_where_outbound_traffic_is_off() -> None:
    _, world = open_world(TARGET, DiagnosticsSettings(outbound=False), None, 0)
    assert (world.smtp, world.https) == (None, None)
