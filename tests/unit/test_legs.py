"""Which hops are legs of one mail, and what the last leg inherits."""

from __future__ import annotations

import pytest

from tests.unit.folding import (
    Said,
    deferred,
    folded,
    identified,
    opened,
    queued,
    removed,
    tried,
)
from tracer.legs import SKEW_US, Placed, Stay, directions, hands_over, join
from tracer.model import SECOND_US

ONE, TWO, THREE = "9AA0000001", "9AA0000002", "5BB0000003"
FILTER = "127.0.0.1[127.0.0.1]:10024"


def stay(*said: Said, queue_id: str = ONE, host: str = "mx1") -> Stay:
    told = folded(*said, queue_id=queue_id, host=host)
    return Stay(told.hop, [Placed(each) for each in told.deliveries])


def sent_on(at: float, queue_id: str, to: str = "anna@corp.example", relay: str = FILTER) -> Said:
    return tried(at, to, reply=f"250 2.0.0 Ok: queued as {queue_id}", relay=relay)


def first_leg(*attempts: Said) -> Stay:
    return stay(opened(), identified(), queued(), *(attempts or (sent_on(1, TWO),)), removed(2))


def second_leg(
    *attempts: Said, at: float = 0.8, queue_id: str = TWO, host: str = "mx1", **said: str
) -> Stay:
    return stay(
        opened(at, "localhost[127.0.0.1]"),
        identified(at + 0.1, said.get("message_id", "m1@shop.example")),
        queued(at + 0.2, said.get("sender", "bob@shop.example")),
        *(attempts or (tried(at + 1),)),
        removed(at + 2),
        queue_id=queue_id,
        host=host,
    )


def joined(before: Stay, after: Stay) -> bool:
    return hands_over(before, after) and join(before, after)


def test_filter_round_trip_is_one_mail() -> None:
    before, after = first_leg(), second_leg()
    assert joined(before, after)
    assert before.placed[0].next_id == after.hop.hop_id
    inherited = after.placed[0].before
    assert after.placed[0].next_id == 0
    assert inherited is not None
    assert (inherited.path, inherited.client) == (f"mx1/{ONE}", "203.0.113.16")
    assert inherited.received_us == before.hop.opened_us


def test_joining_again_changes_nothing() -> None:
    before, after = first_leg(), second_leg()
    assert joined(before, after)
    assert not join(before, after)


def test_three_legs_on_two_hosts_are_one_mail() -> None:
    one = first_leg()
    two = second_leg(sent_on(1.8, THREE, relay="mx2.corp.example[192.0.2.2]:25"))
    three = second_leg(at=1.5, queue_id=THREE, host="mx2")
    assert joined(one, two)
    assert joined(two, three)
    inherited = three.placed[0].before
    assert inherited is not None
    assert inherited.path == f"mx1/{ONE} mx1/{TWO}"
    assert (inherited.client, inherited.received_us) == ("203.0.113.16", one.hop.opened_us)


def test_news_from_the_first_leg_reach_the_last_one() -> None:
    one = first_leg()
    two = second_leg(sent_on(1.8, THREE))
    three = second_leg(at=1.5, queue_id=THREE, host="mx2")
    assert joined(two, three)
    assert joined(one, two)
    assert join(two, three)
    inherited = three.placed[0].before
    assert inherited is not None and inherited.path == f"mx1/{ONE} mx1/{TWO}"


def test_queue_id_that_came_along_is_proof_where_the_reply_names_none() -> None:
    before = first_leg(tried(1, relay=FILTER, reply="250 2.0.0 Ok"))
    after = stay(
        (0.8, "smtpd", f"client=localhost[127.0.0.1], orig_queue_id={ONE}, "
                       "orig_client=mail.shop.example[203.0.113.16]"),
        queued(0.9), tried(2), removed(3), queue_id=TWO,
    )  # fmt: skip
    assert joined(before, after)


def test_requeued_message_goes_on_under_its_new_id() -> None:
    before = stay(opened(), queued(), deferred(1), (5, "postsuper", "requeued"))
    after = stay(
        (25, "pickup", f"uid=105 from=<bob@shop.example> orig_id={ONE}"),
        queued(25.1), tried(26), removed(27), queue_id=TWO,
    )  # fmt: skip
    assert joined(before, after)
    assert before.placed[0].next_id == after.hop.hop_id


@pytest.mark.parametrize("seconds", [-299, -2, 0, 60, 299])
def test_clocks_of_two_hosts_may_differ_by_five_minutes(seconds: float) -> None:
    assert SKEW_US == 300 * SECOND_US
    before = first_leg(sent_on(1, THREE, relay="mx2.corp.example[192.0.2.2]:25"))
    assert joined(before, second_leg(at=seconds, queue_id=THREE, host="mx2"))


@pytest.mark.parametrize("seconds", [-301, -86_400, 303, 86_400])
def test_same_id_at_another_time_is_another_mail(seconds: float) -> None:
    before = first_leg(sent_on(1, THREE))
    assert not hands_over(before, second_leg(at=seconds, queue_id=THREE, host="mx2"))


def test_same_id_with_another_sender_is_another_mail() -> None:
    assert not hands_over(first_leg(), second_leg(sender="eve@partner.example"))


def test_sender_may_differ_in_case() -> None:
    assert hands_over(first_leg(), second_leg(sender="BOB@Shop.Example"))


def test_filter_on_the_same_host_may_change_the_message_id() -> None:
    assert joined(first_leg(), second_leg(message_id="new@mx1.corp.example"))


def test_another_message_id_on_another_host_is_another_mail() -> None:
    other = second_leg(queue_id=THREE, host="mx2", message_id="new@mx2.corp.example")
    assert not hands_over(first_leg(sent_on(1, THREE)), other)


def test_token_of_a_foreign_server_joins_nothing() -> None:
    foreign = first_leg(sent_on(1, "F27E789349", relay="mx.partner.example[192.0.2.25]:25"))
    assert not join(foreign, second_leg())
    assert foreign.placed[0].next_id == 0


def test_mail_is_no_leg_of_itself() -> None:
    before = first_leg(sent_on(1, ONE))
    assert not hands_over(before, before)


def test_only_the_recipients_that_went_there_are_joined() -> None:
    before = first_leg(
        sent_on(1, TWO, "a@x.example"),
        sent_on(1, THREE, "b@x.example"),
        tried(1, "c@x.example", "bounced", "550 5.1.1 no such user", "5.1.1"),
    )
    after = second_leg(tried(2, "a@x.example"), tried(2, "c@x.example"))
    assert joined(before, after)
    assert [bool(placed.next_id) for placed in before.placed] == [True, False, False]
    assert [placed.before is not None for placed in after.placed] == [True, False]


def test_deferred_attempt_hands_nothing_over() -> None:
    assert not join(first_leg(deferred(1)), second_leg())


def test_copy_that_an_alias_makes_is_a_mail_of_its_own() -> None:
    before = first_leg(
        tried(1, program="local", relay="local", reply=f"forwarded as {TWO}"),
    )
    assert before.placed[0].delivery.outcome == "expanded"
    assert not join(before, second_leg())


def test_recipient_rewritten_on_the_way_is_followed_by_its_original() -> None:
    after = second_leg(tried(2, "box7@store.example", original="anna@corp.example"))
    assert joined(first_leg(), after)


def test_original_recipient_of_the_first_leg_is_kept() -> None:
    before = first_leg(
        tried(1, reply=f"250 2.0.0 Ok: queued as {TWO}", original="sales@corp.example")
    )
    after = second_leg()
    assert joined(before, after)
    assert after.placed[0].delivery.original_recipient == "sales@corp.example"


def test_recipients_are_the_same_whatever_their_case() -> None:
    assert joined(first_leg(sent_on(1, TWO, "Anna@Corp.Example")), second_leg())


def test_direction_is_judged_by_who_sent_it_first() -> None:
    box = tried(2, program="virtual", relay="virtual", reply="delivered to maildir")
    before, after = first_leg(), second_leg(box)
    assert list(directions(after)) == ["internal"]
    assert joined(before, after)
    assert list(directions(after)) == ["inbound"]
