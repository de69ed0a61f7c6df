"""Readers of what strangers wrote: whatever comes, an event or none, and never an exception."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from collectors.entry import read_entry
from collectors.formats import milters, proxmox
from collectors.formats.postfix_ids import is_queue_id
from collectors.records import read_record
from tracer.diagnostics.signatures import signatures
from tracer.model import EventKind, LogLine

TEXTS = st.text(max_size=80)
PIECES = st.lists(
    st.sampled_from(
        ("80A30673DA0A5A1B2C", ": ", "accept mail to <", "moved mail for <", "> to ", "> (", ")",
         "new mail message-id=", "#012", "spam quarantine", " - ", "anna@corp.example", "\udc80")
    ),
    max_size=12,
).map("".join)  # fmt: skip


@given(st.one_of(TEXTS, PIECES, TEXTS.map(lambda said: f"80A30673DA0A5A1B2C: {said}")))
def test_the_filter_of_proxmox_is_read_or_passed_over(text: str) -> None:
    line = LogLine(1, "gate", "pmg-smtp-filter", "1", text, "", "log")
    events = proxmox.parse(line)
    assert len(events) <= 1
    assert all(text.startswith(f"{event.queue_id}: ") for event in events)


FILTERS = st.sampled_from(("opendkim", "opendmarc", "openarc", "rspamd", "amavis", "", "other"))
SPOKEN = st.lists(
    st.sampled_from(
        ("4F1D2C0A", ": ", " ", "(1-01) Passed CLEAN", ", Queue-ID: ", '"', "#38(x) ",
         "<73b3a9>; ", "proxy; ", "rspamd_task_write_log: id: <", ">, qid: <", ">", "s=a d=b SSL ",
         "SSL ", "ignoring Authentication-Results at ", ", dkim_new=a:b", "\udc80",
         "[DKIM_SIGNED(0){b:s=a;}")
    ),
    max_size=14,
).map("".join)  # fmt: skip


@given(FILTERS, st.one_of(TEXTS, SPOKEN, TEXTS.map(lambda said: f"4F1D2C0A: {said}")))
def test_filters_only_ever_give_evidence_about_a_queue_id_they_name(
    program: str, text: str
) -> None:
    events = milters.parse(LogLine(1, "mx1", program, "1", text, "", "log"))
    assert len(events) <= 1
    for event in events:
        assert (event.kind, event.outcome, event.text) == (EventKind.UNKNOWN, None, text)
        assert is_queue_id(event.queue_id)
        assert event.queue_id in text
    assert all("\n" not in part for one in signatures([(program, text)]) for part in one)


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(TEXTS, inner, max_size=2)),
    max_leaves=5,
)
NAMES = st.sampled_from(
    ("@timestamp", "timestamp", "message", "host", "process", "name", "tag", "pid", "log", "time")
)


@given(st.one_of(TEXTS, st.dictionaries(NAMES, VALUES).map(json.dumps)))
def test_records_of_shippers_are_read_or_passed_over(line: str) -> None:
    record = read_record(line)
    assert record is None or (isinstance(record.stamp, str) and record.text)
    entry = read_entry(line)
    assert entry is None or entry.text
