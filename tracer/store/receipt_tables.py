"""The tables of what came in by webhooks, and of those who come: scripts with tokens, people."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, String, Table

from tracer.store.schema import metadata

# A request that was acknowledged, whole, so that it can be understood anew.
receipts = Table(
    "receipts",
    metadata,
    Column("id", String, primary_key=True),
    Column("source", String, nullable=False),
    Column("provider", String, nullable=False),
    Column("received_us", BigInteger, nullable=False),
    Column("nonce", String, nullable=False),  # what makes the request unique
    Column("sha256", String, nullable=False),  # of the body as it came
    Column("octets", BigInteger, nullable=False),
    Column("packed", LargeBinary, nullable=False),  # the body; long ones by Zstandard
    Column("request", String, nullable=False),  # JSON: method, query, the headers that matter
    Column("scheme", String, nullable=False),  # how it was proven who sent it
    Column("key", String, nullable=False),  # fingerprint of the secret that matched; "" none
    Column("parser", Integer, nullable=False),
    Column("events", Integer, nullable=False),
    Column("known", Integer, nullable=False),  # of the events: told before
    Column("repeats", Integer, nullable=False),  # how often the same request came again
    Index("ix_receipts_nonce", "source", "nonce", unique=True),
    Index("ix_receipts_time", "source", "received_us"),
)

receipt_events = Table(
    "receipt_events",
    metadata,
    Column("receipt_id", String, primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("pointer", String, nullable=False),  # where in the body
    Column("known", Integer, nullable=False),  # 1: told before
    Column("record", String, nullable=False),  # JSON of collectors.reported.Reported
)

# What was told already, by the provider's id of the event and by its content.
told_facts = Table(
    "told_facts",
    metadata,
    Column("source", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("told_us", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

dead_letters = Table(
    "dead_letters",
    metadata,
    Column("receipt_id", String, primary_key=True),
    Column("pointer", String, primary_key=True),
    Column("source", String, nullable=False, index=True),
    Column("provider", String, nullable=False),
    Column("parser", Integer, nullable=False),
    Column("error", String, nullable=False),
    Column("item", String, nullable=False),  # its JSON; "" the whole body
    Column("state", String(9), nullable=False),  # waiting replayed discarded
    Column("reason", String, nullable=False),  # why it was discarded
    Column("dead_us", BigInteger, nullable=False),
)

# The last attempts of each source that were turned away.
refusals = Table(
    "refusals",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("source", String, nullable=False, index=True),
    Column("at_us", BigInteger, nullable=False),
    Column("status", Integer, nullable=False),
    Column("reason", String, nullable=False),
    Column("remote", String, nullable=False),
    Column("octets", BigInteger, nullable=False),
)

source_counts = Table(
    "source_counts",
    metadata,
    Column("source", String, primary_key=True),
    Column("refused", BigInteger, nullable=False),
)

source_keys = Table(
    "source_keys",
    metadata,
    Column("source", String, primary_key=True),
    Column("key", String, primary_key=True),  # fingerprint of a secret
    Column("used_us", BigInteger, nullable=False),
)

hook_sources = Table(
    "hook_sources",
    metadata,
    Column("name", String, primary_key=True),
    Column("provider", String, nullable=False),
    Column("sealed", String, nullable=False),  # token, secrets and the rest, encrypted JSON
    Column("made_us", BigInteger, nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("scopes", String, nullable=False),  # space between
    Column("sha256", String, nullable=False, unique=True),
    Column("made_us", BigInteger, nullable=False),
    Column("used_us", BigInteger),
    Column("revoked_us", BigInteger),
)

people = Table(
    "people",
    metadata,
    Column("name", String, primary_key=True),
    Column("password", String, nullable=False),  # as tracer.passwords keeps it
    Column("made_us", BigInteger, nullable=False),
    Column("password_us", BigInteger, nullable=False),  # what was opened before is closed
)
