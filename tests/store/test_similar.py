"""Similar cases: counted where they have the other end in common, with what worked there."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.store.filling import found, read_lines
from tests.store.outgoing import BLOCKED, NOW_US, refused, sent
from tracer import similar as similar_cases
from tracer.model import DAY_US, SECOND_US
from tracer.similar import Shared, Similar, provider, similar

MINUTE_US = 60 * SECOND_US


def outage() -> list[str]:
    """Four refusals at one provider, by three senders to two domains; others beside them."""
    lines = (
        sent(1, 90, "early@corp.example", "z@north.example"),
        sent(2, 60, "anna@corp.example", "a@north.example", reply=BLOCKED),
        sent(3, 50, "anna@corp.example", "b@south.example", reply=BLOCKED),
        sent(4, 40, "bert@corp.example", "c@north.example", reply=BLOCKED),
        sent(5, 30, "carl@corp.example", "d@north.example", reply=BLOCKED),
        sent(6, 20, "anna@corp.example", "e@else.example", server="mx.else.example", reply=BLOCKED),
        sent(7, 10, "anna@corp.example", "e@else.example", server="mx.else.example"),
    )
    return list(chain(*lines))


def alike(engine: Engine, query: str, now_us: int = NOW_US) -> Similar:
    with engine.connect() as conn:
        (row,) = found(conn, query)
        told = similar(conn, row, now_us)
    assert told
    return told


def test_others_at_the_same_provider_are_counted_without_the_message_itself(
    store: Engine, tmp_path: Path
) -> None:
    read_lines(store, tmp_path, outage())
    told = alike(store, "to:d@north.example")
    assert (told.shared, told.name) == (Shared.PROVIDER, "protection.example")
    assert (told.messages, told.senders, told.is_more) == (3, 2, False)
    assert dict(told.domains) == {"north.example": 2, "south.example": 1}


def test_time_tells_since_when_and_when_the_last_one_got_through(
    store: Engine, tmp_path: Path
) -> None:
    read_lines(store, tmp_path, outage())
    told = alike(store, "to:d@north.example")
    assert told.first_us == NOW_US - 60 * MINUTE_US
    assert told.last_us == NOW_US - 30 * MINUTE_US
    assert told.worked_us == NOW_US - 90 * MINUTE_US


def test_what_got_through_by_another_provider_is_no_success_of_this_one(
    store: Engine, tmp_path: Path
) -> None:
    other = sent(8, 5, "anna@corp.example", "d@north.example", server="mx.backup.example")
    read_lines(store, tmp_path, [*outage(), *other])
    told = alike(store, "to:d@north.example status:bounced")
    assert told.worked_us == NOW_US - 90 * MINUTE_US


def test_success_after_the_last_failure_is_found(store: Engine, tmp_path: Path) -> None:
    read_lines(store, tmp_path, [*outage(), *sent(9, 1, "a@corp.example", "q@north.example")])
    told = alike(store, "to:d@north.example")
    assert told.worked_us is not None and told.worked_us > told.last_us


def test_its_query_finds_the_same_messages(store: Engine, tmp_path: Path) -> None:
    read_lines(store, tmp_path, outage())
    told = alike(store, "to:d@north.example")
    with store.connect() as conn:
        assert len(found(conn, told.query)) == told.messages + 1


def test_full_mailbox_is_compared_with_mail_to_the_same_person_only(
    store: Engine, tmp_path: Path
) -> None:
    full = "552 5.2.2 Mailbox full"
    lines = chain(
        sent(1, 30, "a@corp.example", "full@north.example", reply=full),
        sent(2, 20, "b@corp.example", "full@north.example", reply=full),
        sent(3, 10, "b@corp.example", "other@north.example", reply=full),
        sent(4, 5, "b@corp.example", "fine@north.example"),
    )
    read_lines(store, tmp_path, lines)
    told = alike(store, "to:full@north.example from:a@corp.example")
    assert (told.shared, told.messages, told.worked_us) == (Shared.RECIPIENT, 1, None)


def test_refusal_at_our_door_is_compared_by_the_client(store: Engine, tmp_path: Path) -> None:
    lines = chain(
        refused(1, 30, "203.0.113.9", "a@corp.example"),
        refused(2, 20, "203.0.113.9", "b@corp.example"),
        refused(3, 10, "203.0.113.10", "c@corp.example"),
    )
    read_lines(store, tmp_path, lines)
    told = alike(store, "to:a@corp.example")
    assert (told.shared, told.name, told.messages) == (Shared.CLIENT, "203.0.113.9", 1)


def test_older_cases_than_two_days_are_left_out(store: Engine, tmp_path: Path) -> None:
    old = sent(9, 49 * 60, "a@corp.example", "x@north.example", reply=BLOCKED)
    read_lines(store, tmp_path, [*outage(), *old])
    assert alike(store, "to:d@north.example").messages == 3


def test_old_message_is_compared_with_those_of_its_own_time(store: Engine, tmp_path: Path) -> None:
    read_lines(store, tmp_path, outage())
    assert alike(store, "to:d@north.example", NOW_US + 20 * DAY_US).messages == 3


def test_walk_stops_at_its_bound_and_says_so(
    store: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_lines(store, tmp_path, outage())
    monkeypatch.setattr(similar_cases, "MOST", 3)
    told = alike(store, "to:d@north.example")
    assert told.is_more and told.messages < 3


def test_delivery_without_a_cause_has_no_similar_ones(store: Engine, tmp_path: Path) -> None:
    read_lines(store, tmp_path, outage())
    with store.connect() as conn:
        (row,) = found(conn, "to:z@north.example")
        assert similar(conn, row, NOW_US) is None


@pytest.mark.parametrize(
    ("relay", "name"),
    [
        ("mx1.mail.protection.example[192.0.2.53]:25", "protection.example"),
        ("mx.firma.co.uk[192.0.2.1]:25", "firma.co.uk"),
        ("mx.co.example[192.0.2.1]:25", "co.example"),
        ("[192.0.2.1]:25", ""),
        ("192.0.2.1[192.0.2.1]:25", ""),
        ("none", ""),
        ("store1.corp.example[private/lmtp]", "corp.example"),
    ],
)
def test_provider_is_the_domain_of_the_servers_name(relay: str, name: str) -> None:
    assert provider(relay) == name


def test_what_got_through_says_nothing_where_the_message_itself_was_the_reason(
    store: Engine, tmp_path: Path
) -> None:
    virus = sent(8, 5, "a@corp.example", "v@north.example", reply="550 5.7.1 Virus found")
    read_lines(store, tmp_path, [*outage(), *virus])
    assert alike(store, "to:v@north.example").is_about_content
    assert not alike(store, "to:d@north.example").is_about_content
