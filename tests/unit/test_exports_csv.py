"""CSV files as they are written: what `csv` writes, and safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracer.exports.as_csv import CSV, EXCEL, safe
from tracer.exports.columns import Column, Type
from tracer.exports.format import Style
from tracer.exports.times_text import for_sheets, rfc3339

TEXTS = st.text(alphabet=st.sampled_from("ab=+-@;,\t\"\r\n'|яй "), max_size=8)
AT_US = 1_795_348_800_250_000


class Taken:
    """Keeps what is written."""

    def __init__(self) -> None:
        self.octets = b""

    def write(self, octets: bytes) -> int:
        self.octets += octets
        return len(octets)


def columns_of(*types: Type) -> list[Column]:
    return [Column(f"c{place}", kind, ()) for place, kind in enumerate(types)]


def written(
    types: Sequence[Type], values: Sequence[Sequence[object]], style: Style, form: object = CSV
) -> str:
    out = Taken()
    sheet = form.open(out, columns_of(*types), style)  # type: ignore[attr-defined]
    sheet.add(values)
    sheet.close()
    return out.octets.decode()


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=20))
def test_exact_csv_is_what_the_standard_library_writes(rows: list[tuple[str, str]]) -> None:
    expected = io.StringIO(newline="")
    csv.writer(expected).writerows([("c0", "c1"), *rows])
    told = written((Type.TEXT, Type.TEXT), list(zip(*rows, strict=True)), Style(exact=True))
    assert told == expected.getvalue()


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=20), st.sampled_from(",;\t"))
def test_no_cell_begins_a_formula_whatever_the_reader_parts_cells_by(
    rows: list[tuple[str, str]], delimiter: str
) -> None:
    told = written((Type.TEXT, Type.TEXT), list(zip(*rows, strict=True)), Style())
    for read in csv.reader(io.StringIO(told, newline=""), delimiter=delimiter):
        assert not any(cell.startswith(("=", "+", "@")) for cell in read)


@given(TEXTS)
def test_a_cell_made_safe_says_the_same(text: str) -> None:
    assert safe(text).replace("'", "") == text.replace("'", "")


@pytest.mark.parametrize("text", ["=1+1", "+7 495", "-x", "@cmd", "\tx", "\r=x", "a;=cmd()"])
def test_formula_gets_an_apostrophe_unless_the_file_is_exact(text: str) -> None:
    (_, (made,)) = csv.reader(io.StringIO(written((Type.TEXT,), [[text]], Style()), newline=""))
    assert made != text and made.replace("'", "") == text
    exact = written((Type.TEXT,), [[text]], Style(exact=True))
    (_, (kept,)) = csv.reader(io.StringIO(exact, newline=""))
    assert kept == text


def test_numbers_keep_their_sign() -> None:
    told = written((Type.NUMBER, Type.INTEGER), [[-1.5], [None]], Style())
    assert told.splitlines()[1] == "-1.5,"


def test_excel_of_russians_has_semicolons_decimal_commas_and_a_mark() -> None:
    types = (Type.TIME, Type.NUMBER, Type.TEXT)
    told = written(types, [[AT_US], [0.5], ["a;b"]], Style(lang="ru"), EXCEL)
    assert told == '\ufeffc0;c1;c2\r\n2026-11-22 12:00:00;0,5;"a;b"\r\n'


def test_excel_elsewhere_has_commas() -> None:
    told = written((Type.NUMBER, Type.TEXT), [[0.5], ["a;b"]], Style(lang="en"), EXCEL)
    assert told == "\ufeffc0,c1\r\n0.5,a;b\r\n"


def test_times_have_a_fraction_only_where_there_is_one() -> None:
    whole_us = AT_US - 250_000
    assert rfc3339([AT_US, whole_us, None]) == [
        "2026-11-22T12:00:00.250000Z", "2026-11-22T12:00:00Z", "",
    ]  # fmt: skip
    assert for_sheets([AT_US]) == ["2026-11-22 12:00:00"]
