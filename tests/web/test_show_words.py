"""What the terminal says of similar cases is what the page says."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from collectors.cli.show_words import similar_words
from collectors.pasted_words import likeliest_words
from tracer.causes.card import Likely
from tracer.model import DAY_US
from tracer.similar import Shared, Similar
from webui import show
from webui.i18n import gettext, site
from webui.message_similar import similar_view

FIRST, LAST = 1_795_330_651_000_000, 1_795_334_251_000_000
UTC = ZoneInfo("UTC")


def of(messages: int, worked_us: int | None, shared: Shared, *, is_more: bool = False) -> Similar:
    domains = (("a.example", messages), ("b.example", 1)) if messages > 1 else ()
    return Similar(
        "greylisted", shared, "mx.example", messages, messages, is_more, FIRST, LAST, worked_us,
        False, domains, "cause:greylisted", FIRST - DAY_US, LAST + DAY_US,
    )  # fmt: skip


@pytest.mark.parametrize("lang", ["en", "ru"])
@pytest.mark.parametrize("shared", list(Shared))
@pytest.mark.parametrize("worked_us", [None, FIRST - 1_000_000_000, LAST + 1_000_000_000, LAST])
@pytest.mark.parametrize(("messages", "is_more"), [(0, False), (1, False), (2, False), (21, True)])
def test_terminal_and_page_say_the_same(
    app: Flask, lang: str, shared: Shared, worked_us: int | None, messages: int, is_more: bool
) -> None:
    found = of(messages, worked_us, shared, is_more=is_more)
    spoken = " ".join(similar_words(found, lang, UTC))
    with app.test_request_context(headers={"Accept-Language": lang}):
        page = " ".join(similar_view(found).sentences)
        for at_us in filter(None, (FIRST, worked_us)):
            page = page.replace(show.day_and_clock(at_us, site().now_us()), "T")
    for at_us in filter(None, (FIRST, worked_us)):
        spoken = spoken.replace(show.iso(at_us)[:16].replace("T", " "), "T")
    assert spoken == page


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_terminal_offers_the_likeliest_causes_in_the_words_of_the_page(
    app: Flask, lang: str
) -> None:
    first, *rest = likeliest_words((Likely("greylisted", "Greylisted", "a hint"),), lang)
    with app.test_request_context(headers={"Accept-Language": lang}):
        assert first == gettext("It may be one of these:")
    assert rest == ["- Greylisted: a hint"]
    assert list(likeliest_words((), lang)) == []
