"""The reports of delivery diagnostics.  Going back is done by restoring a backup."""

revision = "0002_reports"
down_revision = "0001_first"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
