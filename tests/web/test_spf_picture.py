"""The picture of an SPF record: every record a box, every look-up counted once."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.fakes import FakeLookup
from tracer.diagnostics.spf import SpfNode, evaluate, survey
from webui.spf_picture import Line, SpfPicture, spf_picture

ZONE = """
corp.example TXT "v=spf1 ip4:198.51.100.0/28 mx include:_spf.sender.example include:gone.example ~all"
corp.example MX 10 mx1.corp.example.
mx1.corp.example A 198.51.100.3
_spf.sender.example TXT "v=spf1 include:_eu.sender.example a:out.sender.example -all"
_eu.sender.example TXT "v=spf1 ip4:192.0.2.0/26 -all"
out.sender.example A 192.0.2.80
"""  # noqa: E501


def numbers(lines: tuple[Line, ...]) -> list[tuple[int, str]]:
    return [
        pair
        for line in lines
        for pair in ((line.number, line.term.text), *numbers(line.below))
        if pair[0]
    ]


@pytest.fixture
def picture(app: Flask) -> SpfPicture:
    with app.test_request_context():
        return spf_picture(survey(FakeLookup(ZONE), "corp.example").tree)


def test_look_ups_are_numbered_in_the_order_of_the_record(picture: SpfPicture) -> None:
    assert numbers(picture.lines) == [
        (1, "mx"),
        (2, "include:_spf.sender.example"),
        (3, "include:_eu.sender.example"),
        (4, "a:out.sender.example"),
        (5, "include:gone.example"),
    ]
    assert picture.lookups == 5


def test_every_record_has_its_box_and_none_overlap(picture: SpfPicture) -> None:
    assert {box.name for box in picture.boxes} >= {"corp.example", "gone.example"}
    assert len(picture.boxes) == 4
    assert len({(box.x, box.y) for box in picture.boxes}) == 4
    dead = next(box for box in picture.boxes if box.name == "gone.example")
    assert dead.look == "bad"


def test_the_branch_that_matches_is_marked(app: Flask) -> None:
    verdict = evaluate(FakeLookup(ZONE), "192.0.2.5", "a@corp.example", "mail.corp.example")
    assert verdict.tree is not None
    with app.test_request_context():
        picture = spf_picture(verdict.tree)
    assert picture.matched
    good = {box.name for box in picture.boxes if box.look == "good"}
    assert "_eu.sender.example" in good and "gone.example" not in good


def test_a_record_that_spends_too_much_is_over(app: Flask) -> None:
    many = " ".join(f"a:h{number}.corp.example" for number in range(12))
    zone = f'corp.example TXT "v=spf1 {many} -all"\n' + "\n".join(
        f"h{number}.corp.example A 192.0.2.{number}" for number in range(12)
    )
    with app.test_request_context():
        picture = spf_picture(survey(FakeLookup(zone), "corp.example").tree)
        assert picture.is_over and picture.over
        assert not spf_picture(SpfNode(domain="corp.example")).is_over
