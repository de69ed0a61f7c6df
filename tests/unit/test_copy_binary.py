"""Octets as PostgreSQL's binary COPY has them."""

from __future__ import annotations

from tracer.store.copy_binary import numbered


def test_a_row_is_its_number_and_its_octets_between_head_and_end() -> None:
    head = b"PGCOPY\n\xff\r\n\0" + bytes(8)
    row = b"\0\x02" + b"\0\0\0\x08" + b"\0\0\0\0\0\0\x01\0" + b"\0\0\0\x03" + b"a\0\xff"
    assert b"".join(numbered([(256, b"a\0\xff")])) == head + row + b"\xff\xff"


def test_no_rows_are_a_head_and_an_end() -> None:
    assert b"".join(numbered([])) == b"PGCOPY\n\xff\r\n\0" + bytes(8) + b"\xff\xff"
