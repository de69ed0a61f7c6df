"""The words of checkdmarc in Russian: known sentences by their form, others quoted as English."""

from __future__ import annotations

import re

import pytest

from tracer.diagnostics.about import About
from tracer.diagnostics.linter_words import linter_words
from tracer.diagnostics.model import Side
from tracer.diagnostics.texts import told

QUOTED = "checkdmarc пишет по-английски: "


@pytest.mark.parametrize(
    ("said", "russian"),
    [
        ("Duplicate include: spf.e.test", "include:spf.e.test стоит дважды."),
        ("The MX host mx.e.test does not have any A/AAAA records.",
         "У почтового сервера mx.e.test нет записей A и AAAA."),
        ("An mx mechanism points to e.test, but that domain/subdomain does not have any MX "
         "records.", "Механизм mx указывает на e.test, а записей MX там нет."),
        ("Error when processing a.e.test: The domain a.e.test does not exist.",
         "При разборе a.e.test: домена a.e.test нет."),
        ("Error when processing a.e.test: the moon is full",
         "При разборе a.e.test: «the moon is full»"),
        ("No TXT records at exp value why.e.test.",
         "По адресу из exp (why.e.test) нет записи TXT."),
        ("Failed to get TXT records at exp value why.e.test: SERVFAIL",
         "Не удалось получить запись TXT по адресу из exp (why.e.test): «SERVFAIL»"),
        ("Support for the ri tag was removed in RFC 9989", "Тега ri в RFC 9989 больше нет."),
        ("Some DMARC reporters might not send to more than two rua URIs.",
         "Некоторые шлют отчёты не больше чем на два адреса из rua."),
        ("The domain for ruf email address a@r.test has no MX records.",
         "У домена адреса a@r.test из ruf нет записей MX."),
        ("Unknown MTA-STS tag x was ignored.", "Неизвестный тег x не учтён."),
        ("The record is missing the required rua tag.", "В записи нет обязательного тега rua."),
        ("e.test: ip5:192.0.2.1 is not a valid SPF mechanism or modifier",
         "e.test: ip5:192.0.2.1 — не терм SPF"),
        ("Error: Expected ; or rua at position 12 (marked with ➞) in: v=TLSRPTv1➞,",
         "В записи ошибка, знак 12 (место отмечено): v=TLSRPTv1➞,"),
    ],
)  # fmt: skip
def test_a_known_sentence_has_russian_words_and_keeps_what_stands_in_it(
    said: str, russian: str
) -> None:
    assert linter_words(said, "ru") == russian
    assert linter_words(said, "en") == said


@pytest.mark.parametrize("said", ["A new remark about {x}.", "Duplicate", "(", "Домен"])
def test_a_sentence_that_is_not_known_is_quoted_and_marked(said: str) -> None:
    assert linter_words(said, "ru") == f"{QUOTED}«{said}»"
    assert linter_words(said, "en") == said


def test_a_value_that_looks_like_a_place_is_left_alone() -> None:
    assert linter_words("Duplicate include: %{d}.{a}", "ru") == "include:%{d}.{a} стоит дважды."


def test_a_finding_of_the_linter_is_told_in_russian() -> None:
    about = About("second_opinion", Side.SENDER, "e.test")
    words = told(about.warning("warning", part="SPF", text="Duplicate include: a.test"), "ru")
    assert words.text == "include:a.test стоит дважды."
    other = told(about.warning("warning", part="SPF", text="Something new."), "ru")
    assert other.text == f"{QUOTED}«Something new.»"
    assert not re.search("[а-я]", told(about.warning("warning", part="SPF", text="Hm."), "en").text)
