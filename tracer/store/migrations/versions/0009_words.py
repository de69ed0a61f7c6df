"""An index of subjects and the sums of the counts, for the days that have none.

Both are made of what the day holds. Going back is done by restoring a backup.
"""

import sqlalchemy as sa
from alembic import op

from tracer.store import counts, words

revision = "0009_words"
down_revision = "0008_checkpoints"
branch_labels = None
depends_on = None


def upgrade() -> None:
    conn = op.get_bind()
    listed = sa.text("SELECT day FROM days WHERE state IN ('live', 'late') ORDER BY day")
    for day in conn.execute(listed).scalars().all():
        words.create(conn, day)
        counts.add_sums(conn, day)
