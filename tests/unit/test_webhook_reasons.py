"""Reasons of refusals are shown in the reader's language, whatever provider raised them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask
from flask_babel import force_locale
from sqlalchemy import Engine

from tests.web.building import empty_store
from webui.app import create_app
from webui.refused_words import refused_words

RAISED = re.compile(r'WebhookRejected\(\s*f?"([^"]+)"')
FILES = [*Path("collectors/webhooks").glob("*.py"), *Path("webui").glob("hook*.py")]
FILLED = {"age_us // seconds(1)": "999", "window_s": "300", "said": "is missing"}
HEADERS = ("header", "_SIGNATURE")


def example(raised: str) -> str:
    """A reason as it is raised, with something in each of its places."""

    def fill(place: re.Match[str]) -> str:
        return FILLED.get(place[1], "X-Signature" if place[1] in HEADERS else "value")

    return re.sub(r"\{([^}]+)\}", fill, raised)


REASONS = sorted({example(r) for f in FILES for r in RAISED.findall(f.read_text("utf-8"))})


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return empty_store(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="module")
def app(store: Engine) -> Flask:
    return create_app(store)


def test_every_reason_was_found() -> None:
    assert len(REASONS) >= 25


@pytest.mark.parametrize("reason", REASONS)
def test_a_reason_is_told_in_russian(app: Flask, reason: str) -> None:
    with app.test_request_context(), force_locale("ru"):
        assert re.search("[а-яё]", refused_words(reason)), reason


def test_what_the_reason_names_stays(app: Flask) -> None:
    with app.test_request_context(), force_locale("ru"):
        told = refused_words("the signed time is 999 s old; at most 300 s are accepted")
        assert "999" in told and "300" in told
        assert "X-Sig" in refused_words("the header X-Sig is missing")
        assert "Authorization" in refused_words("the Authorization header is missing")
        assert refused_words("something new: 100%") == "something new: 100%"
