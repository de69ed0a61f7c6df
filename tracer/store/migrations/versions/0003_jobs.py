"""Work for later and what it made: exports.  Going back is done by restoring a backup."""

import sqlalchemy as sa
from alembic import op

revision = "0003_jobs"
down_revision = "0002_reports"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("params", sa.String, nullable=False),
        sa.Column("asked_by", sa.String, nullable=False),
        sa.Column("asked_us", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("owner", sa.String, nullable=False),
        sa.Column("seen_us", sa.BigInteger),
        sa.Column("started_us", sa.BigInteger),
        sa.Column("finished_us", sa.BigInteger),
        sa.Column("total", sa.BigInteger),
        sa.Column("rows", sa.BigInteger, nullable=False),
        sa.Column("octets", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.String, nullable=False),
        sa.Column("file", sa.String, nullable=False),
        sa.Column("expires_us", sa.BigInteger),
        sa.Column("error", sa.String, nullable=False),
        sa.Column("told", sa.String, nullable=False),
        sa.Column("fetched", sa.BigInteger, nullable=False),
    )
