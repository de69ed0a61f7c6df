"""The measure of how well causes are named: what counts as right, and which rows are kept aside."""

from __future__ import annotations

import json

import pytest

from bench.causes import FEWEST, Row, macro_recall, read, report, sides, table


def row(named: str, *gold: str, id: str = "1") -> Row:
    return Row(id, "text", gold, named, 0.5)


def test_any_acceptable_cause_is_right_and_unknown_does_not_spoil_precision() -> None:
    rows = [
        row("mailbox_full", "mailbox_full"),
        row("mailbox_full", "recipient_unknown", "mailbox_full"),
        row("unknown", "recipient_unknown"),
        row("spam_content", "greylisted"),
    ]
    figures = report(rows, sides({}))
    assert figures["accept"] == 0.5
    assert figures["precision"] == pytest.approx(2 / 3)
    assert figures["answered"] == 0.75
    assert figures["ms"] == 0.5


def test_recall_counts_causes_with_rows_enough_and_each_the_same() -> None:
    many = [row("mailbox_full", "mailbox_full")] * (3 * FEWEST)
    few = [row("unknown", "greylisted")] * FEWEST
    rare = [row("unknown", "malware")] * (FEWEST - 1)
    assert macro_recall([*many, *few, *rare]) == 0.5


def test_side_is_right_when_it_is_one_of_those_named() -> None:
    told = sides({"relay_denied": "their admin or us"})
    assert told["relay_denied"] == {"their_admin", "us"}
    assert report([row("ip_blocklisted", "relay_denied")], told)["side"] == 1
    assert report([row("mailbox_full", "relay_denied")], told)["side"] == 0


def test_same_rows_are_kept_aside_every_time_and_about_a_fifth() -> None:
    aside = [n for n in range(1000) if row("", id=f"row-{n}").kept_aside]
    assert 150 < len(aside) < 250
    assert aside == [n for n in range(1000) if row("", id=f"row-{n}").kept_aside]


def test_reply_is_named_with_its_codes() -> None:
    reply = {"id": "a", "text": "mailbox full", "reply_code": "452", "gold": ["mailbox_full"]}
    line = json.dumps(reply)
    (named,) = read([line])
    assert named.accepted
    assert named.ms > 0


def test_table_leaves_out_parts_without_rows() -> None:
    shown = table({"all": [row("mailbox_full", "mailbox_full")], "kept aside": []}, sides({}))
    assert "all (1)" in shown and "kept aside" not in shown
    assert "100.0%" in shown
