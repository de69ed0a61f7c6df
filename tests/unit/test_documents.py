"""Entries of several lines, tables and arrays: the same lines come out as from a log."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from collectors.documents import Rows, first_line, joiner_of
from collectors.files import expand
from collectors.stream import Tally, read_lines
from collectors.year import YearGuess
from tracer.model import LogLine, micros

TEXTS = ["A1B2C3: from=<a,b@c.example>, size=9, nrcpt=1 (queue active)", 'A1B2C3: said "no"']
AT_US = micros(datetime(2026, 11, 22, 12, 32, 15, tzinfo=UTC))
STAMP = "2026-11-22T12:32:15Z"
LINE = "Nov 22 12:32:15 mx1 postfix/qmgr[900]: "


def read(path: Path, text: str) -> tuple[list[LogLine], Tally]:
    log = path / "log"
    log.write_text(text, "utf-8")
    tally = Tally()
    blocks = read_lines(
        expand([str(log)])[0][0], source="s", year=YearGuess(year=2026), zone=UTC, host="here",
        tally=tally,
    )  # fmt: skip
    return [line for block in blocks for line in block], tally


def quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def entry(text: str) -> dict[str, str]:
    return {"__REALTIME_TIMESTAMP": str(AT_US), "_HOSTNAME": "mx1", "MESSAGE": text,
            "SYSLOG_IDENTIFIER": "postfix/qmgr", "SYSLOG_PID": "900"}  # fmt: skip


def rows(header: str, row: str) -> Callable[[], str]:
    return lambda: "\n".join([header, *(row.replace("TEXT", quoted(text)) for text in TEXTS)])


def debugged(text: str) -> str:
    return (
        "Debug line with all properties:\n"
        "FROMHOST: 'mx1', fromhost-ip: '127.0.0.1', HOSTNAME: 'mx1', PRI: 22,\n"
        "syslogtag 'postfix/qmgr[900]:', programname: 'postfix', APP-NAME: 'postfix',\n"
        f"TIMESTAMP: 'Nov 22 12:32:15', STRUCTURED-DATA: '-',\nmsg: ' {text}'\n"
        f"escaped msg: ' {text}'\ninputname: imuxsock rawmsg: '<22>x'\n$!:\n$.:\n$/:\n"
    )


DOCUMENTS: dict[str, Callable[[], str]] = {
    "export": lambda: "\n".join(
        f"__CURSOR=s=1;i=2\n__REALTIME_TIMESTAMP={AT_US}\n_HOSTNAME=mx1\nCODE\n\x05abcde\n"
        f"SYSLOG_IDENTIFIER=postfix/qmgr\nSYSLOG_PID=900\nMESSAGE={text}\n"
        for text in TEXTS
    ),
    "verbose": lambda: "-- Journal begins at Sun 2026-11-22 10:00:00 CET. --\n" + "\n".join(
        "Sun 2026-11-22 13:32:15.000000 CET [s=1f;i=2;b=3;m=4;t=5;x=6]\n    PRIORITY=6\n"
        f"    _HOSTNAME=mx1\n    _PID=900\n    SYSLOG_IDENTIFIER=postfix/qmgr\n    MESSAGE={text}"
        for text in TEXTS
    ),
    "json-pretty": lambda: "\n".join(json.dumps(entry(text), indent="\t") for text in TEXTS),
    "an array": lambda: json.dumps([entry(text) for text in TEXTS], indent=2),
    "an array on one line": lambda: json.dumps([entry(text) for text in TEXTS]),
    "an answer": lambda: json.dumps(
        {"hits": {"hits": [{"_id": "1", "_source": entry(text)} for text in TEXTS]}}, indent=1
    ),
    "events of CloudWatch": lambda: json.dumps(
        {"logEvents": [{"timestamp": AT_US // 1000, "message": LINE + text} for text in TEXTS]}
    ),
    "streams of Loki": lambda: json.dumps(
        {"streams": [{"stream": {"job": "mail"},
                      "values": [[f"{AT_US}000", LINE + text] for text in TEXTS]}]}
    ),
    "debug format": lambda: "\n".join(map(debugged, TEXTS)),
    "Graylog": lambda: "\n".join(
        ['"timestamp","source","message"',
         *(f'"{STAMP}","mx1",{quoted("postfix/qmgr[900]: " + text)}' for text in TEXTS)]
    ),
    "Kibana": rows('"@timestamp","host.name","process.name","process.pid",message',
                   '"Nov 22, 2026 @ 12:32:15.000",mx1,"postfix/qmgr","900",TEXT'),
    "semicolons": rows("Date;Host;Program;Pid;Message",
                       "2026-11-22 12:32:15;mx1;postfix/qmgr;900;TEXT"),
    "Azure": rows("TimeGenerated [UTC],Computer,SyslogMessage,ProcessID,ProcessName",
                  '"11/22/2026, 12:32:15.000 PM",mx1,TEXT,900,postfix/qmgr'),
}  # fmt: skip


@pytest.mark.parametrize("name", DOCUMENTS)
def test_each_document_holds_the_same_lines(name: str, tmp_path: Path) -> None:
    found, tally = read(tmp_path, DOCUMENTS[name]() + "\n")
    assert [
        (line.at_us, line.host, line.program, line.pid, line.text) for line in found
    ] == [(AT_US, "mx1", "postfix/qmgr", "900", text) for text in TEXTS]  # fmt: skip
    assert not tally.problems
    assert tally.unreadable == 0


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_may_come_in_any_pieces(name: str) -> None:
    lines = DOCUMENTS[name]().split("\n")
    whole = joiner_of(first_line(lines))
    piecewise = joiner_of(first_line(lines))
    assert whole is not None
    assert piecewise is not None
    pieces = [entry for line in lines for entry in piecewise.joined([line])]
    assert pieces + piecewise.rest() == whole.joined(lines) + whole.rest()


def test_times_of_cloudwatch_insights_are_utc_wherever_they_are_read() -> None:
    table = Rows.headed("@timestamp,@message")
    assert table is not None
    lines = table.joined(["@timestamp,@message", f"2026-11-22 12:32:15.000,{quoted(LINE)}"])
    assert json.loads(lines[0])["@timestamp"] == "2026-11-22 12:32:15.000 UTC"


def test_a_cell_in_quotes_may_hold_a_line_end() -> None:
    table = Rows.headed('"timestamp","message"')
    assert table is not None
    assert table.joined(['"timestamp","message"', f'"{STAMP}","one']) == []
    assert json.loads(table.joined(['two"'])[0])["message"] == "one\ntwo"


@pytest.mark.parametrize(
    "line", ["", "a,b,c", "timestamp", "Nov 22 12:32:15 mx1 postfix/qmgr[1]: x", "{",
             '{"timestamp": 1795350735, "message": "x"}', "[   12.345678] mx1 a: x"],
)  # fmt: skip
def test_a_log_of_lines_is_no_table(line: str) -> None:
    assert Rows.headed(line) is None


def test_lines_between_objects_are_kept_and_what_was_cut_off_is_counted(tmp_path: Path) -> None:
    text = json.dumps(entry(TEXTS[0]), indent=1) + f"\n{LINE}{TEXTS[1]}\n" + '{\n "MESSAGE": "cut'
    found, tally = read(tmp_path, text)
    assert [line.text for line in found] == TEXTS
    assert tally.unreadable == 1


def test_an_object_that_tells_nothing_is_counted_as_unreadable(tmp_path: Path) -> None:
    found, tally = read(tmp_path, '{\n "a": 1\n}\n' + json.dumps(entry(TEXTS[0])))
    assert (len(found), tally.unreadable) == (1, 1)


def test_a_log_without_dates_says_how_to_get_them(tmp_path: Path) -> None:
    _, tally = read(tmp_path, "[   12.345678] mx1 postfix/qmgr[1]: x\n")
    assert [problem.message for problem in tally.problems] == [
        "names no dates: its stamps count seconds since the machine was started;"
        " write it again with journalctl -o short-iso"
    ]
