"""`mailtracer show`: one message for people and for programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.commands import (
    ROW,
    done,
    rows,
    run,
)


def test_show_prints_one_object(home: Path) -> None:
    told = json.loads(done("show", home, "9AA0000002", "--json"))
    assert list(told)[:5] == ["message", "deliveries", "hops", "events", "explanation"]
    assert list(told["message"]) == ROW
    assert [list(row) for row in told["deliveries"]] == [ROW]
    assert [hop["queue_id"] for hop in told["hops"]] == ["9AA0000002"]
    assert told["events"][0]["raw"].endswith("9AA0000002: client=pc7.corp.example[10.0.0.7], "
                                             "sasl_method=PLAIN, sasl_username=carl")  # fmt: skip
    assert told["explanation"]["cause"] == "recipient_unknown"
    assert told["explanation"]["steps"]
    assert [each["why"] for each in told["related"]] == ["notice"]


@pytest.mark.parametrize("name", ["id", "queue_id", "message_id"])
def test_show_finds_a_message_by_each_of_its_names(home: Path, name: str) -> None:
    (row,) = rows(home, "status:bounced")
    told = json.loads(done("show", home, str(row[name]), "--json"))
    assert told["message"] == row


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_show_tells_people_what_happened_and_what_to_do(home: Path, lang: str) -> None:
    told = done("show", home, "9AA0000002", "--lang", lang)
    assert ("has no mailbox" in told) == (lang == "en")
    assert "\n1. " in told
    assert "nobody@partner.example" in told
    assert "postfix/smtp[1452]: 9AA0000002: to=<nobody@partner.example>" in told
    advice = told.partition("\n2026-")[0].splitlines()
    assert not [line for line in advice if "  " in line.strip().partition("  carl@")[0]]


def test_show_of_nothing_ends_with_1_and_names_it(home: Path) -> None:
    result = run("show", home, "nosuch")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "nothing in the store is named nosuch" in result.stderr
