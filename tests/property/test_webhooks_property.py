"""A trace with a provider's reports in it: any order, batching and repetition, one store."""

from __future__ import annotations

from functools import cache

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from collectors.formats import parse_line
from collectors.header import HeadReader
from collectors.reported import Reported, Told, event_of, line_of
from collectors.year import YearGuess
from collectors.zone import zone_named
from tests.property.test_ingest_property import NOON_US, QUICK, stored
from tests.property.test_ingest_property import Told as Known
from tracer.model import SECOND_US, when

SES_ID = "0100016e4ab7c399-12345678-aaaa-bbbb-cccc-1234567890ab-000000"
_MINUTE = f"{when(NOON_US):%Y-%m-%dT%H:%M}"
_LOG = f"""\
{_MINUTE}:01+00:00 mx1 postfix/smtpd[11]: 4AAAAAzzzzz1: client=pc[10.0.0.7]
{_MINUTE}:01+00:00 mx1 postfix/cleanup[12]: 4AAAAAzzzzz1: message-id=<one@corp.example>
{_MINUTE}:01+00:00 mx1 postfix/qmgr[13]: 4AAAAAzzzzz1: from=<ann@corp.example>, size=900, nrcpt=2 (queue active)
{_MINUTE}:02+00:00 mx1 postfix/smtp[14]: 4AAAAAzzzzz1: to=<bob@fabrikam.example>, relay=127.0.0.1[127.0.0.1]:10025, delay=1, delays=1/0/0/0, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 4BBBBBzzzzz2)
{_MINUTE}:02+00:00 mx1 postfix/smtp[14]: 4AAAAAzzzzz1: to=<eve@fabrikam.example>, relay=127.0.0.1[127.0.0.1]:10025, delay=1, delays=1/0/0/0, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 4BBBBBzzzzz2)
{_MINUTE}:03+00:00 mx1 postfix/qmgr[13]: 4AAAAAzzzzz1: removed
{_MINUTE}:02+00:00 mx1 postfix/smtpd[15]: 4BBBBBzzzzz2: client=localhost[127.0.0.1], orig_queue_id=4AAAAAzzzzz1, orig_client=pc[10.0.0.7]
{_MINUTE}:02+00:00 mx1 postfix/cleanup[16]: 4BBBBBzzzzz2: message-id=<one@corp.example>
{_MINUTE}:02+00:00 mx1 postfix/qmgr[13]: 4BBBBBzzzzz2: from=<ann@corp.example>, size=950, nrcpt=2 (queue active)
{_MINUTE}:04+00:00 mx1 postfix/smtp[17]: 4BBBBBzzzzz2: to=<bob@fabrikam.example>, relay=smtp.sendgrid.net[192.0.2.1]:587, delay=2, delays=1/0/0/1, dsn=2.0.0, status=sent (250 Ok: queued as AAAAAAAAAAAAAAAAAAAAAA)
{_MINUTE}:04+00:00 mx1 postfix/smtp[17]: 4BBBBBzzzzz2: to=<eve@fabrikam.example>, relay=smtp.sendgrid.net[192.0.2.1]:587, delay=2, delays=1/0/0/1, dsn=2.0.0, status=sent (250 Ok: queued as AAAAAAAAAAAAAAAAAAAAAA)
{_MINUTE}:05+00:00 mx1 postfix/qmgr[13]: 4BBBBBzzzzz2: removed
{_MINUTE}:10+00:00 mx2 postfix/pickup[21]: 4CCCCCzzzzz3: uid=33 from=<ann@corp.example>
{_MINUTE}:10+00:00 mx2 postfix/cleanup[22]: 4CCCCCzzzzz3: message-id=<two@corp.example>
{_MINUTE}:10+00:00 mx2 postfix/qmgr[23]: 4CCCCCzzzzz3: from=<ann@corp.example>, size=700, nrcpt=1 (queue active)
{_MINUTE}:11+00:00 mx2 postfix/smtp[24]: 4CCCCCzzzzz3: to=<bob@fabrikam.example>, relay=email-smtp.us-east-1.amazonaws.com[192.0.2.9]:587, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 Ok {SES_ID})
{_MINUTE}:11+00:00 mx2 postfix/qmgr[23]: 4CCCCCzzzzz3: removed
"""  # noqa: E501


def told(what: Told, at_s: float, recipient: str, **more: object) -> Known:
    """An event of a provider's report, `at_s` after the minute began, with its host."""
    source = "ses-prod" if more.get("provider_message_id") == SES_ID else "sg-prod"
    fields = {
        "told": what,
        "occurred_us": NOON_US + int(at_s * SECOND_US),
        "recipient": recipient,
        "message_id": "one@corp.example",
        "provider_message_id": "wrfRRvF7Q0GgwUo2CvDmEA",
    }
    record = Reported(**(fields | more))  # type: ignore[arg-type]
    line = line_of(record, "webhook/sendgrid", source, 0)
    event = event_of(record, line)
    return msgspec.structs.replace(event, source="mail.log"), source  # sources number as they come


@cache
def of_log() -> tuple[Known, ...]:
    reader = HeadReader("mail.log", year=YearGuess(year=2024), zone=zone_named("UTC"))
    lines = reader.read_many(_LOG.splitlines(), [])
    return tuple((e, line.host) for line in lines for e in parse_line(line) if e.queue_id)


def reports() -> tuple[Known, ...]:
    bob, eve = "bob@fabrikam.example", "Eve@fabrikam.example"
    ses = {"message_id": "", "provider_message_id": SES_ID}
    return (
        told(Told.ACCEPTED, 4, bob),
        told(Told.DEFERRED, 6, bob, reply="450 4.2.0 later"),
        told(Told.DELIVERED, 90, bob, reply="250 2.0.0 OK"),
        told(Told.OPENED, 400, bob),
        told(Told.BOUNCED, 90_000, bob, reply="552 5.2.2 full", bounce_kind="out_of_band"),
        told(Told.DELIVERED, 7, eve),
        told(Told.COMPLAINED, 900, eve),
        told(Told.DEFERRED, 8, eve, reply="450 late word"),
        told(Told.BOUNCED, 12, bob, reply="550 5.1.1 no such user", **ses),
        told(Told.BOUNCED, 13, bob, message_id="two@corp.example", reply="550 5.1.1 notice",
             provider_message_id="dsn-of-two"),
        told(Told.BOUNCED, 14, bob, message_id=f"{SES_ID}@email.amazonses.com",
             reply="550 5.1.1 notice of the wire", provider_message_id="dsn-by-wire"),
        told(Told.COMPLAINED, 95_000, bob, message_id=f"{SES_ID}@email.amazonses.com",
             provider_message_id="report-by-wire"),
        told(Told.DELIVERED, 30, "nobody@else.example", message_id="other@x",
             provider_message_id="unknown-to-us"),
    )  # fmt: skip


@cache
def at_once() -> dict[str, list[object]]:
    return stored([[*of_log(), *reports()]], restart_every=1)


@QUICK
@given(st.data())
def test_logs_and_reports_in_any_order_give_one_store(data: st.DataObject) -> None:
    everything: list[Known] = [*of_log(), *reports()]
    again = data.draw(st.lists(st.sampled_from(range(len(everything))), max_size=8))
    order = data.draw(st.permutations([*range(len(everything)), *again]))
    cuts = sorted(data.draw(st.sets(st.integers(1, len(order) - 1), max_size=8)))
    batches = [
        [everything[n] for n in order[start:end]]
        for start, end in zip([0, *cuts], [*cuts, len(order)], strict=True)
    ]
    restart = data.draw(st.integers(1, 3))
    assert stored(batches, restart_every=restart) == at_once()


def test_reports_turn_relayed_into_what_they_say() -> None:
    tables = at_once()
    last = [
        row
        for name, found in tables.items()
        if name.startswith("deliveries")
        for row in found
        if row[15] == 0  # type: ignore[index]
    ]
    outcomes = sorted((row[2].lower(), row[4]) for row in last)  # type: ignore[index]
    assert outcomes == [
        ("bob@fabrikam.example", "bounced"),
        ("bob@fabrikam.example", "bounced"),
        ("eve@fabrikam.example", "delivered"),
        ("nobody@else.example", "delivered"),
    ]
