"""What became of each recipient of one stay."""

from __future__ import annotations

import pytest

from tests.unit.folding import (
    NOON_US,
    Said,
    deferred,
    delivery,
    folded,
    identified,
    opened,
    queued,
    removed,
    tried,
)
from tracer.model import Delivery, Outcome

BOX = "mx1.corp.example[private/dovecot-lmtp]"
NO_SUCH_USER = (
    "host mx.corp.example[192.0.2.25] said: 550 5.1.1 <anna@corp.example>: User unknown (in reply "
    "to RCPT TO command)"
)
HEAD = (opened(), identified(), queued())
BY_HAND = (5, "postsuper", "removed")
HOLD = (3, "postsuper", "placed on hold")
RELEASE = (4, "postsuper", "released from hold")
GIVEN_UP = (6, "qmgr", "from=<bob@shop.example>, status=expired, returned to sender")


def refused(at: float, to: str, code: str = "450 4.2.0") -> Said:
    return (
        at,
        "smtpd",
        f"reject: RCPT from mail.shop.example[203.0.113.16]: {code} <{to}>: Recipient address "
        f"rejected: Greylisted; from=<bob@shop.example> to=<{to}> proto=ESMTP helo=<shop>",
    )


def outcomes(*said: Said) -> dict[str, str]:
    return {each.recipient: each.outcome.value for each in folded(*said).deliveries}


@pytest.mark.parametrize(
    ("last", "outcome"),
    [
        (tried(program="lmtp", relay=BOX, reply="250 2.0.0 <anna> Saved"), "delivered"),
        (tried(program="virtual", relay="virtual", reply="delivered to maildir"), "delivered"),
        (tried(program="local", relay="local", reply="delivered to mailbox"), "delivered"),
        (tried(reply="250 2.0.0 Ok: queued as F27E789349"), "relayed"),
        (tried(program="local", relay="local", reply="forwarded as 5BB0000001"), "expanded"),
        (tried(status="bounced", dsn="5.1.1", reply=NO_SUCH_USER), "bounced"),
        (deferred(), "deferred"),
        (tried(program="discard", relay="none", reply="discarded by rule"), "discarded"),
    ],
)
def test_attempt_decides_the_outcome(last: Said, outcome: str) -> None:
    assert delivery(*HEAD, last).outcome == outcome


def test_end_of_the_stay_leaves_a_final_outcome_as_it_is() -> None:
    assert delivery(*HEAD, tried(), removed()).outcome == "relayed"


def test_delivery_holds_what_its_last_attempt_says() -> None:
    told = delivery(*HEAD, deferred(60), tried(120, reply="250 2.0.0 Ok: queued as F27E789349"))
    assert told.outcome is Outcome.RELAYED
    assert (told.attempts, told.status, told.delay_s) == (2, "2.0.0", 1.0)
    assert (told.first_us, told.last_us) == (NOON_US + 60_000_000, NOON_US + 120_000_000)
    assert told.reply == "250 2.0.0 Ok: queued as F27E789349"
    assert told.relay == "mx.corp.example[192.0.2.25]:25"
    assert (told.program, told.next_queue_ids, told.cause) == ("smtp", ("F27E789349",), "")


def test_bounce_names_its_cause_and_command() -> None:
    told = delivery(*HEAD, tried(status="bounced", dsn="5.1.1", reply=NO_SUCH_USER))
    assert (told.cause, told.command) == ("recipient_unknown", "RCPT")


def test_recipients_stand_in_order_of_appearance() -> None:
    told = folded(*HEAD, tried(3, "c@x.example"), tried(1, "b@x.example"), tried(2, "a@x.example"))
    assert [each.recipient for each in told.deliveries] == [
        "b@x.example", "a@x.example", "c@x.example",
    ]  # fmt: skip


def test_each_recipient_fares_by_itself() -> None:
    assert outcomes(
        *HEAD,
        tried(1, "a@x.example", "bounced", NO_SUCH_USER, "5.1.1"),
        tried(1, "b@x.example"),
        deferred(1, "c@x.example"),
    ) == {"a@x.example": "bounced", "b@x.example": "relayed", "c@x.example": "deferred"}


def test_one_mailbox_by_two_aliases_is_two_deliveries() -> None:
    told = folded(*HEAD, tried(1, original="sales@x.example"), tried(2, original="info@x.example"))
    assert [(each.recipient, each.original_recipient) for each in told.deliveries] == [
        ("anna@corp.example", "sales@x.example"), ("anna@corp.example", "info@x.example"),
    ]  # fmt: skip


def test_final_word_in_the_same_second_outlasts_a_deferral() -> None:
    for order in ((deferred(1), tried(1)), (tried(1), deferred(1))):
        told = delivery(*HEAD, *order)
        assert (told.outcome, told.attempts) == ("relayed", 2)


def test_deferral_after_a_final_word_is_news() -> None:
    assert delivery(*HEAD, tried(1), deferred(90)).outcome == "deferred"


def test_repeated_message_counts_as_so_many_attempts() -> None:
    again = (2, "smtp", deferred()[2])
    assert delivery(*HEAD, deferred(1), again, deferred(3)).attempts == 3


# Given up


def test_message_given_up_expires_all_that_still_wait() -> None:
    told = folded(
        *HEAD, deferred(1, "a@x.example"), tried(1, "b@x.example"), GIVEN_UP, removed(7)
    ).deliveries
    assert [(each.recipient, each.outcome.value) for each in told] == [
        ("a@x.example", "expired"), ("b@x.example", "relayed"),
    ]  # fmt: skip
    assert "Mailbox full" in told[0].reply
    assert told[0].cause == "mailbox_full"


def test_message_given_up_without_any_attempt_seen_has_one_nameless_recipient() -> None:
    told = delivery(queued(), GIVEN_UP, removed(7))
    assert (told.recipient, told.outcome, told.attempts) == ("", "expired", 0)


# Taken out of the queue by hand


def test_message_deleted_by_hand_is_removed() -> None:
    told = delivery(*HEAD, deferred(), BY_HAND)
    assert (told.outcome, told.cause) == ("removed", "")


def test_message_deleted_before_its_first_attempt_is_removed() -> None:
    told = delivery(*HEAD, BY_HAND)
    assert (told.recipient, told.outcome) == ("", "removed")


def test_recipient_served_before_the_deletion_keeps_its_outcome() -> None:
    said = (*HEAD, tried(1, "a@x.example"), deferred(1, "b@x.example"), BY_HAND)
    assert outcomes(*said) == {"a@x.example": "relayed", "b@x.example": "removed"}


def test_attempt_that_was_under_way_outlasts_the_deletion() -> None:
    assert delivery(*HEAD, deferred(1), BY_HAND, tried(7)).outcome == "relayed"


def test_message_that_left_the_queue_untold_has_an_unknown_end() -> None:
    assert delivery(*HEAD, deferred(1), removed(9)).outcome == "unknown"


# Held


def test_held_message_is_quarantined_until_it_is_released() -> None:
    assert delivery(*HEAD, deferred(1), HOLD).outcome == "quarantined"
    assert delivery(*HEAD, deferred(1), HOLD, RELEASE).outcome == "pending"
    assert delivery(*HEAD, deferred(1), HOLD, RELEASE, tried(9)).outcome == "relayed"


def test_message_held_and_then_deleted_is_removed() -> None:
    assert delivery(*HEAD, deferred(1), HOLD, BY_HAND).outcome == "removed"


def test_holding_does_not_touch_who_has_it_already() -> None:
    said = (*HEAD, tried(1, "a@x.example"), deferred(1, "b@x.example"), HOLD)
    assert outcomes(*said) == {"a@x.example": "relayed", "b@x.example": "quarantined"}


def test_message_held_at_arrival_waits_for_a_person() -> None:
    hold = (
        0.15,
        "cleanup",
        "hold: header Subject: Free from mail.shop.example[203.0.113.16]; from=<bob@shop.example> "
        "to=<anna@corp.example> proto=ESMTP helo=<shop>: by rule",
    )
    told = delivery(opened(), identified(), hold, queued(0.2))
    assert (told.recipient, told.outcome) == ("anna@corp.example", "quarantined")


# Refused


def test_recipient_refused_beside_an_accepted_one_is_rejected() -> None:
    said = (opened(), refused(0.1, "x@corp.example", "550 5.1.1"), identified(0.2), queued(0.3))
    assert outcomes(*said, tried(1)) == {
        "x@corp.example": "rejected", "anna@corp.example": "relayed",
    }  # fmt: skip


def test_recipient_refused_and_then_accepted_is_delivered_once() -> None:
    told = delivery(opened(), refused(0.1, "anna@corp.example"), queued(0.3), tried(1))
    assert told.outcome == "relayed"


def test_recipient_refused_again_and_again_is_one_row() -> None:
    told = delivery(opened(), *(refused(at, "anna@corp.example") for at in (1, 2, 3)))
    assert (told.outcome, told.attempts, told.program) == ("rejected", 3, "smtpd")


# Without a name


def test_message_in_the_queue_with_no_attempt_yet_is_pending() -> None:
    told = delivery(*HEAD)
    assert (told.recipient, told.outcome, told.delay_s) == ("", "pending", None)


def test_recipients_whom_nobody_has_tried_stand_as_one_without_a_name() -> None:
    anna = tried(reply="250 2.0.0 Ok: queued as F27E789349")
    rest = folded(opened(), identified(), queued(n=3), anna).deliveries[1]
    assert (rest.recipient, rest.outcome, rest.attempts) == ("", Outcome.PENDING, 0)
    assert (rest.reply, rest.relay, rest.next_queue_ids, rest.last_us) == (
        "",
        "",
        (),
        NOON_US + 200_000,
    )


def test_recipients_refused_at_the_door_are_none_of_those_in_the_queue() -> None:
    told = outcomes(opened(), refused(0.05, "eva@corp.example"), identified(), queued())
    assert told == {"eva@corp.example": "rejected", "": "pending"}


@pytest.mark.parametrize(
    "said",
    [
        (opened(), identified(), queued(n=2), tried(), removed()),  # one address, written twice
        (queued(n=2), deferred(60)),  # the other may have it since before the log begins
        (opened(), identified(), queued(n=2), deferred(), tried(2, "bob@corp.example")),
    ],
)
def test_no_recipient_is_made_up_where_the_log_may_have_told_of_all(said: tuple[Said, ...]) -> None:
    assert "" not in outcomes(*said)


def test_recipients_not_tried_share_what_befalls_their_message() -> None:
    begun = (opened(), identified(), queued(n=2), tried())
    assert outcomes(*begun, HOLD)[""] == "quarantined"
    assert outcomes(*begun, BY_HAND)[""] == "removed"


def test_deleted_mail_is_told_of_those_not_tried_beside_those_refused_at_the_door() -> None:
    begun = (opened(), refused(0.05, "eva@corp.example"), identified(), queued())
    assert outcomes(*begun, BY_HAND) == {"eva@corp.example": "rejected", "": "removed"}


def test_client_that_left_before_the_end_of_its_message_leaves_no_delivery() -> None:
    assert folded(opened()).deliveries == ()
    assert folded(opened(), identified()).deliveries == ()


SUBJECT = (
    0.15,
    "cleanup",
    "info: header Subject: Hello from mail.shop.example[203.0.113.16]; from=<bob@shop.example> "
    "to=<anna@corp.example> proto=ESMTP helo=<shop>",
)


def test_name_that_only_a_header_check_knows_is_taken() -> None:
    told = delivery(opened(), SUBJECT, queued())
    assert (told.recipient, told.outcome) == ("anna@corp.example", "pending")


def test_recipient_not_tried_yet_has_nothing_of_what_others_were_told() -> None:
    carl = tried(1, "carl@corp.example", reply="250 2.0.0 Ok: queued as F27E789349")
    anna = folded(opened(), SUBJECT, queued(n=2), carl).deliveries[1]
    assert (anna.recipient, anna.outcome) == ("anna@corp.example", "pending")
    assert (anna.reply, anna.relay, anna.status, anna.next_queue_ids) == ("", "", "", ())


def test_nameless_recipient_goes_when_the_name_comes() -> None:
    assert outcomes(*HEAD, tried()) == {"anna@corp.example": "relayed"}


def test_probe_of_an_address_is_no_mail() -> None:
    probe = "double-bounce@mx1.corp.example"
    undelivered = tried(1, status="undeliverable", reply=NO_SUCH_USER, dsn="5.1.1")
    assert folded(queued(sender=probe), undelivered, removed()).deliveries == ()


def test_asking_about_an_address_by_hand_is_no_mail() -> None:
    undeliverable = tried(1, status="undeliverable", reply='unknown user: "anna"', dsn="5.1.1")
    assert folded(opened(), identified(), queued(), undeliverable, removed()).deliveries == ()


def test_message_dropped_by_a_header_check_is_discarded() -> None:
    discard = (
        0.15,
        "cleanup",
        "discard: header Subject: Casino from mail.shop.example[203.0.113.16]; "
        "from=<bob@shop.example> to=<anna@corp.example> proto=ESMTP helo=<shop>: by rule",
    )
    told = delivery(opened(), identified(), discard)
    assert (told.recipient, told.outcome) == ("anna@corp.example", "discarded")


def test_message_put_back_into_the_queue_says_which_id_it_had() -> None:
    again = (25, "pickup", "uid=105 from=<bob@shop.example> orig_id=9AA0000001")
    told = folded(again, queued(25.1), queue_id="9AA0000002")
    assert told.hop.from_queue_ids == ("9AA0000001",)
    assert [each.outcome for each in told.deliveries] == ["pending"]


def test_every_delivery_with_a_trouble_has_a_cause() -> None:
    troubles: list[Delivery] = [
        delivery(*HEAD, deferred()),
        delivery(*HEAD, tried(status="bounced", dsn="5.0.0", reply="words of nobody")),
        delivery(queued(), GIVEN_UP),
        delivery(opened(), refused(1, "anna@corp.example")),
    ]
    assert all(each.cause for each in troubles)
