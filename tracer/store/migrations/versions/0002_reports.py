"""The reports of delivery diagnostics.  Going back is done by restoring a backup."""

import sqlalchemy as sa
from alembic import op

revision = "0002_reports"
down_revision = "0001_first"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "reports",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("subject", sa.String, nullable=False, index=True),
        sa.Column("target", sa.String, nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("started_us", sa.BigInteger, nullable=False, index=True),
        sa.Column("deadline_us", sa.BigInteger, nullable=False),
        sa.Column("finished_us", sa.BigInteger),
        sa.Column("first_id", sa.String, nullable=False),
        sa.Column("checks", sa.String, nullable=False),
        sa.Column("counts", sa.String, nullable=False),
    )
    op.create_table(
        "findings",
        sa.Column("report_id", sa.String, primary_key=True),
        sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("body", sa.String, nullable=False),
    )
    op.create_table(
        "facts",
        sa.Column("row_id", sa.String, primary_key=True),
        sa.Column("report_id", sa.String, nullable=False, index=True),
    )
