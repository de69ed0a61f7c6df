"""Writing cards: what people read about a delivery, in both languages."""

from __future__ import annotations

import pytest
from msgspec import structs

from tests.unit.told import told
from tracer.causes import Side, catalog
from tracer.explain import Explanation, Told, explanation
from tracer.model import Outcome


def test_silence_is_honestly_unknown() -> None:
    card = explanation(told(Outcome.BOUNCED, "550 Computer says no"), "en")
    assert (card.cause, card.confidence, card.marks) == ("unknown", "none", ())
    assert card.steps and card.tell_user


BLOCKED = (
    "host mx.northwind.example[192.0.2.53] said: 550 5.7.1 Unfortunately, messages from "
    "[198.51.100.7] weren't sent. Please contact your Internet service provider since part of "
    "their network is on our block list (S3150). (in reply to MAIL FROM command)"
)


def test_card_names_names_and_quotes_the_deciding_words() -> None:
    card = explanation(told(Outcome.BOUNCED, BLOCKED), "en")
    assert card.cause == "ip_blocklisted"
    assert card.headline == (
        "mx.northwind.example refused this message: "
        "our server 198.51.100.7 is on a block list (S3150)."
    )
    assert (card.side, card.acts, card.urgency) == ("us", "We do, now", "now")
    assert (card.confidence, card.confidence_word, card.severity) == ("high", "High", "hard")
    assert [BLOCKED[start:end] for start, end in card.marks] == ["(S3150)"]
    assert card.why == "provider code (S3150)"
    assert card.facets == {"ip": "198.51.100.7", "list": "S3150", "token": "S3150"}


def test_card_in_russian_has_the_same_facts() -> None:
    english, russian = (explanation(told(Outcome.BOUNCED, BLOCKED), lang) for lang in ("en", "ru"))
    for name in (
        "cause",
        "side",
        "urgency",
        "severity",
        "confidence",
        "marks",
        "facets",
        "reference",
    ):
        assert getattr(english, name) == getattr(russian, name)
    assert "198.51.100.7" in russian.headline and "«Order 20418»" in russian.tell_user
    assert russian.acts == "Мы, сейчас"


@pytest.mark.parametrize(
    ("lang", "first"),
    [("en", "Look at the message that it is about:"), ("ru", "Посмотрите письмо")],
)
def test_notice_that_failed_has_no_author_to_answer(lang: str, first: str) -> None:
    unknown = told(Outcome.BOUNCED, "550 5.1.1 User unknown")
    mail, notice = (
        explanation(structs.replace(unknown, sender=sender), lang)
        for sender in ("bob@shop.example", "<>")
    )
    assert (mail.side, notice.side, notice.urgency) == ("sender", "nobody", "none")
    assert mail.tell_user and not notice.tell_user
    assert notice.steps[0][0].startswith(first)
    assert notice.steps[1:] == mail.steps
    assert (notice.cause, notice.severity) == (mail.cause, mail.severity)


def test_notice_that_our_block_list_entry_stops_is_still_our_work() -> None:
    card = explanation(structs.replace(told(Outcome.BOUNCED, BLOCKED), sender="<>"), "en")
    assert (card.side, card.urgency) == ("us", "now")


def test_folded_reply_is_marked_across_the_fold() -> None:
    reply = "550-5.1.1 The email account that you tried to reach does not 550 5.1.1 exist. gsmtp"
    card = explanation(told(Outcome.BOUNCED, reply), "en")
    (start, end), *_ = card.marks
    assert reply[start:end].endswith("does not 550 5.1.1 exist")


def test_temporary_refusal_is_put_off_not_refused() -> None:
    reply = "host mx.northwind.example[192.0.2.53] said: 450 4.7.25 cannot find your hostname"
    card = explanation(told(Outcome.DEFERRED, reply), "en")
    assert card.severity == "soft"
    assert "put off this message" in card.headline


def test_text_for_their_admin_carries_what_their_log_is_searched_by() -> None:
    text = explanation(told(Outcome.BOUNCED, BLOCKED), "en").tell_their_admin
    for fact in (
        "mx1 [198.51.100.7]",
        "2026-11-22 06:57:31 UTC",
        "orders@corp.example",
        "<20418.5b1e@corp.example>",
        "S3150",
    ):
        assert fact in text


@pytest.mark.parametrize("lang", ["en", "ru"])
@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_outcome_has_a_card(outcome: Outcome, lang: str) -> None:
    for delivery in (Told(outcome), told(outcome, "250 2.0.0 Ok: queued as 4cXm9F3kQz")):
        card = explanation(delivery, lang)
        assert complete(card)
        assert "{" not in card.headline + card.tell_user + card.tell_their_admin


@pytest.mark.parametrize("lang", ["en", "ru"])
@pytest.mark.parametrize("cause", sorted(catalog()))
def test_every_cause_has_a_card_even_without_names(cause: str, lang: str) -> None:
    for example in catalog()[cause].example:
        outcome = Outcome(example.outcome) if example.outcome else Outcome.BOUNCED
        card = explanation(
            Told(outcome, example.reply, example.status, program=example.program), lang
        )
        assert card.cause == cause
        assert complete(card)
        assert "  " not in card.headline + card.tell_user


def complete(card: Explanation) -> bool:
    """Whether nothing that people read is missing."""
    texts = (card.title, card.headline, card.acts, card.confidence_word, card.why, card.tell_user)
    steps = all(verb and rest for verb, rest in card.steps)
    return all(texts) and len(card.steps) >= 2 and steps and card.side in set(Side)


@pytest.mark.parametrize(
    ("lang", "span", "look"), [("en", "46 hours", "See whether"), ("ru", "46 часов", "Проверьте")]
)
def test_mail_that_waits_long_without_an_attempt_is_our_work(
    lang: str, span: str, look: str
) -> None:
    waiting = structs.replace(told(Outcome.PENDING, ""), attempts=0)
    soon, late = (
        explanation(structs.replace(waiting, queue_s=seconds), lang)
        for seconds in (60.0, 165_600.0)
    )
    assert (soon.side, soon.urgency) == ("nobody", "none") and span not in soon.headline
    assert (late.side, late.urgency, late.severity) == ("us", "now", "soft")
    assert span in late.headline and late.steps[0][0].startswith(look)
    assert (late.cause, late.confidence) == ("", "medium")
    assert late.why != soon.why


def test_handed_over_says_that_our_part_is_done() -> None:
    reply = "250 2.0.0 Ok: queued as 4cXm9F3kQz"
    card = explanation(told(Outcome.RELAYED, reply), "en")
    assert card.headline == (
        "Our part is done: mx.northwind.example accepted the message as 4cXm9F3kQz."
    )
    assert (card.cause, card.side, card.severity) == ("", "nobody", "none")
    assert [reply[start:end] for start, end in card.marks] == ["4cXm9F3kQz"]
    assert "Your id  4cXm9F3kQz" in card.tell_their_admin


def test_waiting_is_nobodys_work() -> None:
    reply = "host mx.a.example[192.0.2.1] said: 450 4.2.0 Greylisted for 5 minutes"
    card = explanation(told(Outcome.DEFERRED, reply), "en")
    assert card.acts == "Nobody: it is tried again by itself"
    assert card.facets == {"retry_after_s": "300"}
    assert "try again in 5 min (greylisting)" in card.headline


def test_refusal_at_our_door_speaks_to_the_one_who_waits_for_the_mail() -> None:
    reply = "550 5.1.1 <j.berg@northwind.example>: Recipient address rejected: User unknown"
    card = explanation(told(Outcome.REJECTED, reply, program="postfix/smtpd"), "en")
    assert card.cause == "recipient_unknown"
    assert card.headline.startswith("Our server refused a message to j.berg@northwind.example")


def test_verdict_of_our_own_filter_is_told_as_ours() -> None:
    reply = "host 127.0.0.1[127.0.0.1] said: 554 5.7.0 Reject, id=31407-12 - spam"
    card = explanation(told(Outcome.BOUNCED, reply, relay="127.0.0.1[127.0.0.1]:10024"), "en")
    assert card.cause == "spam_content"
    assert card.headline.startswith("Our filter")


def test_size_limit_is_told_as_people_say_it() -> None:
    reply = "message size 41943040 exceeds size limit 26214400 of server mx.a.example[192.0.2.1]"
    assert "25 MB" in explanation(told(Outcome.BOUNCED, reply), "en").headline
    assert "25 МБ" in explanation(told(Outcome.BOUNCED, reply), "ru").headline


def test_language_that_we_do_not_have_is_answered_in_english() -> None:
    assert explanation(told(Outcome.PENDING), "de") == explanation(told(Outcome.PENDING), "en")


@pytest.mark.parametrize(
    "outcome", [Outcome.REJECTED, Outcome.DISCARDED, Outcome.QUARANTINED, Outcome.SUPPRESSED]
)
def test_own_rule_says_what_it_did(outcome: Outcome) -> None:
    card = explanation(told(outcome, "by rule 7"), "en")
    assert (card.cause, card.facets) == ("local_policy", {"variant": outcome.value})
    assert (card.confidence, card.why) == ("high", "the log says so itself")
    verbs = {"rejected": "refused", "discarded": "dropped", "suppressed": "not tried"}
    assert verbs.get(outcome, "kept back") in card.headline


def test_virus_in_quarantine_is_told_as_our_own_finding() -> None:
    card = explanation(told(Outcome.QUARANTINED, "infected: Eicar-Signature"), "en")
    assert card.cause == "malware"
    assert card.headline.startswith("Our server stopped a message from orders@corp.example")
