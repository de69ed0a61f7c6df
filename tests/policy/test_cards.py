"""No card says what is untrue for its outcome: every cause, outcome and language is rendered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import pytest

from tracer.causes import catalog, outcome_cards
from tracer.causes.catalog import Text
from tracer.explain import Explanation, Told, explanation
from tracer.model import Outcome

OUTCOMES = (
    Outcome.DEFERRED, Outcome.BOUNCED, Outcome.EXPIRED, Outcome.REJECTED, Outcome.DISCARDED,
    Outcome.QUARANTINED,
)  # fmt: skip
LANGUAGES = ("en", "ru")
# What would be untrue, by outcome.
TRIED_AGAIN = (
    r"\bwaits? in our queue|next (try|tries)|keep trying|we try again|(tried|tries|goes) again by"
    r"|(back|arrives|later) by itself|goes on by|^wait\b|is held up|has not .* yet"
    r"|в нашей очереди(?! его больше нет)|следующ\w* попыт|повтор\w+ попытк\w+ сам"
    r"|попытки повторяются"
    r"|пройдёт само|уйдёт само|подождите|дождитесь|пока не (при|про|дош|поп|пом)"
)
OVER = (
    r"could not be (sent|delivered)|was not (accepted|delivered)|gave up|has been returned"
    r"|no longer in our queue|has to be sent (again|once more)|was refused"
    r"|не доставлено|не удалось доставить|прекратили|нашей очереди его больше нет|вернулось"
)
ABOUT_OURSELVES = (
    r"our (IP|server) (is|[\d.]+ is) on|our (sender address|server's|own address)|keep trying"
    r"|trust in our|we try again|their (rule|filter)|waits in our queue"
    r"|наш (IP|сервер) в чёрном|наш адрес|наш\w* обратн|мы повторим|ждёт в нашей очереди"
    r"|доверяет нашему|\bих (правил|фильтр)"
)
FORBIDDEN = {
    Outcome.DEFERRED: OVER,
    Outcome.BOUNCED: TRIED_AGAIN,
    Outcome.EXPIRED: TRIED_AGAIN,
    Outcome.REJECTED: ABOUT_OURSELVES,
    Outcome.DISCARDED: ABOUT_OURSELVES + "|" + TRIED_AGAIN,
    Outcome.QUARANTINED: ABOUT_OURSELVES,
}


@dataclass(frozen=True)
class Asked:
    """One card to render; `cause` is that of the example, not always that of the card."""

    cause: str
    outcome: Outcome
    lang: str

    def cards(self) -> Iterator[Explanation]:
        """With everything known and with nothing known, for each example."""
        for example in catalog()[self.cause].example:
            held = {"status": example.status, "program": example.program, "reply": example.reply}
            yield explanation(Told(self.outcome, **held), self.lang)
            yield explanation(Told(self.outcome, **held, **KNOWN), self.lang)  # type: ignore[arg-type]


KNOWN = {
    "sender": "orders@corp.example",
    "recipient": "j.berg@northwind.example",
    "subject": "Order {20418}",
    "relay": "mx.northwind.example[192.0.2.53]:25",
    "client": "203.0.113.9",
    "host": "mx1",
    "delay_s": 432_000.0,
    "first_us": 1_795_330_651_000_000,
    "last_us": 1_795_762_651_000_000,
}
EVERY = [Asked(*case) for case in product(catalog(), OUTCOMES, LANGUAGES)]


def sentences(card: Explanation) -> Iterator[str]:
    yield from (card.title, card.headline, card.tell_user, card.tell_their_admin.split("\n")[0])
    yield from (verb + rest for verb, rest in card.steps)


@pytest.mark.parametrize("asked", EVERY, ids=lambda one: f"{one.cause}-{one.outcome}-{one.lang}")
def test_card_is_whole_and_true_for_its_outcome(asked: Asked) -> None:
    forbidden = re.compile(FORBIDDEN[asked.outcome], re.IGNORECASE)
    for card in asked.cards():
        for told in sentences(card):
            assert told.strip()
            ours = re.sub(r"“.*?”|«.*?»", "“…”", told, flags=re.DOTALL)  # without what others said
            assert not re.search(r"[{}]|  |\.\.|None|;\.", ours), told
            assert not forbidden.search(ours), told
        assert len(card.steps) >= 2
        assert card.why and card.acts and card.confidence_word


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("cause", sorted(catalog()))
def test_expired_card_says_that_trying_ended_and_with_what(cause: str, lang: str) -> None:
    ended = {"en": "for 5 days", "ru": "пробовали 5 дней"}[lang]
    reply = catalog()[cause].example[0].reply
    card = explanation(Told(Outcome.EXPIRED, reply, **KNOWN), lang)  # type: ignore[arg-type]
    assert ended in card.headline and ended in card.tell_user
    verb, rest = card.steps[0]
    assert verb in ("No further try is made:", "Больше попыток не будет:")
    assert ended in rest and reply[:40] in rest
    assert card.side != "nobody"


def doors() -> Iterator[tuple[str, str, Text]]:
    for cause, lang in product(catalog().values(), LANGUAGES):
        text = cause.text(lang).at_our_door
        assert text is not None
        yield cause.id, lang, text


@pytest.mark.parametrize(
    ("cause", "lang", "text"), list(doors()), ids=lambda value: str(value)[:20]
)
def test_text_at_our_door_is_about_those_whom_we_refused(cause: str, lang: str, text: Text) -> None:
    """Whether or not a reply leads there: our own filter can say anything."""
    forbidden = re.compile(ABOUT_OURSELVES, re.IGNORECASE)
    held = (text.title, text.headline, text.tell_user, text.tell_user_waiting)
    for told in (*held, text.tell_their_admin, *(step.verb + step.rest for step in text.steps)):
        assert not forbidden.search(told), told
        assert "{server}" not in told and "{ip}" not in told


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("outcome", [outcome for outcome in Outcome if outcome in outcome_cards()])
def test_card_of_an_outcome_is_true_for_it(outcome: Outcome, lang: str) -> None:
    card = explanation(Told(outcome, **KNOWN), lang)  # type: ignore[arg-type]
    gone = outcome in (Outcome.REMOVED, Outcome.DISCARDED, Outcome.SUPPRESSED)
    forbidden = re.compile(TRIED_AGAIN if gone else r"could not be delivered|не доставлено", re.I)
    for told in sentences(card):
        assert not forbidden.search(told), told
