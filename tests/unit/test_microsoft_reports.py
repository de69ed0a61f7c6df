"""Reports of Microsoft 365 as records: each kind, its recipients, its odd shapes."""

from __future__ import annotations

import pytest

from collectors.formats import parse_line
from collectors.microsoft_reports import Table, table_of
from tracer.model import Event, Outcome, when

ENHANCED = (
    "origin_timestamp_utc,sender_address,recipient_status,message_subject,total_bytes,message_id,"
    "network_message_id,original_client_ip,directionality,connector_id,delivery_priority"
)
EXTENDED = (
    "date_time_utc,client_ip,client_hostname,server_ip,server_hostname,source_context,connector_id,"
    "source,event_id,internal_message_id,message_id,network_message_id,recipient_address,"
    "recipient_status,total_bytes,recipient_count,related_recipient_address,reference,"
    "message_subject,sender_address,return_path,message_info,directionality,tenant_id,"
    "original_client_ip,original_server_ip,custom_data"
)
SUMMARY = "Date,Sender,Recipient,Subject,Status"
TRACE = '"Received","SenderAddress","RecipientAddress","Subject","Status","MessageId","Size"'
AT = "2026-11-20T09:15:02.1234567Z"


def table(header: str) -> Table:
    found = table_of(header, "m365")
    assert found is not None
    return found


def events(header: str, *lines: str) -> list[Event]:
    unreadable: list[str] = []
    read = table(header).read_many(lines, unreadable)
    assert not unreadable
    return [event for line in read for event in parse_line(line)]


def test_each_recipient_of_a_cell_has_its_own_outcome() -> None:
    told = events(
        ENHANCED,
        f'{AT},olga@corp.example,"a@x.example##Receive, Send;b@x.example##Receive, Fail",'
        '"Invoice, ""17""",20418,<DB7@corp.example>,6f1c-01,192.0.2.10,Originating,,Normal',
    )
    assert [(e.recipient, e.outcome) for e in told] == [
        ("a@x.example", Outcome.RELAYED), ("b@x.example", Outcome.BOUNCED),
    ]  # fmt: skip
    first = told[0]
    assert (first.message_id, first.queue_id) == ("DB7@corp.example", "6f1c-01")
    assert (first.subject, first.size, first.host) == ('Invoice, "17"', 20418, "microsoft365")
    assert when(first.at_us).isoformat() == "2026-11-20T09:15:02.123456+00:00"


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ("Receive, Deliver", Outcome.DELIVERED),
        ("Receive, Send, Deliver", Outcome.DELIVERED),
        ("Receive, Defer", Outcome.DEFERRED),
        ("Receive", Outcome.PENDING),
        ("Receive, Expand", Outcome.EXPANDED),
        ("Receive, Quarantine", Outcome.QUARANTINED),
        ("Receive, Spam", Outcome.JUNKED),
        ("Receive, Drop", Outcome.DISCARDED),
        ("Delivered", Outcome.DELIVERED),
        ("SomethingNew", None),
    ],
)
def test_events_of_a_recipient_amount_to_an_outcome(said: str, outcome: Outcome | None) -> None:
    (event,) = events(ENHANCED, f'{AT},o@corp.example,"a@x.example##{said}",S,1,<m@x>,n1,,,,')
    assert event.outcome is outcome


def extended(event: str, recipients: str = "a@x.example", context: str = "") -> str:
    return (
        f"{AT},192.0.2.1,h,198.51.100.2,mx.x.example,{context},,SMTP,{event},7,<m@x>,n1,"
        f"{recipients},,900,1,,,Hello,o@corp.example,o@corp.example,,Originating,,,,"
    )


def test_events_of_one_mail_are_one_hop() -> None:
    told = events(EXTENDED, extended("RECEIVE"), extended("SEND"), extended("DELIVER"))
    assert {e.queue_id for e in told} == {"n1"}
    assert [e.outcome for e in told] == [Outcome.PENDING, Outcome.RELAYED, Outcome.DELIVERED]
    assert told[0].relay == "mx.x.example[198.51.100.2]"


def test_the_reply_of_a_failure_is_kept() -> None:
    (event,) = events(EXTENDED, extended("FAIL", context="550 5.1.1 no such user"))
    assert (event.reply, event.status) == ("550 5.1.1 no such user", "5.1.1")


def test_shadow_copies_are_passed_over_and_new_events_are_evidence() -> None:
    assert events(EXTENDED, extended("HAREDIRECT")) == []
    (event,) = events(EXTENDED, extended("SOMETHINGNEW"))
    assert event.outcome is None


@pytest.mark.parametrize(
    ("status", "outcome"),
    [("Delivered", Outcome.DELIVERED), ("Filtered as spam", Outcome.JUNKED),
     ("Failed", Outcome.BOUNCED), ("Pending", Outcome.PENDING)],
)  # fmt: skip
def test_summary_has_american_times_and_no_id(status: str, outcome: Outcome) -> None:
    row = "11/20/2026 4:38:10 PM,o@corp.example,a@x.example,Hi," + status
    (event,) = events(SUMMARY, row)
    assert event.outcome is outcome
    assert when(event.at_us).isoformat() == "2026-11-20T16:38:10+00:00"
    assert event.queue_id.startswith("summary-")


def test_a_later_summary_tells_of_the_same_message() -> None:
    rows = [f"2026-11-20T09:00:00,o@c.example,a@x.example,Hi,{s}" for s in ("Pending", "Delivered")]
    first, second = events(SUMMARY, *rows)
    assert first.queue_id == second.queue_id


def test_what_the_shell_command_exports_is_read() -> None:
    row = '"2026-11-20 09:00:00","o@c.example","a@x.example","Hi","Delivered","<m@x>","77"'
    (event,) = events(TRACE, row)
    assert (event.message_id, event.size, event.outcome) == ("m@x", 77, Outcome.DELIVERED)


def test_a_cell_may_hold_line_ends_even_across_blocks() -> None:
    reader, unreadable = table(SUMMARY), list[str]()
    before = reader.read_many(['2026-11-20T09:00:00,o@c.example,a@x.example,"one'], unreadable)
    after = reader.read_many(['two",Delivered'], unreadable)
    assert before == [] and unreadable == []
    assert parse_line(after[0])[0].subject == "one\ntwo"


def test_a_row_without_a_time_is_counted_as_not_understood() -> None:
    unreadable: list[str] = []
    assert table(SUMMARY).read_many(["soon,o@c.example,a@x.example,Hi,Failed"], unreadable) == []
    assert unreadable == ["soon,o@c.example,a@x.example,Hi,Failed"]


@pytest.mark.parametrize("line", ["", "Nov 22 10:00:00 mx1 postfix/smtpd[1]: x", "a,b,c", '"'])
def test_a_log_is_no_report(line: str) -> None:
    assert table_of(line, "x") is None
