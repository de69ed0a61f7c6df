"""What is asked for when an export is asked for, and what is offered."""

from __future__ import annotations

from collections.abc import Collection
from zoneinfo import ZoneInfo

import msgspec

from tracer.errors import InvalidQuery, Phrase
from tracer.exports.as_csv import CSV, EXCEL
from tracer.exports.as_ndjson import NDJSON
from tracer.exports.as_parquet import PARQUET
from tracer.exports.as_xlsx import XLSX
from tracer.exports.columns import KINDS, Kind
from tracer.exports.format import Format
from tracer.query import SearchQuery, parse_query

FORMATS: dict[str, Format] = {one.name: one for one in (CSV, EXCEL, NDJSON, XLSX, PARQUET)}


class Order(msgspec.Struct, frozen=True):
    """One export as asked for; the same order always means the same rows.

    `since` and `until` count where the text names no time, and `default_since` where nobody
    does; "last:7d" is counted back from `asked_us`.
    """

    q: str
    asked_us: int
    since: str = ""
    until: str = ""
    default_since: str = "all"
    zone: str = "UTC"
    format: str = "csv"
    columns: str = "all"
    exact: bool = False
    lang: str = "en"
    tell: bool = True  # those whom the settings name, when it is ready

    def query(self) -> SearchQuery:
        """The rows that are meant; raises InvalidQuery."""
        return parse_query(
            self.q,
            now_us=self.asked_us,
            since=self.since,
            until=self.until,
            default_since=self.default_since,
            zone=ZoneInfo(self.zone),
        )

    def checked(self) -> Order:
        """The order itself; raises InvalidQuery if something in it cannot be had."""
        _one_of("format", self.format, FORMATS)
        _one_of("columns", self.columns, KINDS)
        self.query()
        return self

    @property
    def form(self) -> Format:
        """The file format."""
        return FORMATS[self.format]

    @property
    def kind(self) -> Kind:
        """The columns."""
        return KINDS[self.columns]


def _one_of(name: str, value: str, known: Collection[str]) -> None:
    if value not in known:
        raise InvalidQuery(
            Phrase(
                "%(name)s cannot be %(value)s; choose one of %(known)s",
                name=name, value=value or '""', known=", ".join(known),
            )
        )  # fmt: skip
