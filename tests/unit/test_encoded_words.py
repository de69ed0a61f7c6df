"""Subjects are made readable, however they were logged."""

from __future__ import annotations

from encodings.aliases import aliases

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.formats.encoded_words import decoded

CHARSETS = st.one_of(
    st.sampled_from(sorted(set(aliases.values()))), st.text(max_size=8), st.just("utf-8*en")
)


@given(CHARSETS, st.sampled_from("bBqQx"), st.text(max_size=30), st.text("x"))
def test_nothing_that_looks_like_an_encoded_word_raises(
    charset: str, encoding: str, body: str, rest: str
) -> None:
    readable = decoded(f"=?{charset}?{encoding}?{body}?={rest}")
    assert readable.encode().decode() == readable


@pytest.mark.parametrize(
    ("logged", "readable"),
    [
        ("Plain = ? text", "Plain = ? text"),
        ("=?utf-8?Q?Caf=C3=A9_au_lait?=", "Café au lait"),
        ("Re: =?UTF-8?B?0J/RgNC40LLQtdGC?= Bob", "Re: Привет Bob"),
        ("=?utf-8?Q?one?= =?utf-8?Q?_two?=", "one two"),
        ("=?utf-8?Q?folded?=? =?utf-8?Q?_line?=", "folded line"),
        ("=?utf-8?B?0J/RgNC40LLQ", "Прив"),
        ("=?koi8-r?B?8NLJ18XU?=", "Привет"),
        ("=?utf-8*ru?Q?x?=", "x"),
        ("=?no-such-charset?Q?x?=", "=?no-such-charset?Q?x?="),
        ("=?utf-8?Q?line=0D=0Abreak?=", "line break"),
        ("=?rot13?Q?x?=", "=?rot13?Q?x?="),
        ("=?utf-8?B?=?=", ""),
        ("=?utf-7?Q?a+2AA-b?=", "a b"),
        ("=?unicode_escape?Q?=5Cd?=", "=?unicode_escape?Q?=5Cd?="),
        ("=?zlib?B?eJw=?=", "=?zlib?B?eJw=?="),
        ("=?utf-8?B?****?=", ""),
        ("=?utf-8?Q?\udce9?=", "=?utf-8?Q?\udce9?="),
    ],
)
def test_encoded_words_are_decoded(logged: str, readable: str) -> None:
    assert decoded(logged).rstrip("\ufffd") == readable
