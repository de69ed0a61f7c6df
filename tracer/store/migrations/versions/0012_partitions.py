"""One table for all days, on PostgreSQL: the days become its partitions.

Each day is read once, to see that it holds its own hops only. Going back is done by restoring a
backup.
"""

import sqlalchemy as sa
from alembic import op

from tracer.store import citus, partitions
from tracer.store.driver import change, is_postgresql

revision = "0012_partitions"
down_revision = "0011_people"
branch_labels = None
depends_on = None

_HOPS = """hop_id bigint, host varchar, queue_id varchar COLLATE "C", over_us integer,
 stay_us bigint, message_id varchar, subject varchar, sender varchar, helo varchar, auth varchar,
 tls varchar, size bigint, source_id integer, from_queue_ids varchar, notice_queue_ids varchar,
 sender_key bigint, sender_domain_key bigint, message_key bigint, client_key varchar COLLATE "C",
 n_events integer, lines_at bigint"""
_DELIVERIES = """hop_id bigint, n integer, recipient varchar, original_recipient varchar,
 outcome varchar, cause varchar, status varchar, reply varchar, relay varchar, tls varchar,
 agent varchar, direction integer, attempts integer, delay_s double precision, after_us bigint,
 next_id bigint, more varchar, recipient_key bigint, recipient_domain_key bigint"""
_TERMS = 'key varchar COLLATE "C", role integer, hop_id bigint, n integer'
_COLUMNS = {"hops": _HOPS, "deliveries": _DELIVERIES, "terms": _TERMS}


def upgrade() -> None:
    conn = op.get_bind()
    if not is_postgresql(conn):
        return
    for name, columns in _COLUMNS.items():
        change(conn, f"CREATE TABLE {name} ({columns}) PARTITION BY RANGE (hop_id)")
    citus.spread_parents(conn)
    listed = sa.text("SELECT day FROM days WHERE state <> 'sealed' ORDER BY day")
    for day in conn.execute(listed).scalars().all():
        partitions.attach(conn, day)
