"""Families of words: what a reply speaks of when no phrase foresaw its words."""

from __future__ import annotations

from pathlib import Path

import pytest

from tracer.causes import Level, catalog, decide, hear
from tracer.causes.catalog import Rule
from tracer.causes.families import families, needed, spoken


def of(text: str) -> set[str]:
    """The families of a reply of one sentence."""
    (said,) = spoken(text)
    return set(said)


@pytest.mark.parametrize(
    "text",
    ["inbox full", "das postfach ist voll", "la boîte est pleine", "casella piena", "buzón lleno",
     "ящик переполнен", "skrzynka jest pełna", "邮箱已满"],
)  # fmt: skip
def test_same_thing_is_heard_in_many_languages(text: str) -> None:
    assert {"mailbox", "full"} <= of(text)


@pytest.mark.parametrize(
    ("text", "family"),
    [
        ("blocked", "block"),
        ("greylisting", "greylist"),
        ("this is not a valid name", "invalid"),
        ("l'utilisateur n'existe pas", "missing"),
        ("see http://rbl.corp.example/why", "blocklist"),
        ("found in dbl.lists.example", "url"),
    ],
)
def test_endings_pairs_and_places_are_understood(text: str, family: str) -> None:
    assert family in of(text)


def test_word_begins_where_another_script_begins() -> None:
    assert {"ip", "blocklist"} <= of("您的ip地址在黑名单中")


def test_names_of_places_say_nothing_else() -> None:
    assert of("see https://mailbox.full.example/quota") == set()


def test_prefix_of_postfix_says_nothing() -> None:
    assert "recipient" not in of("recipient address rejected: over quota")


def test_long_texts_are_heard_sentence_by_sentence() -> None:
    text = (
        "we looked for the mailbox of the person that you wrote to this morning. "
        "the disk of the archive is full of old reports and has to be emptied"
    )
    assert all(not {"mailbox", "full"} <= set(said) for said in spoken(text))


def test_entry_names_what_must_meet_and_what_must_not() -> None:
    entry = needed("mailbox full -sender")
    assert (entry.these, entry.without) == ({"mailbox", "full"}, {"sender"})
    assert entry.weight == families()["mailbox"].weight + families()["full"].weight


def test_unknown_family_is_an_error() -> None:
    with pytest.raises(KeyError):
        needed("mailbox -sendr")


@pytest.mark.parametrize(
    ("reply", "cause"),
    [
        ("550 1 mailbox was looked for, and none such could be found", "recipient_unknown"),
        ("552 Skrzynka odbiorcy jest przepełniona", "mailbox_full"),
        ("550 black ip", "ip_blocklisted"),
        ("553 host denies the sender", "sender_rejected"),
        ("550 The user refuses this sender", "recipient_restricted"),
        ("554 Ihr Server mit der Adresse 198.51.100.7 ist blockiert", "ip_blocklisted"),
    ],
)  # fmt: skip
def test_replies_that_no_phrase_foresaw_are_named(reply: str, cause: str) -> None:
    verdict = decide(hear(reply))
    assert verdict.cause == cause
    assert verdict.level is Level.FAMILY
    assert all(word in hear(reply).text for word in verdict.words)


def test_every_family_is_used_by_a_rule() -> None:
    used: set[str] = set()
    for cause in catalog().values():
        rules: tuple[Rule, ...] = cause.match
        for rule in rules:
            for entry in rule.families:
                used |= needed(entry).these | needed(entry).without
    assert used == set(families())


def test_no_family_lists_a_word_twice() -> None:
    for name, family in families().items():
        words = family.words.split()
        assert len(words) == len(set(words)), name


def test_words_lie_beside_the_causes() -> None:
    import tracer.causes

    assert (Path(tracer.causes.__file__).parent / "lexicon" / "families.toml").is_file()
