"""What a person does in a browser, from the search box to the CSV, and how pages fit windows."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.browser.conftest import Watched

BOUNCED = "/m/4cXk2R1wPzz5Y?recipient=j.berg@northwind.example"
PAGES = (
    "/",
    "/trace",
    "/trace?q=status:failed",
    "/trace?q=to:nobody-at-all@+status:failed",
    BOUNCED,
    "/m/4cXk2R1wPzz5Y?recipient=books@fabrikam.example",
    "/m/4cXn9WaitZz5b",
    "/m/4cXl1HtMlzz5a",
    "/outcomes",
    "/help",
    "/sources",
    "/trace?since=3650d",
)


def window(width: int, **more: object) -> dict[str, object]:
    return {"viewport": {"width": width, "height": 800}, **more}


def test_from_the_search_box_to_the_answer_and_the_csv(watched: Watched, tmp_path: Path) -> None:
    page = watched.open("/")
    page.get_by_label("Address, domain, IP").fill("j.berg@northwind.example")
    page.get_by_role("button", name="Trace").click()
    assert page.get_by_role("cell", name="bounced").count() == 1
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    saved = tmp_path / "results.csv"
    download.value.save_as(saved)
    with saved.open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["recipient"], row["status"]) == ("j.berg@northwind.example", "bounced")
    page.get_by_role("link", name="Order 20418 confirmed").click()
    assert "block list" in page.get_by_role("heading", level=1).inner_text()
    page.get_by_role("link", name="‹ Results").click()
    assert page.get_by_label("Address, domain, IP").input_value() == "j.berg@northwind.example"
    assert watched.said == []


def test_copy_button_says_that_it_copied(watched: Watched) -> None:
    watched.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = watched.open(BOUNCED)
    page.get_by_role("button", name="Copy Message-ID").click()
    page.get_by_role("button", name="Copied").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == "<20418.5b1e@web01.corp.example>"
    assert watched.said == []


def test_theme_button_goes_round_and_is_remembered(watched: Watched) -> None:
    page = watched.open("/")
    button = page.locator("#theme")
    root = page.locator("html")
    themes = []
    for _ in range(3):
        button.click()
        themes.append(root.get_attribute("data-theme"))
    assert themes == ["light", "dark", None]
    button.click()
    page.reload()
    assert root.get_attribute("data-theme") == "light"
    assert watched.said == []


@pytest.mark.parametrize(
    "watched",
    [window(1280), window(390), window(320), window(320, locale="ru-RU")],
    ids=["1280", "390", "320", "320-ru"],
    indirect=True,
)
@pytest.mark.parametrize("path", PAGES)
def test_page_fits_its_window(watched: Watched, path: str) -> None:
    watched.open(path)
    assert watched.overflow() <= 0
    assert watched.said == []


def test_pasted_list_of_addresses_finds_any_of_them(watched: Watched) -> None:
    page = watched.open("/")
    box = page.get_by_label("Address, domain, IP")
    pasted = "j.berg@northwind.example\n  anna@slow.example\n"
    box.evaluate(
        """(box, text) => {
            const clipboardData = new DataTransfer();
            clipboardData.setData('text/plain', text);
            box.dispatchEvent(new ClipboardEvent('paste', {clipboardData, cancelable: true}));
        }""",
        pasted,
    )
    assert box.input_value() == "j.berg@northwind.example OR anna@slow.example"
    page.get_by_role("button", name="Trace").click()
    assert page.title().startswith("2 deliveries")


@pytest.mark.parametrize(
    "watched", [window(1280, color_scheme="dark")], ids=["dark"], indirect=True
)
def test_dark_page_is_dark_and_its_text_is_light(watched: Watched) -> None:
    page = watched.open(BOUNCED)
    ground, text = page.evaluate(
        "(({backgroundColor, color}) => [backgroundColor, color])(getComputedStyle(document.body))"
    )
    assert max(channels(ground)) < 60
    assert min(channels(text)) > 200


def channels(color: str) -> list[int]:
    return [int(float(part)) for part in color.removeprefix("rgb(").rstrip(")").split(",")[:3]]


@pytest.mark.parametrize(
    "watched", [window(390, java_script_enabled=False)], ids=["no-script"], indirect=True
)
def test_everything_that_matters_works_without_script(watched: Watched) -> None:
    page = watched.open("/")
    page.get_by_label("Address, domain, IP").fill("from:orders@corp.example status:bounced")
    page.get_by_role("button", name="Trace").click()
    page.get_by_role("link", name="Order 20418 confirmed").click()
    page.get_by_role("link", name="books@fabrikam.example").click()
    assert "accepted" in page.get_by_role("heading", level=1).inner_text()
    assert page.get_by_role("button", name="Copy").count() == 0


def test_keyboard_reaches_the_content_first(watched: Watched) -> None:
    page = watched.open(BOUNCED)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    page.keyboard.press("Enter")
    assert page.url.endswith("#main")


@pytest.mark.parametrize("path", PAGES)
def test_controls_are_large_enough_to_hit(watched: Watched, path: str) -> None:
    page = watched.open(path)
    small = page.evaluate(
        """() => [...document.querySelectorAll('button, select, input, summary, .top a, .acts a')]
            .filter(item => item.checkVisibility())
            .map(item => [item.outerHTML.slice(0, 80), item.getBoundingClientRect()])
            .filter(([, box]) => box.width < 24 || box.height < 24)
            .map(([html]) => html)"""
    )
    assert small == []
