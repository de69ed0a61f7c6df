"""Rows as PostgreSQL's COPY reads them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tracer.store.copy_text import AT_ONCE, INSTEAD, NUL, NULL, pieces

_MEANT = {NULL: None}
_UNESCAPED = {"\\\\": "\\", "\\N": "N", "\\t": "\t", "\\n": "\n", "\\r": "\r"}
_TEXTS = st.sampled_from([NULL, f"{NULL}s"]) | st.text(
    alphabet=st.sampled_from("ab\\\t\n\r\0Nя "), max_size=6
)


def understood(cell: str) -> str | None:
    """A cell as PostgreSQL's manual says that it is read."""
    if cell in _MEANT:
        return None
    read, rest = "", cell
    while rest:
        step = 2 if rest[0] == "\\" else 1
        read += _UNESCAPED.get(rest[:step], rest[:step])
        rest = rest[step:]
    return read


_MAYBE = st.none() | _TEXTS


@given(
    st.lists(st.tuples(_MAYBE, _TEXTS, _MAYBE), min_size=1, max_size=10),
    st.sampled_from([None, (0, 2)]),
)
def test_every_text_is_read_back(
    rows: list[tuple[str | None, ...]], lacking: tuple[int, ...] | None
) -> None:
    told = b"".join(pieces(rows, lacking)).decode()
    read = [tuple(map(understood, line.split("\t"))) for line in told.split("\n")[:-1]]
    assert read == [
        tuple(None if cell is None else cell.replace(NUL, INSTEAD) for cell in row) for row in rows
    ]


def test_numbers_octets_and_nothing() -> None:
    rows = [(1, 0.5, b"\x00\xff", None), (-2, None, memoryview(b"a"), "x")]
    assert b"".join(pieces(rows)) == b"1\t0.5\t\\\\x00ff\tNone\n-2\tNone\t\\\\x61\tx\n"


def test_rows_without_a_mark_are_the_same_by_either_way() -> None:
    rows = [(number, f"anna{number}@corp.example", None, 0.25, True) for number in range(9)]
    assert list(pieces(rows, [2])) == list(pieces(rows))


def test_many_rows_come_in_pieces() -> None:
    made = list(pieces([(number,) for number in range(2 * AT_ONCE + 1)]))
    assert [piece.count(b"\n") for piece in made] == [AT_ONCE, AT_ONCE, 1]
    assert list(pieces([])) == []
