"""A sealed day's columns: stays to rows of a Parquet file, and back without a loss.

One row is one recipient at one hop, as in the store; a hop of which no recipient is known
has one row without `n`. What belongs to the hop stands in each of its rows; its log lines
in the first. The columns are public (docs/archive.md): add, never rename.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import accumulate, groupby
from operator import sub
from typing import Any

import pyarrow as pa

from tracer.archive.templates import Template, named, names, put_back, taken_out, values
from tracer.legs import Before, Placed, Stay, directions
from tracer.model import Delivery, Hop, Outcome
from tracer.store.kept import Said
from tracer.store.more import ending
from tracer.store.packing import Packer, encoded

Row = dict[str, Any]

_TIME = pa.timestamp("us", tz="UTC")
_TEXTS = pa.list_(pa.string())
SCHEMA = pa.schema(
    [
        ("hop_id", pa.int64()),
        ("n", pa.int32()),
        ("received_at", _TIME),  # when the first leg opened
        ("updated_at", _TIME),
        ("status", pa.string()),
        ("cause", pa.string()),
        ("sender", pa.string()),
        ("recipient", pa.string()),
        ("original_recipient", pa.string()),
        ("subject", pa.string()),
        ("message_id", pa.string()),
        ("direction", pa.string()),
        ("host", pa.string()),
        ("queue_id", pa.string()),
        ("client", pa.string()),
        ("helo", pa.string()),
        ("auth", pa.string()),
        ("relay", pa.string()),
        ("size", pa.int64()),
        ("attempts", pa.int32()),
        ("delay_s", pa.float64()),
        ("reply", pa.string()),
        ("enhanced_status", pa.string()),
        ("command", pa.string()),
        ("agent", pa.string()),
        ("tls_in", pa.string()),
        ("tls_out", pa.string()),
        ("source", pa.string()),
        ("opened_after_us", pa.int64()),  # of this hop, after received_at
        ("last_after_us", pa.int64()),  # the hop's last word, after it opened; null: its last line
        # First word on this recipient, after the hop opened; null: the last, `updated_at`.
        ("first_after_us", pa.int64()),
        ("next_hop_id", pa.int64()),  # 0: the last leg, which is what a search shows
        ("next_queue_ids", _TEXTS),  # null: the one that ends the reply, if one does
        ("from_queue_ids", _TEXTS),
        ("notice_queue_ids", _TEXTS),
        ("earlier_queue_ids", _TEXTS),  # host/queue_id of the legs before; null: none
        ("first_client", pa.string()),
        ("first_auth", pa.string()),
        ("first_subject", pa.string()),
        ("line_host", pa.string()),
        ("line_pause_us", pa.list_(pa.int64())),  # after the line before; first: after the opening
        ("line_program", _TEXTS),
        ("line_pid", _TEXTS),
        ("line_text", _TEXTS),
        ("line_is_template", pa.bool_()),  # {queue_id} and such stand for the columns' values
        ("line_count", pa.int32()),  # where lines were deleted: how many they were
        ("line_numbers", _TEXTS),  # what stood at each {} of the texts, in order
        ("line_source", _TEXTS),
        ("line_tls", _TEXTS),
    ]
)


def rows(stays: Iterable[Stay], packer: Packer) -> Iterator[Row]:
    """The rows of some stays, in their order."""
    for stay in stays:
        of_hop = _of_hop(stay.hop)
        ways = directions(stay) if stay.placed else ()
        first, *later = [
            of_hop | _of_placed(placed, stay.hop) | {"n": n, "direction": way}
            for n, (placed, way) in enumerate(zip(stay.placed, ways, strict=True))
        ] or [of_hop]
        first = first | _of_lines(stay, [first, *later], packer)
        yield first
        for row in later:
            yield row | {"last_after_us": first["last_after_us"]}


def stays(found: Iterable[Row], packer: Packer) -> Iterator[Stay]:
    """The stays that rows tell of; the rows of a hop follow each other."""
    for _, of_hop in groupby(found, key=lambda row: row["hop_id"]):
        first, *later = of_hop
        placed = [_placed(row) for row in (first, *later) if row["n"] is not None]
        lines = _lines([first, *later])
        stay = Stay(_hop(first), placed, first.get("line_count") or len(lines))
        if lines:
            stay.packed = encoded(first["line_host"], lines)
        yield stay


def _of_hop(hop: Hop) -> Row:
    return {
        "hop_id": hop.hop_id, "host": hop.host, "queue_id": hop.queue_id,
        "received_at": hop.opened_us, "opened_after_us": 0, "recipient": None,
        "last_after_us": hop.last_us - hop.opened_us,
        "message_id": hop.message_id, "subject": hop.subject, "sender": hop.sender,
        "client": hop.client, "helo": hop.helo, "auth": hop.auth, "tls_in": hop.tls,
        "size": hop.size, "source": hop.source, "from_queue_ids": hop.from_queue_ids,
        "notice_queue_ids": hop.notice_queue_ids,
    }  # fmt: skip


def _opened_us(row: Row) -> int:
    return int(row["received_at"] + row["opened_after_us"])


def _hop(row: Row) -> Hop:
    opened_us, after_us = _opened_us(row), row["last_after_us"]
    if after_us is None:
        after_us = sum(row["line_pause_us"])
    return Hop(
        row["hop_id"], row["host"], row["queue_id"], opened_us, opened_us + after_us,
        message_id=row["message_id"], subject=row["subject"], sender=row["sender"],
        client=row["client"], helo=row["helo"], auth=row["auth"], tls=row["tls_in"],
        size=row["size"], source=row["source"], from_queue_ids=tuple(row["from_queue_ids"]),
        notice_queue_ids=tuple(row["notice_queue_ids"]),
    )  # fmt: skip


def _of_placed(placed: Placed, hop: Hop) -> Row:
    d = placed.delivery
    row: Row = {
        "recipient": d.recipient, "original_recipient": d.original_recipient,
        "status": d.outcome.value,
        "first_after_us": None if d.first_us == d.last_us else d.first_us - hop.opened_us,
        "updated_at": d.last_us,
        "cause": d.cause, "enhanced_status": d.status, "reply": d.reply, "relay": d.relay,
        "command": d.command, "tls_out": d.tls, "agent": d.program, "attempts": d.attempts,
        "delay_s": d.delay_s, "next_hop_id": placed.next_id,
        "next_queue_ids": None if d.next_queue_ids == ending(d.reply) else d.next_queue_ids,
    }  # fmt: skip
    before = placed.before
    if before:
        row |= {
            "received_at": before.received_us,
            "opened_after_us": hop.opened_us - before.received_us,
            "earlier_queue_ids": before.path.split(),
            "first_client": before.client, "first_auth": before.auth,
            "first_subject": before.subject,
        }  # fmt: skip
    return row


def _placed(row: Row) -> Placed:
    first_us = row["updated_at"]
    if row["first_after_us"] is not None:
        first_us = _opened_us(row) + row["first_after_us"]
    delivery = Delivery(
        row["recipient"], row["original_recipient"], Outcome(row["status"]),
        first_us, row["updated_at"], row["cause"],
        row["enhanced_status"], row["reply"], row["relay"], row["command"], row["tls_out"],
        row["agent"], row["attempts"], row["delay_s"],
        _next_queue_ids(row),
    )  # fmt: skip
    return Placed(delivery, row["next_hop_id"], _before(row))


def _next_queue_ids(row: Row) -> tuple[str, ...]:
    told = row["next_queue_ids"]
    return ending(row["reply"]) if told is None else tuple(told)


def _before(row: Row) -> Before | None:
    if row["earlier_queue_ids"] is None:
        return None
    path = " ".join(row["earlier_queue_ids"])
    told = (row["first_client"], row["first_auth"], row["first_subject"])
    return Before(row["received_at"], path, *told)


_LINE_FIELDS = ("program", "pid", "source", "tls")
_ALIKE = ("line_source", "line_tls")


def _of_lines(stay: Stay, of_hop: list[Row], packer: Packer) -> Row:
    if not stay.packed:
        return {"line_count": stay.n_events}
    host, lines = packer.said(stay.packed, stay.hop.queue_id)
    texts, times = [line.text for line in lines], [line.at_us for line in lines]
    template = taken_out(texts, values(of_hop))
    told: Row = {f"line_{name}": [getattr(one, name) for one in lines] for name in _LINE_FIELDS}
    if times[-1] == stay.hop.last_us:
        told["last_after_us"] = None
    return (
        told
        | {name: _alike(told[name]) for name in _ALIKE}
        | {
            "line_host": host,
            "line_pause_us": list(map(sub, times, (stay.hop.opened_us, *times))),
            "line_text": template.texts if template else texts,
            "line_is_template": template is not None,
            "line_numbers": template.numbers if template else [],
        }
    )


def _alike(values: list[str]) -> list[str]:
    """One for all, where they are alike."""
    return values[:1] if values.count(values[0]) == len(values) else values


def _lines(of_hop: list[Row]) -> list[Said]:
    first = of_hop[0]
    if first["line_text"] is None:
        return []
    opened_us, queue_id, count = _opened_us(first), first["queue_id"], len(first["line_text"])
    pauses = first.get("line_pause_us")
    times = first["line_after_us"] if pauses is None else accumulate(pauses)
    columns = (first[f"line_{name}"] for name in _LINE_FIELDS)
    alike = (found * (count // len(found)) for found in columns)
    return [
        Said(queue_id, opened_us + after_us, program, pid, text, source, tls)
        for text, after_us, program, pid, source, tls in zip(
            _texts(of_hop), times, *alike, strict=True
        )
    ]


def _texts(of_hop: list[Row]) -> list[str]:
    first = of_hop[0]
    texts: list[str] = first["line_text"]
    if not first["line_is_template"]:
        return texts
    numbers = first.get("line_numbers")
    if numbers is None:
        told = names(of_hop)
        return [named(text, told) for text in texts]
    return put_back(Template(texts, numbers), values(of_hop))


RISING = ("hop_id", "received_at", "updated_at")
"""Columns whose values hardly ever repeat, and grow from row to row: kept as differences."""

VARIED = (
    "sender", "recipient", "subject", "message_id", "queue_id", "auth", "size", "next_hop_id",
    "next_queue_ids", "from_queue_ids", "notice_queue_ids", "earlier_queue_ids", "first_subject",
    "line_numbers", "line_is_template",
)  # fmt: skip
"""Columns of so many values that a list of them and numbers for them take more than they do."""


def decoded(batch: pa.RecordBatch) -> list[Row]:
    """The rows of a part of a file; times as microseconds, without a datetime for each."""
    numbers = pa.schema([pa.field(one.name, _as_number(one.type)) for one in batch.schema])
    found: list[Row] = pa.Table.from_batches([batch]).cast(numbers).to_pylist()
    return found


def _as_number(kind: pa.DataType) -> pa.DataType:
    return pa.int64() if kind == _TIME else kind
