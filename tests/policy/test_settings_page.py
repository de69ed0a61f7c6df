"""The page of settings names every one of them."""

from __future__ import annotations

from docs.write_settings import page
from tracer.config import described


def test_every_setting_is_on_the_page() -> None:
    told = page()
    missing = [
        place
        for place, _, _ in described()
        if len(place) > 1 and (f"`[{place[0]}]`" not in told and f"`[[{place[0]}]]`" not in told)
    ]
    assert missing == []
