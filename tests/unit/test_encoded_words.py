"""Subjects are made readable, however they were logged."""

from __future__ import annotations

import pytest

from collectors.formats.encoded_words import decoded


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
    ],
)
def test_encoded_words_are_decoded(logged: str, readable: str) -> None:
    assert decoded(logged).rstrip("\ufffd") == readable
