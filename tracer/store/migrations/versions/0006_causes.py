"""An index of causes for the days that have none.  Going back is done by restoring a backup."""

from alembic import op
from sqlalchemy import inspect

revision = "0006_causes"
down_revision = "0005_days"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in inspect(op.get_bind()).get_table_names():
        if table.startswith("deliveries_"):
            op.execute(
                f"CREATE INDEX ix_{table}_cause ON {table} (cause, hop_id, next_id) "
                "WHERE cause <> '' AND next_id = 0"
            )
