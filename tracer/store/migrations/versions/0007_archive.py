"""What is noted of days in the archive.  Going back is done by restoring a backup."""

import sqlalchemy as sa
from alembic import op

revision = "0007_archive"
down_revision = "0006_causes"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column in (
        sa.Column("held", sa.String, nullable=False, server_default=""),
        sa.Column("rows", sa.BigInteger),
        sa.Column("hops", sa.BigInteger),
        sa.Column("octets", sa.BigInteger),
        sa.Column("sha256", sa.String, nullable=False, server_default=""),
        sa.Column("sealed_us", sa.BigInteger),
    ):
        op.add_column("days", column)
