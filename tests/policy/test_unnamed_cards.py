"""Cards read well whatever is known: every cause, text and language, with and without names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product

import pytest

from tracer.causes import Cause, Text, catalog, outcome_cards
from tracer.causes.words import Manner, fill, names
from tracer.explain import Told, explanation
from tracer.model import BACKSCATTER, Outcome

LANGUAGES = ("en", "ru")
NAMED = {
    "recipient": "j.berg@northwind.example",
    "sender": "orders@corp.example",
    "domain": "northwind.example",
    "sender_domain": "corp.example",
    "server": "mx.northwind.example",
    "client": "203.0.113.9",
    "subject": "Order 7",
    "ip": "192.0.2.1",
    "list": "zen.example",
    "limit": "25 MB",
    "retry": "5 min",
    "next_id": "4cXk2R1wPzz5Y",
    "method": "DMARC",
    "new_address": "jan@northwind.example",
    "rule": "milter",
}
KNOWN = {
    "nothing": (),
    "recipient": ("recipient", "domain"),
    "domain": ("domain",),
    "everything": tuple(NAMED),
}
# A noun that explains another noun, a word said twice, an empty pair of marks, a loose end.
WRONG = {
    "en": r"\b(the|a|an|our|your|its|no) (the|a|an|our|your|its)\b"
    r"|\b(address|mailbox|domain|server) (the|SPF, DKIM or DMARC)\b"
    r"|domain the recipient|\b(\w+) \3\b",
    "ru": r"\b(ваш|наш) (ящик|домен) (получателя|отправителя)\b"
    r"|отправителя:? отправителя|получателя получателя|\b(\w+) \4\b",
}
LOOSE = r"[{}]|“”|«»|\( *\)|  | [.,:;](?![\w”»])|,,|\.\.|\bNone\b"


def texts(text: Text) -> Iterator[str]:
    yield from (text.headline, text.headline_waiting, text.tell_user, text.tell_user_waiting)
    yield from (text.tell_their_admin, *(step.verb + step.rest for step in text.steps))
    if text.at_our_door:
        yield from texts(text.at_our_door)


@pytest.mark.parametrize("known", KNOWN)
@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(
    "cause", [*catalog().values(), *outcome_cards().values()], ids=lambda one: one.id
)
def test_sentences_read_well_whatever_is_known(cause: Cause, lang: str, known: str) -> None:
    found = {name: NAMED[name] for name in KNOWN[known]}
    for manner in Manner:
        values = names(lang, found, manner)
        for template in filter(None, texts(cause.text(lang))):
            told = fill(template, values)
            assert not re.search(WRONG[lang], told, re.IGNORECASE), told
            assert not re.search(LOOSE, told), told
            assert told[0].isupper() or told.startswith(tuple(NAMED.values())), told


@pytest.mark.parametrize(
    ("lang", "headline"),
    [("en", "The recipient's domain has no such mailbox."),
     ("ru", "В домене получателя нет такого ящика.")],
)  # fmt: skip
def test_headline_without_names_is_a_sentence(lang: str, headline: str) -> None:
    card = explanation(Told(Outcome.BOUNCED, "550 5.1.1 User unknown"), lang)
    assert card.headline == headline


@pytest.mark.parametrize("lang", LANGUAGES)
def test_recipient_that_is_only_a_domain_is_not_called_a_mailbox(lang: str) -> None:
    told = Told(Outcome.BOUNCED, "550 5.1.1 User unknown", recipient="northwind.example")
    headline = explanation(told, lang).headline
    assert headline.count("northwind.example") == 1
    assert "mailbox northwind" not in headline and "адресом northwind" not in headline


def test_recipient_without_a_domain_is_a_mailbox() -> None:
    told = Told(Outcome.BOUNCED, "550 5.1.1 User unknown", recipient="root")
    assert explanation(told, "en").headline == "The recipient's domain has no mailbox root."


@pytest.mark.parametrize(("outcome", "lang"), list(product(("unknown", "bounced"), LANGUAGES)))
def test_stray_notice_has_a_card_that_says_that_nothing_failed(outcome: str, lang: str) -> None:
    told = Told(
        Outcome(outcome), BACKSCATTER, program="dsn", recipient="kim@partner.example",
        sender="forged@corp.example", host="mx.partner.example/notice",
    )  # fmt: skip
    card = explanation(told, lang)
    if outcome == "bounced":  # the words alone make no stray notice
        assert card.cause == "unknown"
        return
    found = (card.cause, card.side, card.severity, card.confidence)
    assert found == ("", "nobody", "none", "medium")
    assert card.likeliest == () and len(card.steps) == 3
    assert ("no mail of ours failed" if lang == "en" else "ничего не пропало") in card.headline
    assert "kim@partner.example" in card.headline
    assert "/notice" not in card.tell_their_admin
    assert "stray notice" not in card.tell_their_admin


@pytest.mark.parametrize("cause", [*catalog().values()], ids=lambda one: one.id)
def test_deciding_words_are_quoted_as_the_reply_has_them(cause: Cause) -> None:
    """Rules hear "#ip" and "@" in the place of networks and addresses; people never read that."""
    for example in cause.example:
        told = Told(
            Outcome(example.outcome or "bounced"), example.reply, example.status,
            example.command, program=example.program,
        )  # fmt: skip
        why = explanation(told, "en").why
        assert not re.search(r"#ip\b|(?<!\S)@(?!\S)", why), why


@pytest.mark.parametrize("address", ["192.0.2.10", "2001:db8::a"])
def test_words_around_a_network_address_are_marked(address: str) -> None:
    reply = f"554 5.7.1 Client host [{address}] blocked using bl.example"
    card = explanation(Told(Outcome.BOUNCED, reply), "en")
    assert address in "".join(reply[start:end] for start, end in card.marks)
