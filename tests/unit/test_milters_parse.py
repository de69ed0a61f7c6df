"""Lines of mail filters become evidence about the message that they name."""

from __future__ import annotations

import pytest

from collectors.formats import parse_line, parser_named
from collectors.formats.milters import claims, parse
from tests.unit.postfix_lines import line, told
from tracer.model import EventKind

TASK = "proxy; rspamd_task_write_log: id: <a@shop.example>, qid: <4F1D2C0A>, ip: 203.0.113.1"
LOADED = "task; rspamd_message_parse: loaded message; id: <a@b>; queue-id: <4F1D2C0A>; size: 12"
NAMED = [
    ("opendkim", "4F1D2C0A: DKIM-Signature field added (s=mail, d=corp.example)"),
    ("opendkim", "4F1D2C0A: s=s1 d=shop.example a=rsa-sha256 SSL "),
    ("opendkim", "4F1D2C0A: no signature data"),
    ("opendkim", "4F1D2C0A: key retrieval failed (s=s1, d=shop.example)"),
    ("opendkim", "4F1D2C0A: [203.0.113.1] [203.0.113.1] not internal"),
    ("dkim-filter", "4F1D2C0A s=s1 d=shop.example SSL error:04091068:bad signature"),
    ("opendmarc", "4F1D2C0A: shop.example pass"),
    ("opendmarc", "4F1D2C0A ignoring Authentication-Results at 14 from relay.example"),
    ("openarc", "4F1D2C0A: failed to parse Authentication-Results: header field"),
    ("rspamd", f"<94f35d>; {TASK}"),
    ("rspamd", f"(rspamd_proxy) <94f35d>; {TASK}"),
    ("rspamd", f"(normal) <94f35d>; {LOADED}"),
    ("", f"#4493(rspamd_proxy) <94f35d>; {TASK}"),
    ("amavis", "(1-01) Passed CLEAN {Relayed}, <a@b.example> -> <c@d.example>, Queue-ID: 4F1D2C0A"),
]
SILENT = [
    ("opendkim", "OpenDKIM Filter v2.11.0 starting (args: -f)"),
    ("opendkim", "(unknown-jobid): no signature data"),
    ("opendkim", "DECADE: no signature data"),  # rather a word than an id
    ("opendmarc", "implicit authentication service: mx1.corp.example"),
    ("opendmarc", "4F1D2C0A shop.example pass"),
    ("rspamd", "<94f35d>; proxy; rspamd_task_write_log: id: <a@b>, ip: 203.0.113.1"),
    ("rspamd", "<94f35d>; lua; dkim.lua:9: id: <a@b>, qid: <4F1D2C0A>, "),
    ("rspamd", f"<94f35d>; lua; said: {TASK}"),
    ("", f"(rspamd_proxy) <94f35d>; {TASK}"),
    ("", "4F1D2C0A: no signature data"),
    ("amavis", '(1-01) Passed CLEAN {Relayed}, <", Queue-ID: 4F1D2C0A, "@b.example> -> <c@d>'),
    ("amavis", "(1-01) Passed CLEAN {Relayed}, <a@b.example> -> <c@d.example>, Message-ID: <x>"),
    ("opendkim", ""),
    ("opendkim", ": "),
]


@pytest.mark.parametrize(("program", "text"), NAMED)
def test_a_line_that_names_a_queue_id_is_evidence_and_no_more(program: str, text: str) -> None:
    (event,) = parse(line(program, text))
    assert told(event) == {"kind": EventKind.UNKNOWN, "queue_id": "4F1D2C0A"}
    assert (event.text, event.program, event.host) == (text, program, "mx1")
    assert parse_line(line(program, text)) == [event]


@pytest.mark.parametrize(("program", "text"), SILENT)
def test_a_line_that_names_none_says_nothing(program: str, text: str) -> None:
    assert parse(line(program, text)) == []


def test_a_long_queue_id_is_one_too() -> None:
    (event,) = parse(line("opendkim", "4WvB8b0821zZ1a: no signature data"))
    assert event.queue_id == "4WvB8b0821zZ1a"


@pytest.mark.parametrize("program", ["policyd-spf", "postfix/smtp", "dovecot", "opendkimx"])
def test_other_programs_are_left_to_others(program: str) -> None:
    assert not claims(program)


def test_the_format_can_be_asked_for_by_name() -> None:
    assert parser_named("milters") is parse
