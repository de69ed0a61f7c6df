"""Counts beside each day's rows; the next reading of a log fills those of the days there are.

Going back is done by restoring a backup.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005_days"
down_revision = "0004_receipts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for (day,) in op.get_bind().execute(sa.text("SELECT day FROM days")).all():
        op.create_table(
            f"counts_{day}",
            sa.Column("slot", sa.BigInteger),
            sa.Column("outcome", sa.String),
            sa.Column("cause", sa.String),
            sa.Column("source_id", sa.Integer),
            sa.Column("deliveries", sa.Integer, nullable=False),
            sa.Column("hops", sa.Integer, nullable=False),
            sa.PrimaryKeyConstraint("slot", "outcome", "cause", "source_id"),
            sqlite_with_rowid=False,
        )
    op.execute("UPDATE days SET state = 'loading'")
