"""The only description of the database.

Small tables are created by the migrations. The tables of a day are copies of the
templates below, created when its first hop arrives: a UTC day is the unit of storage,
so that writing costs the same on day 300 as on day 1 and retention drops tables.
A hop lives in the day it was opened, for good.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    false,
    text,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import CreateIndex

from tracer.store.states import FAILED

metadata = MetaData()

days = Table(
    "days",
    metadata,
    Column("day", String(8), primary_key=True),  # 20261122
    Column("state", String(8), nullable=False),
    Column("held", String, nullable=False, server_default=""),  # why it must not be sealed
    Column("rows", BigInteger),  # of its file in the archive
    Column("hops", BigInteger),
    Column("octets", BigInteger),
    Column("sha256", String, nullable=False, server_default=""),
    Column("sealed_us", BigInteger),
    Column("without_lines", Boolean, nullable=False, server_default=false()),
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

# How far each followed file has been read; written together with what was read.
checkpoints = Table(
    "checkpoints",
    metadata,
    Column("id", String, primary_key=True),
    Column("source", String, nullable=False, index=True),
    Column("path", String, nullable=False),  # where it was last seen
    Column("file", String, nullable=False),  # "device:inode"
    Column("offset", BigInteger, nullable=False),  # octets of text, unpacked
    Column("head_octets", Integer, nullable=False),  # how many of the first the fingerprint is of
    Column("fingerprint", String, nullable=False),  # SHA-256
    Column("whole_octets", BigInteger),  # a packed file that was read whole: its size
    Column("reached_us", BigInteger),  # the time of the last line
    Column("seen_us", BigInteger, nullable=False),
)

# What `mailtracer collect` last saw of each source.
followed = Table(
    "followed",
    metadata,
    Column("source", String, primary_key=True),
    Column("seen_us", BigInteger, nullable=False),
    Column("files", Integer, nullable=False),
    Column("unread", BigInteger, nullable=False),  # octets
    Column("known", BigInteger, nullable=False),  # events read that the store had before
    Column("problem", String, nullable=False),
)

# Runs of the delivery diagnostics; what was found stands in `findings`, a row each.
reports = Table(
    "reports",
    metadata,
    Column("id", String, primary_key=True),  # not to be guessed: it is a permalink
    Column("subject", String, nullable=False, index=True),  # the same for the same target
    Column("target", String, nullable=False),  # JSON of tracer.diagnostics.model.Target
    Column("state", String(8), nullable=False),  # running done failed
    Column("started_us", BigInteger, nullable=False, index=True),
    Column("deadline_us", BigInteger, nullable=False),  # running after that: its process died
    Column("finished_us", BigInteger),
    Column("first_id", String, nullable=False),  # of a part run again: the report it began with
    Column("checks", String, nullable=False),  # names of those that were run, a space between
    Column("counts", String, nullable=False),  # JSON, findings by verdict
)

findings = Table(
    "findings",
    metadata,
    Column("report_id", String, primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False),  # in the order they came
    Column("body", String, nullable=False),  # JSON of tracer.diagnostics.model.Finding
)

# What DNS said when a message failed: the report that was made then, by the delivery row's id.
facts = Table(
    "facts",
    metadata,
    Column("row_id", String, primary_key=True),
    Column("report_id", String, nullable=False, index=True),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", String, primary_key=True),
    Column("kind", String, nullable=False),  # a name in tracer.jobs.JOBS
    Column("params", String, nullable=False),  # JSON, read by the kind
    Column("asked_by", String, nullable=False),
    Column("asked_us", BigInteger, nullable=False),
    Column("state", String, nullable=False),  # tracer.store.jobs.State
    Column("owner", String, nullable=False),  # the process that runs it; "" none
    Column("seen_us", BigInteger),  # when the owner last said so
    Column("started_us", BigInteger),
    Column("finished_us", BigInteger),
    Column("total", BigInteger),  # rows to come, as counted at the start
    Column("rows", BigInteger, nullable=False),  # rows so far, or in the file
    Column("octets", BigInteger, nullable=False),
    Column("sha256", String, nullable=False),
    Column("file", String, nullable=False),  # its name in the folder of exports; "" none
    Column("expires_us", BigInteger),
    Column("error", String, nullable=False),  # why it failed, for people
    Column("told", String, nullable=False),  # what became of the notices about it
    Column("fetched", BigInteger, nullable=False),  # how often the file was taken
)

_templates = MetaData()

# SQLite's rowid, where the database is SQLite: an index then holds its rows in order of time.
_Number = BigInteger().with_variant(Integer(), "sqlite")
# Compared octet by octet, whatever language PostgreSQL was set up for.
_Key = String().with_variant(String(collation="C"), "postgresql")

# What a hop is found by and shown with in a list; the rest is folded from its lines.
_hops = Table(
    "hops",
    _templates,
    Column("hop_id", _Number, primary_key=True, autoincrement=False),
    Column("host", String, nullable=False),
    Column("queue_id", _Key, nullable=False, index=True),
    Column("over_us", Integer, nullable=False),  # opened after the millisecond that hop_id tells
    Column("stay_us", BigInteger, nullable=False),  # from the opening to the last line
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
    # Keys: tracer/store/terms.py. NULL where no search shows the hop by itself.
    Column("sender_key", BigInteger),
    Column("sender_domain_key", BigInteger),
    Column("message_key", BigInteger, index=True),
    Column("client_key", _Key, index=True),
    Column("n_events", Integer, nullable=False),
    Column("lines_at", BigInteger, nullable=False),  # place of the lines in `lines`; 0: none kept
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
    Column("after_us", BigInteger, nullable=False),  # from the hop's opening to the last word
    Column("next_id", BigInteger, nullable=False),  # hop_id of the leg after this; 0: last leg
    Column("more", String),  # JSON of tracer.store.more.More; NULL: nothing of it
    Column("recipient_key", BigInteger),  # NULL where next_id is not 0
    Column("recipient_domain_key", BigInteger),
    PrimaryKeyConstraint("hop_id", "n"),
    sqlite_with_rowid=False,
)

_lines = Table(
    "lines",
    _templates,
    Column("block", _Number, primary_key=True, autoincrement=False),
    Column("packed", LargeBinary, nullable=False),  # tracer/store/blocks.py
)

# The rarer things a delivery is found by: its original recipient, the address within an SRS
# or VERP form, the client of an earlier leg.
_terms = Table(
    "terms",
    _templates,
    Column("key", _Key),
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
    Column("queue_id", _Key),
    Column("kind", Integer),  # Tie in tracer/store/terms.py
    Column("hop_id", BigInteger),
    PrimaryKeyConstraint("queue_id", "kind", "hop_id"),
    sqlite_with_rowid=False,
)


# How many of the rows above, by stretches of ten minutes: tracer/store/counts.py.
_counts = Table(
    "counts",
    _templates,
    Column("slot", BigInteger),  # ten minutes since 1970
    Column("outcome", String),
    Column("cause", String),
    Column("source_id", Integer),
    Column("deliveries", Integer, nullable=False),
    Column("hops", Integer, nullable=False),  # whose first such delivery is of this kind
    PrimaryKeyConstraint("slot", "outcome", "cause", "source_id"),
    sqlite_with_rowid=False,
)


class DayTables(NamedTuple):
    """The tables of one UTC day."""

    hops: Table
    deliveries: Table
    lines: Table
    terms: Table
    ties: Table
    counts: Table


@lru_cache(maxsize=64)
def day_tables(day: str) -> DayTables:
    """Tables of the day `20261122`, in a MetaData of their own; nothing is created."""
    of_day = MetaData()
    tables = DayTables(
        *(
            template.to_metadata(of_day, name=f"{template.name}_{day}")
            for template in (_hops, _deliveries, _lines, _terms, _ties, _counts)
        )
    )
    _index_keys(tables.hops, "sender_key", "sender_domain_key")
    _index_keys(tables.deliveries, "recipient_key", "recipient_domain_key")
    _index_causes(tables.deliveries)
    return tables


def _index_keys(table: Table, *names: str) -> None:
    """A fifth of the deliveries are legs before others: no search wants them, so no key is kept."""
    for name in names:
        known = text(f"{name} IS NOT NULL")
        Index(f"ix_{table.name}_{name}", table.c[name], sqlite_where=known)


def _index_causes(deliveries: Table) -> None:
    """What failed, by cause and newest first: few rows, hence a small index."""
    columns = (deliveries.c.cause, deliveries.c.hop_id, deliveries.c.next_id)  # covers counting
    seen = text(FAILED)
    Index(f"ix_{deliveries.name}_cause", *columns, sqlite_where=seen)


@compiles(CreateIndex, "postgresql")
def _with_condition(creating: CreateIndex, compiler: Any, **given: Any) -> str:
    """Written for SQLite alone: an index that names PostgreSQL loads all that SQLAlchemy knows of
    it, which an ingest into SQLite would wait for."""
    options = creating.element.dialect_options
    options["postgresql"]["where"] = options["sqlite"]["where"]
    statement: str = compiler.visit_create_index(creating, **given)
    return statement
