"""What nobody said about a target is taken from our own log and settings, and said to be."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine

from tests.web.building import NOW_US, filled_store
from tracer.config_diagnostics import DiagnosticsSettings
from tracer.diagnostics.completing import REPORT, SETTINGS, completed
from tracer.diagnostics.kept import open_report
from tracer.diagnostics.model import Target
from tracer.store import deliveries

PLAIN = DiagnosticsSettings()
OURS = DiagnosticsSettings(ips=("198.51.100.8",), helo="mail.corp.example")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = filled_store(tmp_path_factory.mktemp("completing"))
    yield engine
    engine.dispose()


@pytest.fixture
def conn(store: Engine) -> Iterator[Connection]:
    with store.connect() as connection:
        yield connection


def test_mail_that_came_to_us_shows_who_brought_it(conn: Connection) -> None:
    asked = Target(sender="spam@bad.example", recipient="nobody@corp.example")
    found = completed(asked, conn, OURS, NOW_US)
    assert found.ips == ("203.0.113.9",)
    assert found.helo == "bad.example"
    assert set(found.taken_from) == {"ips", "helo"}
    assert deliveries.hop_of_row_id(found.taken_from["ips"]) is not None


def test_a_reply_that_quotes_our_address_tells_it(conn: Connection) -> None:
    asked = Target(sender="orders@corp.example", recipient="j.berg@northwind.example")
    found = completed(asked, conn, OURS, NOW_US)
    assert found.ips == ("198.51.100.7",)
    assert found.helo == ""  # a reply does not tell our name


def test_the_settings_tell_where_the_log_does_not(conn: Connection) -> None:
    asked = Target(sender="news@corp.example", recipient="reader10@fabrikam.example")
    found = completed(asked, conn, OURS, NOW_US)
    assert (found.ips, found.helo) == (("198.51.100.8",), "mail.corp.example")
    assert found.taken_from == {"ips": SETTINGS, "helo": SETTINGS}
    assert completed(asked, conn, PLAIN, NOW_US) == asked


def test_what_is_given_stays(conn: Connection) -> None:
    asked = Target(sender="orders@corp.example", ips=("192.0.2.9",))
    assert completed(asked, conn, OURS, NOW_US) == asked


def test_without_a_sender_or_a_store_nothing_is_guessed(conn: Connection) -> None:
    only = Target(recipient="j.berg@northwind.example")
    assert completed(only, conn, OURS, NOW_US) == only
    assert completed(Target(sender="a@b.example"), None, PLAIN, NOW_US).ips == ()


def test_odd_addresses_do_not_break_the_search(conn: Connection) -> None:
    odd = Target(sender='"a b"@corp.example', recipient="x@y.example")
    assert completed(odd, conn, PLAIN, NOW_US).ips in ((), ("198.51.100.7",))


def test_selectors_of_an_earlier_diagnosis_are_known_and_never_made_up(store: Engine) -> None:
    given = Target(sender="anna@keys.example", selectors=("s1", "s2"))
    kept = open_report(store, given, NOW_US)
    asked = Target(sender="boris@keys.example", recipient="kim@northwind.example")
    with store.connect() as conn:
        found = completed(asked, conn, PLAIN, NOW_US)
        assert found.selectors == ("s1", "s2")
        assert found.taken_from["selectors"] == f"{REPORT}{kept.id}"
        assert completed(Target(sender="a@other.example"), conn, PLAIN, NOW_US).selectors == ()
        named = Target(sender="anna@keys.example", selectors=("s9",))
        assert completed(named, conn, PLAIN, NOW_US).selectors == ("s9",)


def test_selectors_that_were_taken_over_are_not_taken_over_again(store: Engine) -> None:
    taken = {"selectors": f"{REPORT}x"}
    open_report(
        store, Target(sender="b@again.example", selectors=("s1",), taken_from=taken), NOW_US
    )
    with store.connect() as conn:
        assert completed(Target(sender="c@again.example"), conn, PLAIN, NOW_US).selectors == ()
