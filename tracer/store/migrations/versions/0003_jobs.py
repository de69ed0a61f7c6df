"""Work for later and what it made: exports.  Going back is done by restoring a backup."""

revision = "0003_jobs"
down_revision = "0002_reports"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
