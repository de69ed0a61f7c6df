"""The registry of days and the sources.  Going back is done by restoring a backup."""

import sqlalchemy as sa
from alembic import op

revision = "0001_first"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "days",
        sa.Column("day", sa.String(8), primary_key=True),
        sa.Column("state", sa.String(8), nullable=False),
    )
    op.create_table(
        "sources",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String, nullable=False, unique=True),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("format", sa.String, nullable=False),
        sa.Column("first_us", sa.BigInteger),
        sa.Column("complete_until_us", sa.BigInteger),
        sa.Column("read_at_us", sa.BigInteger),
        sa.Column("lines", sa.BigInteger, nullable=False),
        sa.Column("events", sa.BigInteger, nullable=False),
        sa.Column("unparsed", sa.BigInteger, nullable=False),
        sa.Column("samples", sa.String, nullable=False),
    )
