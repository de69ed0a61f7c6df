"""What webhooks brought: receipts and their events.  Going back is done by restoring a backup."""

import sqlalchemy as sa
from alembic import op

revision = "0004_receipts"
down_revision = "0003_jobs"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _receipts()
    _facts()
    _dead_letters()
    _sources_and_tokens()


def _receipts() -> None:
    op.create_table(
        "receipts",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("provider", sa.String, nullable=False),
        sa.Column("received_us", sa.BigInteger, nullable=False),
        sa.Column("nonce", sa.String, nullable=False),
        sa.Column("sha256", sa.String, nullable=False),
        sa.Column("octets", sa.BigInteger, nullable=False),
        sa.Column("packed", sa.LargeBinary, nullable=False),
        sa.Column("request", sa.String, nullable=False),
        sa.Column("scheme", sa.String, nullable=False),
        sa.Column("key", sa.String, nullable=False),
        sa.Column("parser", sa.Integer, nullable=False),
        sa.Column("events", sa.Integer, nullable=False),
        sa.Column("known", sa.Integer, nullable=False),
        sa.Column("repeats", sa.Integer, nullable=False),
    )
    op.create_index("ix_receipts_nonce", "receipts", ["source", "nonce"], unique=True)
    op.create_index("ix_receipts_time", "receipts", ["source", "received_us"])
    op.create_table(
        "receipt_events",
        sa.Column("receipt_id", sa.String, primary_key=True),
        sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("pointer", sa.String, nullable=False),
        sa.Column("known", sa.Integer, nullable=False),
        sa.Column("record", sa.String, nullable=False),
    )


def _facts() -> None:
    op.create_table(
        "told_facts",
        sa.Column("source", sa.String, primary_key=True),
        sa.Column("key", sa.String, primary_key=True),
        sa.Column("told_us", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )


def _dead_letters() -> None:
    op.create_table(
        "dead_letters",
        sa.Column("receipt_id", sa.String, primary_key=True),
        sa.Column("pointer", sa.String, primary_key=True),
        sa.Column("source", sa.String, nullable=False, index=True),
        sa.Column("provider", sa.String, nullable=False),
        sa.Column("parser", sa.Integer, nullable=False),
        sa.Column("error", sa.String, nullable=False),
        sa.Column("item", sa.String, nullable=False),
        sa.Column("state", sa.String(9), nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("dead_us", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "refusals",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("source", sa.String, nullable=False, index=True),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("remote", sa.String, nullable=False),
        sa.Column("octets", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "source_counts",
        sa.Column("source", sa.String, primary_key=True),
        sa.Column("refused", sa.BigInteger, nullable=False),
    )


def _sources_and_tokens() -> None:
    op.create_table(
        "source_keys",
        sa.Column("source", sa.String, primary_key=True),
        sa.Column("key", sa.String, primary_key=True),
        sa.Column("used_us", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "hook_sources",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("provider", sa.String, nullable=False),
        sa.Column("sealed", sa.String, nullable=False),
        sa.Column("made_us", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "tokens",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("scopes", sa.String, nullable=False),
        sa.Column("sha256", sa.String, nullable=False, unique=True),
        sa.Column("made_us", sa.BigInteger, nullable=False),
        sa.Column("used_us", sa.BigInteger),
        sa.Column("revoked_us", sa.BigInteger),
    )
