"""A reply that no rule can name: it is called unknown, and two likely causes are offered."""

from __future__ import annotations

import pytest

from tests.unit.told import told
from tracer.causes import hear
from tracer.causes.suspects import suspects
from tracer.explain import explanation
from tracer.model import Outcome

UNNAMED = "550 Computer says no"


@pytest.mark.parametrize(
    ("reply", "command", "causes"),
    [
        (UNNAMED, "RCPT", ["recipient_unknown", "recipient_restricted"]),
        (UNNAMED, "MAIL", ["sender_rejected", "ip_blocklisted"]),
        (UNNAMED, "CONNECT", ["ip_blocklisted", "low_reputation"]),
        (UNNAMED, "END-OF-MESSAGE", ["spam_content", "policy_rejected"]),
        ("450 Hm", "RCPT", ["greylisted", "remote_system_error"]),
        ("550 Hm, the sender", "RCPT", ["sender_rejected", "recipient_unknown"]),
        ("Hm", "", ["local_config_error", "host_unreachable"]),
    ],
)
def test_words_come_before_the_stage(reply: str, command: str, causes: list[str]) -> None:
    assert [one.cause for one in suspects(hear(reply, command=command))] == causes


@pytest.mark.parametrize(
    ("lang", "title", "why"),
    [
        ("en", "No such mailbox", "what is refused at RCPT is refused for this most often"),
        ("ru", "Такого ящика нет", "на шаге RCPT чаще всего отказывают по этой причине"),
    ],
)
def test_card_of_an_unknown_reply_offers_the_two_likeliest(lang: str, title: str, why: str) -> None:
    card = explanation(told(Outcome.BOUNCED, UNNAMED, command="RCPT"), lang)
    assert card.cause == "unknown"
    assert [one.cause for one in card.likeliest] == ["recipient_unknown", "recipient_restricted"]
    assert card.likeliest[0].title == title
    assert card.likeliest[0].why == why


def test_who_refused_the_connection_is_not_suspected_of_meaning_a_mailbox() -> None:
    heard = hear("host mx[192.0.2.7] refused to talk to me: 550 Mailbox unavailable")
    assert [one.cause for one in suspects(heard)] == ["ip_blocklisted", "low_reputation"]


def test_named_cause_needs_no_suspects() -> None:
    assert explanation(told(Outcome.BOUNCED, "550 5.1.1 User unknown"), "en").likeliest == ()


@pytest.mark.parametrize(
    ("outcome", "queue_s", "cause"),
    [
        (Outcome.PENDING, 1800, ""),
        (Outcome.PENDING, 20, ""),
        (Outcome.DEFERRED, 1800, "queue_congested"),
        (Outcome.BOUNCED, 1800, "unknown"),
    ],
)
def test_long_wait_in_our_queue_explains_what_no_reply_does(
    outcome: Outcome, queue_s: int, cause: str
) -> None:
    card = explanation(told(outcome, queue_s=queue_s), "en")
    assert card.cause == cause
    if cause == "queue_congested":
        assert card.why == "it waited 30 min in our queue before the first attempt"
        assert (card.severity, card.confidence) == ("soft", "medium")


def test_reply_is_believed_before_the_wait() -> None:
    card = explanation(told(Outcome.DEFERRED, "452 4.2.2 Mailbox full", queue_s=1800), "en")
    assert card.cause == "mailbox_full"
