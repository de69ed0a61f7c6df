"""DKIM selectors that our own log told of are shown with the message that told them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.store.filling import read_lines
from tests.web.building import NOW_US, empty_store, site
from tests.web.reading_pages import read_page
from tracer.config_diagnostics import DiagnosticsSettings
from tracer.diagnostics.completing import completed
from tracer.diagnostics.kept import open_report
from tracer.diagnostics.model import Target
from webui.app import create_app

MAIL = (
    "postfix/smtpd[1]: 1A00000001: client=pc7.corp.example[10.0.0.7]",
    "opendkim[2]: 1A00000001: DKIM-Signature field added (s=mail2026, d=corp.example)",
    "postfix/qmgr[3]: 1A00000001: from=<anna@corp.example>, size=9, nrcpt=1 (queue active)",
    "postfix/smtp[4]: 1A00000001: to=<bob@shop.example>, relay=mx.shop.example[192.0.2.25]:25, "
    "delay=3, delays=1/0/1/1, dsn=2.0.0, status=sent (250 2.0.0 Ok)",
    "postfix/qmgr[3]: 1A00000001: removed",
)


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "from a message in our log"), ("ru", "из письма в нашем журнале")],
)
def test_a_selector_leads_to_the_message_that_told_it(
    tmp_path: Path, language: str, words: str
) -> None:
    store = empty_store(tmp_path)
    read_lines(store, tmp_path, [f"2026-11-20T10:00:00+00:00 mx1 {said}" for said in MAIL])
    asked = Target(sender="anna@corp.example", recipient="bob@shop.example")
    with store.connect() as conn:
        target = completed(asked, conn, DiagnosticsSettings(), NOW_US)
    kept = open_report(store, target, NOW_US)
    client = create_app(store, site()).test_client()
    page = read_page(client.get(f"/check/{kept.id}?lang={language}").text)
    assert "mail2026" in page.one("main").text
    (link,) = (one for one in page.all("a") if one.text == words)
    message = read_page(client.get(str(link.attributes["href"])).text)
    assert "DKIM-Signature field added (s=mail2026, d=corp.example)" in message.one("main").text
    store.dispose()
