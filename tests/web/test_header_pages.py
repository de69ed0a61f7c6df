"""Pasted headers: their way, who vouched for them, and nothing that is kept."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from tests.web.reading_pages import Document, read_page
from webui.header_reading import LONGEST, read_headers

HEADERS = """\
Return-Path: <bounce@news.corp.example>
Received: from mx2.fabrikam.example (mx2.fabrikam.example [192.0.2.90])
\tby store1.fabrikam.example (Postfix) with ESMTPS id 4cXAAA1
\tfor <anna@fabrikam.example>; Sun, 22 Nov 2026 08:45:12 +0000 (UTC)
Received: from mx1.corp.example (mx1.corp.example [198.51.100.7])
\tby mx2.fabrikam.example (Postfix) with ESMTPS id 9F3kQz77;
\tSun, 22 Nov 2026 11:42:11 +0300 (MSK)
Received: from web01.corp.example (web01.corp.example [203.0.113.24])
\tby mx1.corp.example (Postfix) with ESMTPSA id 4cXk2R1wPzz5Y;
\tSun, 22 Nov 2026 08:42:09 +0000 (UTC)
Authentication-Results: mx2.fabrikam.example;
\tdkim=pass (2048-bit key; unprotected) header.d=corp.example header.s=s2026;
\tspf=softfail smtp.mailfrom=bounce@news.corp.example;
\tdmarc=fail (p=reject dis=none) header.from=corp.example
Received-SPF: softfail (mx2.fabrikam.example: not designated) client-ip=198.51.100.7;
\treceiver=mx2.fabrikam.example;
ARC-Seal: i=1; a=rsa-sha256; t=1795336931; cv=none; d=list.example; s=arc; b=AbC=
ARC-Authentication-Results: i=1; list.example; spf=pass smtp.mailfrom=corp.example
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=corp.example; s=s2026;
\tl=200; h=From:To:Subject:Date; bh=abc=; b=def=
List-Id: <orders.corp.example>
List-Unsubscribe: <https://corp.example/u?x=1>
Message-ID: <20418.5b1e@web01.corp.example>
From: =?utf-8?b?0JfQsNC60LDQt9GL?= <orders@corp.example>
To: anna@fabrikam.example
Subject: Order 20418
"""


def shown(client: FlaskClient, text: str, lang: str = "en") -> Document:
    answer = client.post(f"/headers?lang={lang}", data={"headers": text})
    assert answer.status_code == 200
    return read_page(answer.get_data(as_text=True))


def test_the_way_is_told_oldest_first_with_what_each_server_took() -> None:
    reading = read_headers(HEADERS)
    assert [hop.by.partition(".")[0] for hop in reading.trail] == ["mx1", "mx2", "store1"]
    assert [hop.delay_s for hop in reading.trail] == [None, 2.0, 181.0]
    assert reading.total_s == 183.0


def test_results_are_read_as_their_servers_wrote_them() -> None:
    dkim, spf, dmarc = read_headers(HEADERS).results
    assert (dkim.method, dkim.result, dkim.tone) == ("dkim", "pass", "good")
    assert dict(dkim.properties) == {"header.d": "corp.example", "header.s": "s2026"}
    assert (spf.result, spf.tone) == ("softfail", "wait")
    assert (dmarc.result, dmarc.tone, dmarc.comment) == ("fail", "bad", "p=reject dis=none")
    assert {one.server for one in (dkim, spf, dmarc)} == {"mx2.fabrikam.example"}


def test_signatures_seals_and_lists_are_found() -> None:
    reading = read_headers(HEADERS)
    (signature,) = reading.signatures
    assert (signature.domain, signature.selector) == ("corp.example", "s2026")
    assert signature.has_length and signature.signed == "From, To, Subject, Date"
    (seal,) = reading.seals
    assert (seal.instance, seal.validation, seal.domain) == ("1", "none", "list.example")
    (arc,) = reading.arc_results
    assert (arc.instance, arc.server, arc.method, arc.result) == (
        "1",
        "list.example",
        "spf",
        "pass",
    )
    (spf,) = reading.spf
    assert (spf.result, spf.server) == ("softfail", "mx2.fabrikam.example")
    assert [name for name, _ in reading.lists] == ["list-id", "list-unsubscribe"]


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_the_page_leads_to_the_trace_and_to_a_diagnosis(client: FlaskClient, lang: str) -> None:
    page = shown(client, HEADERS, lang)
    links = page.values("href")
    assert any(link.startswith("/m/") for link in links)
    (check,) = [link for link in links if link.startswith("/check?")]
    assert "sender=bounce@news.corp.example" in check and "header_from=orders@corp.example" in check
    assert "ip=198.51.100.7" in check and "selector=s2026" in check


def test_text_without_headers_gets_a_next_step(client: FlaskClient) -> None:
    assert "it begins with Received:" in shown(client, "Hello Anna,\n\nsee you").one("main").text


@pytest.mark.parametrize(
    "text",
    [
        "Received: from <script>alert(1)</script> by x; Sun, 99 Foo 2026\nFrom: a@b.example\n",
        "Authentication-Results: ;;;=;\nDKIM-Signature: ;;d=;=\nMessage-ID: <\">'@x>\n",
        "From: a@b.example\nAuthentication-Results: x; " + "(" * 5000 + "dkim=pass\n",
        "\x00\x1b[31m\u202e\n",
        "",
    ],
)
def test_whatever_is_pasted_makes_a_whole_page(client: FlaskClient, text: str) -> None:
    page = shown(client, text)
    assert not [one for one in page.all("script") if not one.attributes.get("src")]


def test_too_much_is_cut_or_refused_and_never_a_fault(client: FlaskClient) -> None:
    assert client.post("/headers", data={"headers": "a" * 10 * LONGEST}).status_code == 413
    assert read_headers("From: a@b.example\n" + "X: y\n" * LONGEST).headers.sender == "a@b.example"
