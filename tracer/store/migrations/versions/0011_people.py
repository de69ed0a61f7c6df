"""Who may open the pages.  Going back is done by restoring a backup."""

import sqlalchemy as sa
from alembic import op

revision = "0011_people"
down_revision = "0010_blocks"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "people",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("password", sa.String, nullable=False),
        sa.Column("made_us", sa.BigInteger, nullable=False),
        sa.Column("password_us", sa.BigInteger, nullable=False),
    )
