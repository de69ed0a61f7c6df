"""The zone of stamps that name none: by name, by offset, or the machine's own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from collectors.zone import system_zone, zone_named
from tracer.errors import ConfigError


@pytest.mark.parametrize(
    ("name", "hours"),
    [("UTC", 0), ("+02:00", 2), ("-0530", -5.5), ("+09", 9), ("Asia/Tokyo", 9)],
)
def test_a_zone_is_a_name_or_an_offset(name: str, hours: float) -> None:
    at = datetime(2026, 11, 22, tzinfo=zone_named(name))
    assert at.utcoffset() == timedelta(hours=hours)


@pytest.mark.parametrize("name", ["", "Mars/Base", "+25:00", "+02:99", "../../etc/passwd", "/"])
def test_an_unknown_zone_is_a_setting_to_mend(name: str) -> None:
    with pytest.raises(ConfigError, match="Europe/Berlin"):
        zone_named(name)


def test_the_machine_says_its_zone_by_variable_or_by_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = tmp_path / "localtime"
    link.symlink_to("/usr/share/zoneinfo/Asia/Tokyo")
    monkeypatch.setenv("TZ", ":Europe/Berlin")
    assert system_zone(link) == ZoneInfo("Europe/Berlin")
    monkeypatch.delenv("TZ")
    assert system_zone(link) == ZoneInfo("Asia/Tokyo")


def test_a_copy_of_a_zone_file_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TZ", raising=False)
    copy = tmp_path / "localtime"
    copy.write_bytes(Path("/usr/share/zoneinfo/Asia/Tokyo").read_bytes())
    assert system_zone(copy).utcoffset(datetime(2026, 1, 1)) == timedelta(hours=9)


def test_a_machine_without_a_zone_still_has_an_offset(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TZ", raising=False)
    zone = system_zone(tmp_path / "missing")
    assert datetime.now(zone).utcoffset() == datetime.now(UTC).astimezone().utcoffset()
