"""A page of another site cannot have a visitor's browser change something here."""

from __future__ import annotations

import pytest
from flask import Flask

from webui.same_origin import install, is_ours


@pytest.mark.parametrize(
    ("site", "origin", "ours"),
    [
        ("", "", True),
        ("same-origin", "http://trace.example", True),
        ("none", "", True),
        ("same-site", "http://trace.example", False),
        ("cross-site", "http://trace.example", False),
        ("", "http://trace.example", True),
        ("", "https://elsewhere.example", False),
        ("", "http://trace.example:81", False),
        ("", "null", False),
    ],
)
def test_a_change_is_accepted_from_our_own_pages_and_from_programs(
    site: str, origin: str, ours: bool
) -> None:
    assert is_ours(site, origin, "trace.example") is ours


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [("POST", "/change", 403), ("GET", "/change", 200), ("POST", "/hooks/x", 200)],
)
def test_only_changes_are_refused_and_providers_are_let_through(
    method: str, path: str, code: int
) -> None:
    app = Flask(__name__)
    install(app)
    for place in ("/change", "/hooks/x"):
        app.add_url_rule(place, place, lambda: "done", methods=["GET", "POST"])
    answer = app.test_client().open(path, method=method, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == code
