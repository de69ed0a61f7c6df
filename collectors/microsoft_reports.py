"""Message trace reports that Microsoft 365 gives out, as records of what it reported.

A report is a CSV with a header line: Summary, Enhanced summary or Extended as downloaded from
the Exchange admin center (UTF-16LE, often without a byte-order mark), or what
`Get-MessageTrace(V2) | Export-Csv` writes. Columns and statuses: learn.microsoft.com, "Message
trace in the modern Exchange admin center", read 2026-11. Several recipients stand in one cell,
`a@x.example##Receive, Send;b@y.example##Receive, Fail`; each becomes a record of its own
(collectors/reported.py), and all records of one message one hop at the host `microsoft365`.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from hashlib import blake2b
from typing import NamedTuple

from msgspec.structs import replace

from collectors.reported import Reported, Told, line_of
from tracer.model import NULL_SENDER, LogLine, micros

PROGRAM = "report/microsoft365"
HOST = "microsoft365"
LONGEST_RECORD = 1_000_000  # characters; a quote that never ends takes no more lines

_FORMS = ("%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M")
_SHADOW = frozenset({"HAREDIRECT", "HAREDIRECTFAIL", "HARECEIVE", "HADISCARD"})  # copies kept aside
_Verdict = tuple[Told, str]  # and the outcome, where the first alone does not say it

_STATUSES: Mapping[str, _Verdict] = {
    "delivered": (Told.DELIVERED, ""),
    "expanded": (Told.SENT, "expanded"),
    "failed": (Told.BOUNCED, ""),
    "filteredasspam": (Told.FILTERED, ""),
    "gettingstatus": (Told.UNKNOWN, ""),
    "none": (Told.UNKNOWN, ""),
    "pending": (Told.ACCEPTED, ""),
    "quarantined": (Told.HELD, ""),
}
# What decides comes first: a cell may tell several events of one recipient.
_EVENTS: Mapping[str, _Verdict] = {
    "deliver": (Told.DELIVERED, ""),
    "quarantine": (Told.HELD, ""),
    "spam": (Told.FILTERED, ""),
    "fail": (Told.BOUNCED, ""),
    "badmail": (Told.BOUNCED, ""),
    "drop": (Told.SENT, "discarded"),
    "expand": (Told.SENT, "expanded"),
    "sendexternal": (Told.DELIVERED, "relayed"),
    "send": (Told.DELIVERED, "relayed"),
    "defer": (Told.DEFERRED, ""),
    "receive": (Told.ACCEPTED, ""),
    "submit": (Told.ACCEPTED, ""),
}
Cells = Mapping[str, str]


class Shape(NamedTuple):
    """A kind of report: the columns that tell it, the time's column, how a row is read."""

    wanted: frozenset[str]
    times: tuple[str, ...]
    read: Callable[[Cells], Iterator[Reported]]


class Table:
    """Reads the lines of one report, in order, as `HeadReader` reads those of a log."""

    def __init__(self, shape: Shape, header: list[str], source: str, host: str) -> None:
        self._shape = shape
        self._header = header
        self._source = source
        self._host = host or HOST
        self._waiting = ""  # a record whose quotes are still open

    def read_many(self, lines: Iterable[str], unreadable: list[str]) -> list[LogLine]:
        """The records of some rows, each as a line; rows without a time go to `unreadable`."""
        found: list[LogLine] = []
        for record in self._records(lines):
            read = self._read(record)
            if read is None:
                unreadable.append(record)
            else:
                found += read
        return found

    def _records(self, lines: Iterable[str]) -> Iterator[str]:
        """Rows of the CSV: a cell in quotes may hold line ends."""
        for line in lines:
            whole = f"{self._waiting}\n{line}" if self._waiting else line
            if whole.count('"') % 2 and len(whole) < LONGEST_RECORD:
                self._waiting = whole
                continue
            self._waiting = ""
            if whole.strip():
                yield whole

    def _read(self, record: str) -> list[LogLine] | None:
        cells = _cells(self._header, record)
        at_us = _first_time(cells, self._shape.times)
        if at_us is None:
            return None
        records = (replace(one, occurred_us=at_us) for one in self._shape.read(cells))
        lines = (line_of(one, PROGRAM, self._source, at_us) for one in records)
        return [replace(line, host=self._host) for line in lines]


def table_of(line: str, source: str, host: str = "") -> Table | None:
    """What reads the report that begins with this header line; None if it begins none."""
    header = [name.strip().lower() for name in _split(line.removeprefix("\ufeff"))]
    for shape in _SHAPES:
        if shape.wanted <= set(header):
            return Table(shape, header, source, host)
    return None


def _summary(cells: Cells) -> Iterator[Reported]:
    """Has no id, so what does not change between two reports stands for one."""
    told, outcome = _STATUSES.get(_word(cells, "status"), (Told.UNKNOWN, ""))
    record = _record(cells, told, outcome, cells.get("recipient", ""), cells.get("status", ""))
    said = "\0".join(cells.get(name, "") for name in ("date", "sender", "recipient", "subject"))
    id = blake2b(said.encode("utf-8", "replace"), digest_size=12).hexdigest()
    yield replace(record, provider_message_id=f"summary-{id}")


def _trace(cells: Cells) -> Iterator[Reported]:
    told, outcome = _STATUSES.get(_word(cells, "status"), (Told.UNKNOWN, ""))
    recipient = cells.get("recipientaddress", "")
    yield _record(cells, told, outcome, recipient, cells.get("status", ""))


def _enhanced(cells: Cells) -> Iterator[Reported]:
    for one in filter(None, cells.get("recipient_status", "").split(";")):
        recipient, _, said = one.partition("##")
        events = [event.strip().lower() for event in said.split(",")]
        decisive = next((verdict for event, verdict in _EVENTS.items() if event in events), None)
        told, outcome = decisive or _STATUSES.get(said.strip().lower(), (Told.UNKNOWN, ""))
        yield _record(cells, told, outcome, recipient.strip(), said.strip())


def _extended(cells: Cells) -> Iterator[Reported]:
    event = cells.get("event_id", "")
    if event.upper() in _SHADOW:
        return
    told, outcome = _EVENTS.get(event.lower(), (Told.UNKNOWN, ""))
    for recipient in cells.get("recipient_address", "").split(";"):
        yield _record(cells, told, outcome, recipient.strip(), event)


_SHAPES = (
    Shape(
        frozenset({"date_time_utc", "event_id", "recipient_address"}), ("date_time_utc",), _extended
    ),
    Shape(
        frozenset({"recipient_status", "sender_address", "message_id"}),
        ("origin_timestamp_utc", "origin_timestamp"),
        _enhanced,
    ),
    Shape(
        frozenset({"received", "senderaddress", "recipientaddress", "status"}),
        ("received",),
        _trace,
    ),
    Shape(frozenset({"date", "sender", "recipient", "subject", "status"}), ("date",), _summary),
)


def _record(cells: Cells, told: Told, outcome: str, recipient: str, said: str) -> Reported:
    return Reported(
        told=told,
        outcome=outcome,
        subtype=said,
        recipient=recipient,
        sender=_first(cells, "sender_address", "senderaddress", "sender") or NULL_SENDER,
        subject=_first(cells, "message_subject", "subject"),
        message_id=_first(cells, "message_id", "messageid"),
        provider_message_id=_first(cells, "network_message_id", "messagetraceid"),
        size=_number(_first(cells, "total_bytes", "size")),
        relay=_relay(cells),
        reply=cells.get("source_context", "") if told in _ANSWERED else "",
        ip=_first(cells, "original_client_ip", "client_ip", "fromip"),
    )


_ANSWERED = frozenset({Told.BOUNCED, Told.DEFERRED})


def _relay(cells: Cells) -> str:
    name, address = cells.get("server_hostname", ""), _first(cells, "server_ip", "toip")
    return f"{name}[{address}]" if name and address else name or address


def _cells(header: list[str], record: str) -> Cells:
    return dict(zip(header, _split(record), strict=False))  # a row may be short or long


def _split(record: str) -> list[str]:
    return next(csv.reader([record], skipinitialspace=True), [])


def _first(cells: Cells, *names: str) -> str:
    return next((cells[name].strip() for name in names if cells.get(name, "").strip()), "")


def _word(cells: Cells, name: str) -> str:
    return "".join(cells.get(name, "").lower().split())


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() else None


def _first_time(cells: Cells, names: Iterable[str]) -> int | None:
    text = _first(cells, *names)
    for read in (datetime.fromisoformat, *map(_by_form, _FORMS)):
        try:
            at = read(text)
            return micros(at if at.tzinfo else at.replace(tzinfo=UTC))
        except (ValueError, OverflowError):
            continue
    return None


def _by_form(form: str) -> Callable[[str], datetime]:
    return lambda text: datetime.strptime(text, form)
