"""The path of a mail: what it consists of, and that its pictures can be read."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from collectors.formats import parse_line
from collectors.samples import sample_lines
from tests.web.building import empty_store, read_log, site
from tracer.model import Outcome, Trace
from tracer.query import parse_query
from tracer.store import deliveries
from tracer.trace import load_trace
from webui.app import create_app
from webui.drawing import Drawing, shared_out, text_width
from webui.path import StepKind, path_of
from webui.path_picture import wide
from webui.path_tall import tall


def trace_of(engine: Engine, q: str) -> Trace:
    with engine.connect() as conn:
        query = parse_query(q, now_us=site().now_us(), since="all")
        (row,) = deliveries.search(conn, query).rows
        return load_trace(conn, row.id, parse_line)


def test_bounced_mail_waited_between_its_tries(engine: Engine) -> None:
    path = path_of(trace_of(engine, "to:j.berg@northwind.example"))
    assert path is not None
    assert [step.kind for step in path.steps] == [
        StepKind.RECEIVE,
        StepKind.QUEUE,
        StepKind.CONNECT,
        StepKind.TRANSFER,
    ]
    queue = path.steps[1]
    assert queue.took_s == pytest.approx(4521 - 0.59 + 0.01)
    assert [held.code for held in queue.tries] == ["451"] * 3
    assert [stop.name for stop in path.stops] == ["web01.corp.example", "mx1"]
    assert (path.end_name, path.end_address) == ("mx.mail.protection.example", "192.0.2.53:25")
    assert (path.outcome, path.code) == (Outcome.BOUNCED, "550 5.7.1")


def test_waiting_mail_ends_in_the_queue_and_names_the_domain(engine: Engine) -> None:
    path = path_of(trace_of(engine, "to:anna@slow.example"))
    assert path is not None
    assert path.steps[-1].kind is StepKind.QUEUE
    assert path.end_name == "slow.example"


def test_mail_refused_at_the_door_has_one_step_to_it(engine: Engine) -> None:
    path = path_of(trace_of(engine, "status:rejected"))
    assert path is not None
    assert [step.kind for step in path.steps] == [StepKind.RECEIVE]
    assert path.end_name == "mx1"
    assert path.code == "550 5.1.1"


def test_mail_that_a_rule_dropped_is_not_shown_as_delivered(tmp_path: Path) -> None:
    log = tmp_path / "mail.log"
    log.write_text(
        "2026-11-22T09:00:00+00:00 mx1 postfix/smtpd[1]: 4cXk2R1wDzz5Y: client=a[192.0.2.7]\n"
        "2026-11-22T09:00:01+00:00 mx1 postfix/cleanup[2]: 4cXk2R1wDzz5Y: discard: header Subject: "
        "Prize from a.example[192.0.2.7]; from=<a@a.example> to=<b@corp.example> proto=ESMTP "
        "helo=<a.example>: unwanted\n",
        "utf-8",
    )
    store = empty_store(tmp_path)
    read_log(store, log, "mx1")
    path = path_of(trace_of(store, "to:b@corp.example"))
    assert path is not None and path.outcome is Outcome.DISCARDED
    assert path.steps[-1].kind is StepKind.FILTER
    store.dispose()


@given(
    st.lists(
        st.tuples(st.floats(0.1, 9, allow_nan=False), st.floats(0, 300, allow_nan=False)),
        min_size=1,
        max_size=30,
    ),
    st.floats(100, 1000, allow_nan=False),
)
def test_widths_fill_the_room_and_none_is_under_its_least(
    parts: list[tuple[float, float]], room: float
) -> None:
    weights, least = [part[0] for part in parts], [part[1] for part in parts]
    widths = shared_out(weights, least, room)
    assert all(width >= low - 1e-6 for width, low in zip(widths, least, strict=True))
    assert sum(widths) == pytest.approx(max(room, sum(least)), rel=1e-6)


@pytest.fixture(scope="module")
def sampled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A store of the sample, which holds every way that mail can take."""
    folder = tmp_path_factory.mktemp("sample")
    log = folder / "mail.log"
    log.write_text("\n".join(sample_lines(time.time_ns() // 1000)) + "\n", "utf-8")
    engine = empty_store(folder)
    read_log(engine, Path(log), "sample")
    yield engine
    engine.dispose()


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_words_of_a_picture_never_overlap(sampled: Engine, lang: str) -> None:
    app = create_app(sampled, site())
    drawn = 0
    with sampled.connect() as conn, app.test_request_context(f"/?lang={lang}"):
        query = parse_query("", now_us=site().now_us(), since="all")
        for row in deliveries.search(conn, query, limit=300).rows:
            path = path_of(load_trace(conn, row.id, parse_line))
            if path is None or not path.steps:
                continue
            for picture in (wide(path), tall(path)):
                assert overlaps(picture) == [], row.id
                drawn += 1
    assert drawn > 400


def overlaps(picture: Drawing) -> list[tuple[str, str]]:
    """Pairs of words on one line that run into each other, or words that leave the picture."""
    lines = defaultdict(list)
    for text in picture.texts:
        if text.words:
            width = text_width(text.words, bold="b" in text.look.split()) * 0.9
            shift = {"end": width, "middle": width / 2}.get(text.anchor, 0)
            lines[text.y].append((text.x - shift, text.x - shift + width, text.words))
    found = []
    for held in lines.values():
        held.sort()
        for (_, end, one), (start, _, other) in pairwise(held):
            if end > start + 1:
                found.append((one, other))
        edge = picture.left + picture.width + 12
        found += [(words, "edge") for start, end, words in held if end > edge or start < -20]
    return found
