"""The kinds of an export: which columns there are, in which order, made of what.

`all` is our own delivery row. The others bear the names and the order of the reports that
Microsoft 365 gives out ("Message trace in the modern Exchange admin center", learn.microsoft.com,
read 2026-11; the names of the times as they stand in the files), so that what reads those reads
these. One row is one message and recipient.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from tracer.exports import microsoft
from tracer.exports.as_json import FIELDS

Values = Sequence[Any]
Columns = Mapping[str, Values]


class Type(StrEnum):
    """What the values of a column are; the number of each format's type follows from it."""

    TEXT = "text"  # of strangers
    WORD = "word"  # our own: never a formula, never in need of quotes
    TIME = "time"  # microseconds UTC
    INTEGER = "integer"  # or None
    NUMBER = "number"  # or None
    LIST = "list"  # words with spaces between


class Column(NamedTuple):
    """One column: its name in the file, its type, and how it is made of a chunk's columns."""

    name: str
    type: Type
    needs: tuple[str, ...]  # names in tracer.store.scan.NAMES
    make: Callable[..., Values] | None = None  # of the needed columns; None: the first as it is

    def values(self, chunk: Columns) -> Values:
        """The values for one chunk of rows."""
        needed = [chunk[name] for name in self.needs]
        return needed[0] if self.make is None else self.make(*needed)


class Kind(NamedTuple):
    """A choice of columns."""

    name: str
    columns: tuple[Column, ...]

    @property
    def needs(self) -> frozenset[str]:
        """The columns of a chunk that it is made of."""
        return frozenset(name for column in self.columns for name in column.needs)


_OWN_WORDS = ("id", "status", "cause", "direction", "client")


def _plain(name: str) -> Column:
    if name.endswith("_at"):
        return Column(name, Type.TIME, (f"{name.removesuffix('_at')}_us",))
    kinds = {"size": Type.INTEGER, "attempts": Type.INTEGER, "delay_s": Type.NUMBER,
             "queue_ids": Type.LIST} | dict.fromkeys(_OWN_WORDS, Type.WORD)  # fmt: skip
    return Column(name, kinds.get(name, Type.TEXT), (name,))


def _text(name: str, *needs: str, make: Callable[..., Values] | None = None) -> Column:
    return Column(name, Type.TEXT, needs, make)


def _word(name: str, *needs: str, make: Callable[..., Values] | None = None) -> Column:
    return Column(name, Type.WORD, needs, make)


def _each(function: Callable[[Any], str]) -> Callable[[Values], Values]:
    """Made once for each different value: there are few."""

    def made(values: Values) -> Values:
        known = {value: function(value) for value in set(values)}
        return [known[value] for value in values]

    return made


def _always(value: Any) -> Callable[[Values], Values]:
    return lambda values: [value] * len(values)


def _nothing(name: str) -> Column:
    """A column that only Microsoft's own systems can fill."""
    return _word(name, "status", make=_always(""))


_SUMMARY = (
    Column("Date", Type.TIME, ("received_us",)),
    _text("Sender", "sender"),
    _text("Recipient", "recipient"),
    _text("Subject", "subject"),
    _word("Status", "status", make=_each(microsoft.status_word)),
)
_ENHANCED = (
    Column("origin_timestamp_utc", Type.TIME, ("received_us",)),
    _text("sender_address", "sender"),
    _text("recipient_status", "recipient", "status", make=microsoft.recipient_status),
    _text("message_subject", "subject"),
    Column("total_bytes", Type.INTEGER, ("size",)),
    _text("message_id", "message_id", make=microsoft.message_id),
    _word("network_message_id", "id"),
    _word("original_client_ip", "client"),
    _word("directionality", "direction", make=_each(microsoft.directionality)),
    _nothing("connector_id"),
    _word("delivery_priority", "status", make=_always("Normal")),
)
_EXTENDED = (
    Column("date_time_utc", Type.TIME, ("updated_us",)),
    _word("client_ip", "client"),
    _text("client_hostname", "helo"),
    _text("server_ip", "relay", make=_each(microsoft.relay_address)),
    _text("server_hostname", "relay", make=_each(microsoft.relay_name)),
    _text("source_context", "reply"),
    _nothing("connector_id"),
    _word("source", "status", make=_always("SMTP")),
    _word("event_id", "status", make=_each(microsoft.event_id)),
    _text("internal_message_id", "queue_id"),
    _text("message_id", "message_id", make=microsoft.message_id),
    _word("network_message_id", "id"),
    _text("recipient_address", "recipient"),
    _text("recipient_status", "recipient", "status", make=microsoft.recipient_status),
    Column("total_bytes", Type.INTEGER, ("size",)),
    Column("recipient_count", Type.INTEGER, ("status",), _always(1)),
    _text("related_recipient_address", "original_recipient"),
    _nothing("reference"),
    _text("message_subject", "subject"),
    _text("sender_address", "sender"),
    _text("return_path", "sender"),
    _nothing("message_info"),
    _word("directionality", "direction", make=_each(microsoft.directionality)),
    _nothing("tenant_id"),
    _word("original_client_ip", "client"),
    _nothing("original_server_ip"),
    _text("custom_data", "status", "cause", "enhanced_status", make=microsoft.custom_data),
)

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("summary", _SUMMARY),
        Kind("enhanced", _ENHANCED),
        Kind("extended", _EXTENDED),
        Kind("all", tuple(map(_plain, FIELDS))),
    )
}
