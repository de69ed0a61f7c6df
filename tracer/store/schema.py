"""The only description of the database.

Small tables are created by the migrations. The tables of a day are copies of the
templates below, created when its first hop arrives: a UTC day is the unit of storage,
so that writing costs the same on day 300 as on day 1 and retention drops tables.
A hop lives in the day it was opened, for good.
"""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
)

metadata = MetaData()

days = Table(
    "days",
    metadata,
    Column("day", String(8), primary_key=True),  # 20261122
    Column("state", String(8), nullable=False),  # live
)

sources = Table(
    "sources",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String, nullable=False, unique=True),
    Column("kind", String, nullable=False),  # file
    Column("format", String, nullable=False),
    Column("first_us", BigInteger),
    Column("complete_until_us", BigInteger),
    Column("read_at_us", BigInteger),
    Column("lines", BigInteger, nullable=False),
    Column("events", BigInteger, nullable=False),
    Column("unparsed", BigInteger, nullable=False),
    Column("samples", String, nullable=False),  # JSON list of lines that could not be read
)

_templates = MetaData()

# SQLite's rowid, where the database is SQLite: an index then holds its rows in order of time.
_HopId = BigInteger().with_variant(Integer(), "sqlite")

# What a hop is found by and shown with in a list; the rest is folded from its lines.
_hops = Table(
    "hops",
    _templates,
    Column("hop_id", _HopId, primary_key=True, autoincrement=False),
    Column("host", String, nullable=False),
    Column("queue_id", String, nullable=False, index=True),
    Column("opened_us", BigInteger, nullable=False),
    Column("stay_us", BigInteger, nullable=False),  # from opened_us to the last line
    Column("message_id", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("sender", String, nullable=False),
    Column("helo", String, nullable=False),
    Column("auth", String, nullable=False),
    Column("tls", String, nullable=False),
    Column("size", BigInteger),
    Column("source_id", Integer, nullable=False),  # sources.id
    Column("from_queue_ids", String, nullable=False),  # space between ids
    Column("notice_queue_ids", String, nullable=False),
    Column("sender_key", BigInteger, index=True),  # keys: tracer/store/terms.py
    Column("sender_domain_key", BigInteger, index=True),
    Column("message_key", BigInteger, index=True),
    Column("client_key", String, index=True),
)

# A leg that was followed by another one has next_id set and is not shown by itself. Columns
# cost time on every row written: what few deliveries have stands together in `more`.
_deliveries = Table(
    "deliveries",
    _templates,
    Column("hop_id", BigInteger),
    Column("n", Integer),
    Column("recipient", String, nullable=False),
    Column("original_recipient", String, nullable=False),
    Column("outcome", String, nullable=False),
    Column("cause", String, nullable=False),
    Column("status", String, nullable=False),
    Column("reply", String, nullable=False),
    Column("relay", String, nullable=False),
    Column("tls", String, nullable=False),
    Column("agent", String, nullable=False),  # the program that said it: smtp, local, smtpd
    Column("direction", Integer, nullable=False),  # place in tracer.direction.DIRECTIONS
    Column("attempts", Integer, nullable=False),
    Column("delay_s", Float),
    Column("after_us", BigInteger, nullable=False),  # from the hop's opened_us to the last word
    Column("next_id", BigInteger, nullable=False),  # hop_id of the leg after this; 0: last leg
    Column("more", String),  # JSON of tracer.store.more.More; NULL: nothing of it
    Column("recipient_key", BigInteger, index=True),
    Column("recipient_domain_key", BigInteger, index=True),
    PrimaryKeyConstraint("hop_id", "n"),
    sqlite_with_rowid=False,
)

_lines = Table(
    "lines",
    _templates,
    Column("hop_id", _HopId, primary_key=True, autoincrement=False),
    Column("n", Integer, nullable=False),  # events that were read from them
    Column("packed", LargeBinary, nullable=False),  # tracer/store/packing.py
)

# The rarer things a delivery is found by: its original recipient, the address within an SRS
# or VERP form, the client of an earlier leg.
_terms = Table(
    "terms",
    _templates,
    Column("key", String),
    Column("role", Integer),  # Role in tracer/store/terms.py
    Column("hop_id", BigInteger),
    Column("n", Integer),  # delivery of the hop; -1: all of them
    PrimaryKeyConstraint("key", "role", "hop_id", "n"),
    sqlite_with_rowid=False,
)

# Queue ids by which a hop is tied to another one.
_ties = Table(
    "ties",
    _templates,
    Column("queue_id", String),
    Column("kind", Integer),  # Tie in tracer/store/terms.py
    Column("hop_id", BigInteger),
    PrimaryKeyConstraint("queue_id", "kind", "hop_id"),
    sqlite_with_rowid=False,
)


class DayTables(NamedTuple):
    """The tables of one UTC day."""

    hops: Table
    deliveries: Table
    lines: Table
    terms: Table
    ties: Table


def day_tables(day: str) -> DayTables:
    """Tables of the day `20261122`, in a MetaData of their own; nothing is created."""
    of_day = MetaData()
    return DayTables(
        *(
            template.to_metadata(of_day, name=f"{template.name}_{day}")
            for template in (_hops, _deliveries, _lines, _terms, _ties)
        )
    )
