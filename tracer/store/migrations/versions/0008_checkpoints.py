"""How far each followed file has been read.  Going back is done by restoring a backup."""

import sqlalchemy as sa
from alembic import op

revision = "0008_checkpoints"
down_revision = "0007_archive"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "checkpoints",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("source", sa.String, nullable=False, index=True),
        sa.Column("path", sa.String, nullable=False),
        sa.Column("file", sa.String, nullable=False),
        sa.Column("offset", sa.BigInteger, nullable=False),
        sa.Column("head_octets", sa.Integer, nullable=False),
        sa.Column("fingerprint", sa.String, nullable=False),
        sa.Column("whole_octets", sa.BigInteger),
        sa.Column("reached_us", sa.BigInteger),
        sa.Column("seen_us", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "followed",
        sa.Column("source", sa.String, primary_key=True),
        sa.Column("seen_us", sa.BigInteger, nullable=False),
        sa.Column("files", sa.Integer, nullable=False),
        sa.Column("unread", sa.BigInteger, nullable=False),
        sa.Column("known", sa.BigInteger, nullable=False),
        sa.Column("problem", sa.String, nullable=False),
    )
