"""States of days, the archive and hourly counts.  Going back is done by restoring a backup."""

revision = "0005_days"
down_revision = "0004_receipts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
