"""Home tells how each followed log stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.web.building import NOW_US, filled_store, site
from tracer.model import Progress
from tracer.store import checkpoints, sources
from tracer.store.checkpoints import Followed
from webui.app import create_app


@pytest.mark.parametrize(
    ("seen", "words", "russian"),
    [
        (Followed("mx1", NOW_US, 1), "followed, nothing unread", "непрочитанного нет"),
        (Followed("mx1", NOW_US, 1, 3_000_000), "wait to be read", "ещё не прочитано"),
        (Followed("mx1", NOW_US - 600_000_000, 1), "not followed since", "не читается с"),
        (Followed("mx9", NOW_US, 0, problem="no such file yet"), "no such file yet", "mx9"),
        (Followed("mx1", NOW_US, 0, problem="no such file yet"), "no such file yet", "не удаётся"),
    ],
)
def test_home_tells_how_a_followed_log_stands(
    tmp_path: Path, seen: Followed, words: str, russian: str
) -> None:
    engine = filled_store(tmp_path)
    with engine.begin() as conn:
        checkpoints.note(conn, seen)
    client = create_app(engine, site()).test_client()
    assert words in client.get("/?lang=en").text
    assert russian in client.get("/?lang=ru").text
    engine.dispose()


def test_file_that_held_no_log_is_no_source(tmp_path: Path) -> None:
    engine = filled_store(tmp_path)
    with engine.begin() as conn:
        sources.advance(conn, Progress("mailtracer.db", kind="file", read_at_us=NOW_US))
        sources.advance(conn, Progress("mx7", kind="file", read_at_us=NOW_US))
        checkpoints.note(conn, Followed("mx7", NOW_US, 1))
    client = create_app(engine, site()).test_client()
    for page in ("/?lang=en", "/sources?lang=en"):
        told = client.get(page).text
        assert "mailtracer.db" not in told and "mx7" in told
    assert "3 sources" in client.get("/?lang=en").text
    engine.dispose()
