"""The parser that is kept ready-made is the one that the grammar makes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tracer.query import grammar

QUERIES = (
    "",
    "to:anna@corp.example",
    'from:"a b"@x.example,@y.example -(subject:«отчёт» OR size:>10M)',
    "a OR b AND -c",
)


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    grammar.parser.cache_clear()
    yield
    grammar.parser.cache_clear()


def test_kept_parser_belongs_to_this_grammar_and_this_lark() -> None:
    assert grammar.READY_MADE.read_bytes().startswith(grammar.mark()), (
        "write it again: python -c 'from tracer.query import grammar; grammar.write()'"
    )


def test_kept_parser_reads_as_a_new_one_does() -> None:
    for query in QUERIES:
        assert grammar.parser().parse(query) == grammar.made().parse(query)


@pytest.mark.parametrize("content", [None, b"", b"x" * 8000])
def test_parser_is_made_anew_where_none_that_fits_is_kept(
    content: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "grammar.bin"
    if content is not None:
        other.write_bytes(content)
    monkeypatch.setattr(grammar, "READY_MADE", other)
    assert grammar.parser().parse("to:anna@") == grammar.made().parse("to:anna@")


def test_written_parser_is_the_one_read_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "grammar.bin"
    grammar.write(other)
    monkeypatch.setattr(grammar, "READY_MADE", other)
    monkeypatch.setattr(grammar, "made", lambda: pytest.fail("it was made anew"))
    assert grammar.parser().parse("to:anna@").data == "start"
