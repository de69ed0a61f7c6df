"""A diagnosis in a browser: findings come as they are found, with and without JavaScript."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Watched
from tests.fake_checks import FINE, WEAK, saying, waiting, world
from tests.web.building import NOW_US, filled_store, site
from tests.web.served import served
from tracer.config_diagnostics import DiagnosticsSettings
from webui import diagnosis_runs
from webui.app import create_app
from webui.diagnosis_runs import Runs

DOOR = threading.Event()  # the slow check ends when it is opened


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Pages whose diagnoses find one thing at once and the rest when the door is opened."""
    engine = filled_store(tmp_path_factory.mktemp("store"))
    app = create_app(engine, site())
    checks = (saying(WEAK), saying(FINE), waiting("slow", DOOR))
    settings = DiagnosticsSettings(runs_per_minute=100)
    opened = Runs(engine, settings, lambda: NOW_US, checks, lambda target: (target, world()))
    diagnosis_runs.install(app, opened)
    with served(app) as found:
        yield found
    engine.dispose()


def start(watched: Watched) -> None:
    DOOR.clear()
    page = watched.open("/check")
    page.get_by_label("Sender, or a domain").fill("orders@corp.example")
    page.get_by_role("button", name="Run the checks").click()


def test_findings_appear_while_the_run_goes_on(watched: Watched) -> None:
    start(watched)
    page = watched.page
    expect(page.get_by_role("heading", level=1)).to_contain_text("Checking orders@corp.example")
    expect(page.get_by_text("spf.weak").first).to_be_visible()
    expect(page.get_by_text("2 of 3 checks have an answer")).to_be_visible()
    assert page.get_by_text("slow.fine").count() == 0
    DOOR.set()
    expect(page.get_by_role("heading", level=1)).to_contain_text("To mend: 1 with the sender")
    page.get_by_role("button", name="Copy", exact=True).first.wait_for()
    assert watched.said == []


@pytest.mark.parametrize("watched", [{"java_script_enabled": False}], indirect=True)
def test_without_javascript_the_page_reads_itself_anew(watched: Watched) -> None:
    start(watched)
    page = watched.page
    expect(page.get_by_role("heading", level=1)).to_contain_text("Checking")
    DOOR.set()
    expect(page.get_by_role("heading", level=1)).to_contain_text("To mend", timeout=15_000)


@pytest.mark.parametrize(
    "watched", [{"viewport": {"width": 320, "height": 800}, "locale": "ru"}], indirect=True
)
def test_a_report_fits_a_narrow_window(watched: Watched) -> None:
    DOOR.set()
    page = watched.open("/check?sender=orders@corp.example&ip=192.0.2.1&helo=mail.corp.example")
    assert watched.overflow() == 0
    page.locator("button.main").click()
    page.locator("#report:not([data-events])").wait_for()
    for fold in page.locator("details").all():
        fold.evaluate("element => element.open = true")
    assert watched.overflow() == 0
    watched.open("/headers")
    assert watched.overflow() == 0
