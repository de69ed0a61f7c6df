"""Every cause is complete in both languages, has its source, and proves itself by its examples."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from itertools import chain
from pathlib import Path

import pytest

import tracer.causes
from tracer.causes import Cause, Side, Stage, Text, catalog, outcome_cards
from tracer.causes.catalog import Example, placeholders, read_causes
from tracer.causes.words import PLACEHOLDERS
from tracer.errors import ConfigError
from tracer.explain import classify
from tracer.model import Outcome

CAUSES = tuple(catalog().values())
CARDS = (*CAUSES, *outcome_cards().values())
EVERY_EXAMPLE = [(cause.id, example) for cause in CAUSES for example in cause.example]
EVERY_COUNTER_EXAMPLE = [(cause.id, example) for cause in CAUSES for example in cause.not_example]


# Causes that are always our own doing.
OURS_ANYWAY = {"local_config_error", "local_policy", "queue_congested"}


def named(cause: str, example: Example) -> str:
    """The cause that an example is given."""
    outcome = Outcome(example.outcome) if example.outcome else Outcome.BOUNCED
    return classify(outcome, example.reply, example.status, example.command, example.program)


def texts(card: Cause) -> Iterator[tuple[str, Text, Text]]:
    """The English and Russian texts of a card, those for a refusal at our door included."""
    yield "", card.en, card.ru
    if card.en.at_our_door and card.ru.at_our_door:
        yield "at_our_door", card.en.at_our_door, card.ru.at_our_door


def sentences(text: Text) -> Iterator[str]:
    yield from (text.title, text.label, text.headline, text.headline_waiting)
    yield from (text.tell_user, text.tell_user_waiting, text.tell_their_admin)
    yield from (step.verb + step.rest for step in text.steps)


@pytest.mark.parametrize(("cause", "example"), EVERY_EXAMPLE, ids=lambda value: str(value)[:60])
def test_example_is_given_its_own_cause(cause: str, example: Example) -> None:
    assert named(cause, example) == cause


@pytest.mark.parametrize(
    ("cause", "example"), EVERY_COUNTER_EXAMPLE, ids=lambda value: str(value)[:60]
)
def test_counter_example_is_given_another_cause(cause: str, example: Example) -> None:
    assert named(cause, example) != cause


@pytest.mark.parametrize(
    ("beside", "cause"),
    [
        ("550 Refused because of a policy", "policy_rejected"),
        ("550 Sender address is not allowed", "sender_rejected"),
        ("(S2017062302). [AB1CDE23FT045.eop-EUR01.protection.corp.example]", "recipient_unknown"),
        ("550 For explanation visit https://corp.example/case?c=hi", "recipient_unknown"),
        ("", "recipient_unknown"),
    ],
)  # fmt: skip
def test_name_of_a_code_counts_where_nothing_beside_it_decides(beside: str, cause: str) -> None:
    reply = f"550-Requested action not taken: mailbox unavailable {beside}"
    assert classify(Outcome.BOUNCED, reply) == cause


@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause.id)
def test_cause_has_examples_and_sources(cause: Cause) -> None:
    assert len(cause.example) >= 4
    assert len(cause.not_example) >= 3
    assert cause.reference
    assert len({example.reply for example in cause.example}) == len(cause.example)
    for source in cause.reference:
        assert source.url.startswith("https://")
        assert not source.read or date.fromisoformat(source.read) >= date(2026, 1, 1)


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.id)
def test_card_says_the_same_in_both_languages(card: Cause) -> None:
    for _, en, ru in texts(card):
        assert [step.stage for step in en.steps] == [step.stage for step in ru.steps]
        for one, other in zip(sentences(en), sentences(ru), strict=True):
            assert placeholders(one) == placeholders(other)


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.id)
def test_card_uses_only_known_placeholders(card: Cause) -> None:
    for _, en, ru in texts(card):
        for sentence in chain(sentences(en), sentences(ru)):
            assert placeholders(sentence) <= PLACEHOLDERS


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.id)
def test_card_gives_steps_and_is_written_in_its_language(card: Cause) -> None:
    for where, en, ru in texts(card):
        for stage in (Stage.WAITING, Stage.OVER):
            assert 2 <= sum(step.stage in (Stage.ANY, stage) for step in en.steps) <= 4, where
        assert any("а" <= letter <= "я" for letter in ru.headline)
        assert not any("а" <= letter <= "я" for letter in en.headline + en.tell_user)
        assert not any(word in en.tell_user for word in ("SMTP", "DNS", "RFC", "IP address"))


@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause.id)
def test_cause_is_told_in_every_situation(cause: Cause) -> None:
    """Refused by others and by us, for good and for now."""
    assert cause.side_at_our_door
    for text in (cause.en, cause.ru):
        assert text.at_our_door and text.at_our_door.title
        assert text.tell_user_waiting and text.at_our_door.tell_user_waiting


@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause.id)
def test_name_that_takes_a_side_has_a_neutral_one_beside_it(cause: Cause) -> None:
    """Where refusals by us and by others are counted together, "our" would be wrong for half."""
    if cause.id in OURS_ANYWAY:
        return
    for text in (cause.en, cause.ru):
        name = text.label or text.title
        assert not re.search(r"\b((our|their|here|us|we)\b|наш|их\b|мы\b|нам|нас)", name.lower())


def test_every_side_is_used() -> None:
    assert {cause.side for cause in CAUSES} == set(Side)


def test_names_are_those_of_the_files() -> None:
    folder = Path(tracer.causes.__file__).parent
    assert set(catalog()) == {path.stem for path in folder.glob("*.toml")}


GOOD = """
id = "odd"
side = "us"
urgency = "today"
severity = "soft"
reference = [{ text = "t", url = "https://x.example", read = "2026-11-22" }]
[[match]]
level = "phrase"
text = ["odd words"]
[en]
title = "Odd"
headline = "{recipient} is odd."
steps = [["Do", " this."]]
tell_user = "a"
tell_their_admin = "b"
[ru]
title = "Странно"
headline = "Адрес {recipient} странный."
steps = [["Сделайте", " это."]]
tell_user = "а"
tell_their_admin = "б"
"""


RUSSIAN_DOOR = """
[ru.at_our_door]
title = "Странно у нас"
headline = "а"
steps = [["Сделайте", " это."]]
tell_user = "а"
tell_their_admin = "б"
"""
ENGLISH_DOOR = """
[en.at_our_door]
headline = "a"
steps = [["Do", " this."]]
tell_user = "a"
tell_their_admin = "b"
"""


@pytest.mark.parametrize(
    ("was", "becomes", "complaint"),
    [
        ('side = "us"', 'side = "them"', "side"),
        ('id = "odd"', 'id = "even"', "`id` is 'even'"),
        ('level = "phrase"', 'level = "sure"', "match 1: `level` is 'sure'"),
        ('text = ["odd words"]', "", "match 1: `text` is missing"),
        ('text = ["odd words"]', 'text = ["Odd words"]', "lower case"),
        ('text = ["odd words"]', 'txt = ["odd words"]', "txt"),
        ('level = "phrase"', 'level = "phrase"\nstatus = ["522"]', "`status` '522'"),
        ('level = "phrase"', 'level = "phrase"\nspeaker = "him"', "`speaker` is 'him'"),
        ('level = "phrase"\ntext = ["odd words"]', 'level = "guess"', "match everything"),
        ('"phrase"\ntext = ["odd words"]', '"family"\nfamilies = ["odd"]', "no family 'odd'"),
        ('text = ["odd words"]', 'text = ["odd"]\nfamilies = ["ip"]', "exclude each other"),
        ('title = "Странно"', "", "`ru.title` is missing"),
        ('"Адрес {recipient} странный."', '"Адрес странный."', "`ru.headline`"),
        ('[["Сделайте", " это."]]', "[]", "`en.steps` and `ru.steps`"),
        ('[["Do", " this."]]', '[["Do", " this.", "over"]]', "differ in number or stage"),
        ('[["Do", " this."]]', '[["Do", " this.", "later"]]', "en.steps"),
        ('"б"\n', '"б"\n' + RUSSIAN_DOOR, "`at_our_door` is in one language only"),
        ('"б"\n', '"б"\n' + RUSSIAN_DOOR + ENGLISH_DOOR, "`en.at_our_door.title` is missing"),
        ('urgency = "today"', "", "urgency"),
        ('severity = "soft"', 'severity = "soft', "not TOML"),
    ],
)
def test_mistake_in_a_file_is_named(tmp_path: Path, was: str, becomes: str, complaint: str) -> None:
    assert was in GOOD
    (tmp_path / "odd.toml").write_text(GOOD.replace(was, becomes, 1), "utf-8")
    with pytest.raises(ConfigError, match=r"^odd\.toml: ") as caught:
        read_causes(tmp_path)
    assert complaint in str(caught.value)


def test_good_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "odd.toml").write_text(GOOD, "utf-8")
    assert list(read_causes(tmp_path)) == ["odd"]
