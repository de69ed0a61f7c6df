"""Records of shippers: whatever the fields are called, the line is the same."""

from __future__ import annotations

import json
from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from collectors.header import HeadReader
from collectors.year import YearGuess
from tracer.model import LogLine, micros

TEXT = '4F9D: to=<anna@example.com>, relay=none, status=deferred (a: "b")'
LINE = f"Nov 22 12:32:15 mx1 postfix/smtp[123]: {TEXT}"
AT_US = micros(datetime(2026, 11, 22, 12, 32, 15, tzinfo=UTC))
STAMP = "2026-11-22T12:32:15Z"


def read(line: str, zone: tzinfo = UTC) -> LogLine | None:
    return HeadReader("lab", year=YearGuess(year=2026), zone=zone, host="here").read(line)


def told(line: str, zone: tzinfo = UTC) -> tuple[Any, ...]:
    found = read(line, zone)
    assert found is not None
    return (found.at_us, found.host, found.program, found.pid, found.text)


WHOLE = (AT_US, "mx1", "postfix/smtp", "123", TEXT)
PARTS = {"host": "mx1", "ident": "postfix/smtp", "pid": "123", "message": TEXT}


@pytest.mark.parametrize(
    "fields",
    [
        {"date": 1795350735.0, **PARTS},
        {"timestamp": 1795350735000, **PARTS},
        {"timestamp": "1795350735000000000", "line": LINE},
        {"ISODATE": "2026-11-22T14:32:15+02:00", "HOST": "mx1", "PROGRAM": "postfix/smtp",
         "PID": "123", "MESSAGE": TEXT},
        {"DATE": "Nov 22 12:32:15", "HOST": "mx1", "PROGRAM": "postfix/smtp", "PID": "123",
         "MESSAGE": TEXT},
        {"version": "1.1", "timestamp": 1795350735.0, "host": "mx1", "short_message": TEXT,
         "_application_name": "postfix/smtp", "_process_id": "123"},
        {"@timestamp": STAMP, "log": LINE + "\n", "stream": "stdout", "kubernetes": {"host": "n"}},
        {"@timestamp": STAMP, "logsource": "mx1", "program": "postfix/smtp", "pid": "123",
         "message": TEXT},
        {"@timestamp": STAMP, "host": "10.0.0.5", "program": "postfix/smtp", "pid": "123",
         "message": f"<22>{LINE}"},
        {"@timestamp": STAMP, "host": {"hostname": "mx1"},
         "process": {"name": "postfix/smtp", "pid": 123}, "message": TEXT},
        {"timereported": STAMP, "hostname": "mx1", "syslogtag": "postfix/smtp[123]:",
         "programname": "postfix", "procid": "123", "msg": f" {TEXT}"},
        {"timestamp": STAMP, "textPayload": LINE, "resource": {"labels": {}}},
        {"timestamp": STAMP, "jsonPayload": PARTS},
        {"preview": False, "result": {"_raw": LINE, "_time": STAMP, "host": "mx1"}},
        {"timestamp": STAMP, "source": "mx1", "message": f"postfix/smtp[123]: {TEXT}"},
        {"timestamp": STAMP, "source": "mx9", "message": f"mx1 postfix/smtp[123]: {TEXT}"},
        {"timestamp": STAMP, "source": "/var/log/mail.log", "message": LINE},
    ],
)  # fmt: skip
def test_each_makers_record_says_the_same(fields: dict[str, Any]) -> None:
    assert told(json.dumps(fields)) == WHOLE


@pytest.mark.parametrize(
    "line",
    [
        f"2026-11-22T12:32:15+00:00\tsystem.mail\t{json.dumps(PARTS)}",
        f"2026-11-22 12:32:15.000000000 +0000 system.mail: {json.dumps(PARTS)}",
        f"{STAMP} stdout F {json.dumps({'timestamp': STAMP, **PARTS})}",
        f"data: {json.dumps({'timestamp': STAMP, **PARTS})}",
        f"\x1e{json.dumps({'timestamp': STAMP, **PARTS})}",
        f"Nov 22 12:32:15 mx1 postfix/smtp[123]: @cee: {json.dumps({'msg': TEXT})}",
        f"Nov 22 12:32:15 mx1 postfix/smtp[123]: @cee:{json.dumps({'message': TEXT})}",
    ],
)
def test_a_record_may_stand_behind_a_head(line: str) -> None:
    assert told(line) == WHOLE


def test_a_cookie_is_opened_in_lines_of_a_process_that_was_heard_without_one() -> None:
    reader = HeadReader("lab", year=YearGuess(year=2026), zone=UTC)
    cookie = f"Nov 22 12:32:15 mx1 postfix/smtp[123]: @cee: {json.dumps({'msg': TEXT})}"
    found = reader.read_many([LINE, LINE, cookie], [])
    assert [line.text for line in found] == [TEXT] * 3


@pytest.mark.parametrize("start", ["[0] mail: [1795350735.000000000, ",
                                   "[7] mail: [[1795350735.000000000, {}], ",
                                   "mail: [1795350735.000000000, "])  # fmt: skip
def test_what_fluent_bit_prints_is_read(start: str) -> None:
    pairs = ", ".join(f'"{name}"=>{json.dumps(value)}' for name, value in PARTS.items())
    assert told(f"{start}{{{pairs}}}]") == WHOLE


def test_a_time_without_a_zone_is_local_unless_the_line_inside_knows_better() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    vague = {"time": "2026-11-22 13:32:15", **PARTS}
    assert told(json.dumps(vague), berlin) == WHOLE
    exact = {"time": "2026-11-22 09:00:00", "message": LINE.replace("Nov 22", "2026-11-22", 1)}
    exact["message"] = str(exact["message"]).replace("12:32:15", "12:32:15Z", 1)
    assert told(json.dumps(exact), berlin) == WHOLE


def test_a_programs_words_are_no_line_of_another_program() -> None:
    said = "Nov 22 12:32:15 mx1 postfix/smtp[1]: 4F9D: removed"
    fields = {"timestamp": STAMP, "host": "mx1", "program": "sshd", "pid": "9", "message": said}
    assert told(json.dumps(fields)) == (AT_US, "mx1", "sshd", "9", said)


def test_json_that_only_lenient_readers_take_is_read() -> None:
    line = json.dumps({"timestamp": STAMP, **PARTS, "message": "half \udcff"})
    assert told(line)[:4] == WHOLE[:4]
    assert told(line.replace("half ", "a\tbare tab "))[:4] == WHOLE[:4]


@pytest.mark.parametrize(
    "fields", [{"message": TEXT}, {"timestamp": STAMP}, {"timestamp": "soon", "message": TEXT},
               {"timestamp": STAMP, "message": ""}, {"timestamp": [1], "message": {}}],
)  # fmt: skip
def test_a_record_without_time_or_text_is_none(fields: dict[str, Any]) -> None:
    assert read(json.dumps(fields)) is None
