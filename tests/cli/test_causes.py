"""`mailtracer causes` and `mailtracer rebuild`: what is known, a site's rules, folding again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.commands import done, ingested, rows, run
from tests.store.outgoing import sent
from tests.unit.test_site_rules import RULE
from tracer.causes import built_in
from tracer.explain import explain_by


@pytest.fixture(autouse=True)
def own_causes() -> Iterator[None]:
    yield
    explain_by(built_in())


@pytest.fixture
def site_home(tmp_path: Path) -> Path:
    """A home with one message whose reply nobody knows, and no rules yet."""
    lines = sent(1, 9, "a@corp.example", "b@else.example", reply="550 5.0.0 De zolder zit tjokvol")
    log = tmp_path / "mail.log"
    log.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    home = tmp_path / "home"
    ingested(home, str(log))
    return home


def write_rule(home: Path, text: str = RULE) -> None:
    (home / "causes.d").mkdir(exist_ok=True)
    (home / "causes.d" / "attic.toml").write_text(text, "utf-8")


def test_causes_lists_every_cause_with_its_counts(home: Path) -> None:
    listed = json.loads(done("causes", home, "--json"))
    assert {each["id"] for each in listed} == set(built_in())
    table = done("causes", home, "--lang", "ru").splitlines()
    assert len(table) == len(listed) + 1
    assert any("Ящик" in line for line in table)


def test_one_cause_is_told_whole(home: Path) -> None:
    told = json.loads(done("causes", home, "mailbox_full", "--json"))
    assert told["side"] == "recipient"
    assert {"title", "headline", "steps", "tell_user", "examples", "reference"} <= set(told)
    assert told["examples"][0] in done("causes", home, "mailbox_full")


def test_causes_can_be_read_without_a_store(tmp_path: Path) -> None:
    result = run("causes", tmp_path / "nowhere", "mailbox_full", "--json")
    assert result.exit_code == 0
    assert "Nothing is counted" in result.stderr
    assert json.loads(result.stdout)["last_48h"] == 0


def test_unknown_cause_says_where_to_look(home: Path) -> None:
    result = run("causes", home, "no_such_cause")
    assert result.exit_code == 1
    assert "`mailtracer causes` lists them all" in result.stderr


def test_check_proves_the_rules_of_the_site(site_home: Path) -> None:
    assert json.loads(done("causes", site_home, "--check", "--json")) == {"files": [], "ok": True}
    write_rule(site_home)
    assert done("causes", site_home, "--check") == "causes.d/attic.toml: right\n"
    write_rule(site_home, RULE.replace('["de zolder', '["user unknown", "de zolder'))
    result = run("causes", site_home, "--check")
    assert result.exit_code == 78
    assert "causes.d/attic.toml:3: this rule takes over" in result.stderr


def test_rule_is_applied_to_what_is_stored(site_home: Path) -> None:
    assert [row["cause"] for row in rows(site_home)] == ["unknown"]
    write_rule(site_home)
    result = json.loads(done("rebuild", site_home, "--causes", "--json"))
    assert (result["deliveries"], result["changed"]) == (1, 1)
    assert [row["cause"] for row in rows(site_home)] == ["mailbox_full"]
    again = json.loads(done("rebuild", site_home, "--causes", "--json"))
    assert again["changed"] == 0


@pytest.mark.usefixtures("beside")
def test_rule_is_applied_to_what_another_process_reads(site_home: Path, tmp_path: Path) -> None:
    write_rule(site_home)
    lines = sent(2, 5, "a@corp.example", "c@else.example", reply="550 5.0.0 De zolder zit tjokvol")
    log = tmp_path / "later.log"
    log.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    ingested(site_home, str(log))
    assert [row["cause"] for row in rows(site_home, "to:c@else.example")] == ["mailbox_full"]


def test_wrong_rule_stops_reading_before_it_begins(site_home: Path, tmp_path: Path) -> None:
    write_rule(site_home, RULE.replace("550 De zolder", "550 De kelder"))
    result = run("ingest", site_home, str(tmp_path / "mail.log"))
    assert result.exit_code == 78
    assert "causes.d/attic.toml:7: example 1" in result.stderr


def test_rebuild_changes_nothing_and_says_so(home: Path) -> None:
    before = rows(home)
    result = run("rebuild", home, "--json")
    told = json.loads(result.stdout)
    assert result.exit_code == 0
    assert told["changed"] == 0 and told["deliveries"] >= len(before)
    assert result.stderr.count("changed") == told["days"] > 1
    assert rows(home) == before


def test_show_tells_similar_cases_and_the_next_try_as_data(home: Path) -> None:
    (row,) = [row for row in rows(home, "status:bounced") if row["queue_id"] == "9AA0000002"]
    told = json.loads(done("show", home, str(row["id"]), "--json"))
    assert told["similar"]["cause"] == "recipient_unknown"
    assert told["similar"]["shared"] == "recipient"
    assert told["retry"] is None
