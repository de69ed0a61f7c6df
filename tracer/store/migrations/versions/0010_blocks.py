"""Lines of neighbouring hops are compressed together, and what no search asks for is left out.

Going back is done by restoring a backup. A store of five million lines takes about a minute.
"""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
import zstandard
from alembic import op
from sqlalchemy import Connection

from tracer.store import blocks
from tracer.store.driver import change, change_many, fetch
from tracer.store.packing import dictionary

revision = "0010_blocks"
down_revision = "0009_words"
branch_labels = None
depends_on = None

_TOGETHER = 2000
_PARTIAL = (
    ("hops", "sender_key"),
    ("hops", "sender_domain_key"),
    ("deliveries", "recipient_key"),
    ("deliveries", "recipient_domain_key"),
)
_HIDDEN = """UPDATE hops_{day} SET sender_key = NULL, sender_domain_key = NULL WHERE NOT EXISTS
 (SELECT 1 FROM deliveries_{day} d WHERE d.hop_id = hops_{day}.hop_id AND d.next_id = 0)"""
_LEGS = (
    "UPDATE deliveries_{day} SET recipient_key = NULL, recipient_domain_key = NULL "
    "WHERE next_id <> 0"
)
_NO_IDS = (  # so far that was what nothing said
    """UPDATE deliveries_{day} SET more = '["",null,[]]' """
    "WHERE more IS NULL AND reply LIKE '%queued as %'"
)
_Rows = list[tuple[Any, ...]]


def upgrade() -> None:
    conn = op.get_bind()
    told = sa.Column("without_lines", sa.Boolean, nullable=False, server_default=sa.false())
    op.add_column("days", told)
    listed = sa.text("SELECT day FROM days WHERE state <> 'sealed' ORDER BY day")
    for day in conn.execute(listed).scalars().all():
        _move_lines(conn, day)
        for statement in (_HIDDEN, _LEGS, _NO_IDS):
            change(conn, statement.format(day=day))
        _index_fewer(conn, day)


def _move_lines(conn: Connection, day: str) -> None:
    hops = f"hops_{day}"
    for name in ("over_us", "n_events", "lines_at"):
        kind = sa.BigInteger() if name == "lines_at" else sa.Integer()
        op.add_column(hops, sa.Column(name, kind, nullable=False, server_default="0"))
    change(conn, f"UPDATE {hops} SET over_us = opened_us - (hop_id >> 20) * 1000")
    op.rename_table(f"lines_{day}", f"single_{day}")
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        f"lines_{day}",
        sa.Column("block", number, primary_key=True, autoincrement=False),
        sa.Column("packed", sa.LargeBinary, nullable=False),
    )
    for rows in _single(conn, day):
        places = blocks.add(conn, day, [_unpacked(packed) for _hop_id, _n, packed in rows])
        known = [(n, place, hop_id) for (hop_id, n, _), place in zip(rows, places, strict=True)]
        change_many(conn, f"UPDATE {hops} SET n_events = ?, lines_at = ? WHERE hop_id = ?", known)
    op.drop_table(f"single_{day}")
    op.drop_column(hops, "opened_us")


def _single(conn: Connection, day: str) -> Iterator[_Rows]:
    last = -1
    statement = f"SELECT hop_id, n, packed FROM single_{day} WHERE hop_id > ? ORDER BY hop_id "
    while rows := fetch(conn, f"{statement} LIMIT {_TOGETHER}", (last,)):
        yield rows
        last = rows[-1][0]


def _unpacked(packed: bytes) -> bytes:
    decompressor = zstandard.ZstdDecompressor(dict_data=dictionary(packed[0]))
    return decompressor.decompress(packed[1:])


def _index_fewer(conn: Connection, day: str) -> None:
    for table, column in _PARTIAL:
        name = f"ix_{table}_{day}_{column}"
        if name in {index["name"] for index in sa.inspect(conn).get_indexes(f"{table}_{day}")}:
            op.execute(f"DROP INDEX {name}")
            op.execute(
                f"CREATE INDEX {name} ON {table}_{day} ({column}) WHERE {column} IS NOT NULL"
            )
