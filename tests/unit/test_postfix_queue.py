"""What qmgr, pickup, postsuper and bounce say becomes events."""

from __future__ import annotations

import pytest

from tests.unit.postfix_lines import said
from tracer.model import EventKind, Outcome


def test_qmgr_tells_sender_size_and_recipients() -> None:
    assert said(
        "postfix/qmgr", "4jXT3j4GS0zR8: from=<bob@shop.example>, size=3670, nrcpt=2 (queue active)"
    ) == {
        "kind": EventKind.QUEUED,
        "queue_id": "4jXT3j4GS0zR8",
        "sender": "bob@shop.example",
        "size": 3670,
        "recipient_count": 2,
    }


def test_null_sender_is_written_as_brackets() -> None:
    event = said("postfix/nqmgr", "8C2A1F0D3: from=<>, size=2100, nrcpt=1 (queue active)")
    assert event["sender"] == "<>"


@pytest.mark.parametrize("word", ["expired", "force-expired"])
def test_expired_message_names_no_recipient(word: str) -> None:
    assert said(
        "postfix/qmgr", f"8C2A1F0D3: from=<bob@shop.example>, status={word}, returned to sender"
    ) == {
        "kind": EventKind.EXPIRED,
        "queue_id": "8C2A1F0D3",
        "sender": "bob@shop.example",
        "outcome": Outcome.EXPIRED,
    }


@pytest.mark.parametrize(
    ("program", "text", "kind", "outcome"),
    [
        ("postfix/qmgr", "removed", EventKind.REMOVED, None),
        ("postfix/postsuper", "removed", EventKind.REMOVED, Outcome.REMOVED),
        ("postfix/postsuper", "requeued", EventKind.REMOVED, None),
        ("postfix/postsuper", "placed on hold", EventKind.HELD, None),
        ("postfix/postsuper", "released from hold", EventKind.RELEASED, None),
        ("postfix/qmgr", "skipped, still being delivered", EventKind.UNKNOWN, None),
    ],
)
def test_the_end_of_a_stay_and_the_hand_of_an_administrator(
    program: str, text: str, kind: EventKind, outcome: Outcome | None
) -> None:
    event = said(program, f"8C2A1F0D3: {text}")
    assert (event["kind"], event.get("outcome")) == (kind, outcome)


def test_pickup_tells_the_local_user_and_the_former_queue_id() -> None:
    assert said("postfix/pickup", "94D3C762A0C: uid=105 from=<anna> orig_id=A89EB7629C3") == {
        "kind": EventKind.RECEIVED,
        "queue_id": "94D3C762A0C",
        "sender": "anna",
        "client_name": "local uid 105",
        "from_queue_ids": ("A89EB7629C3",),
    }
    assert said("postfix/pickup", "94D3C762A0C: uid=0 from=<root>")["sender"] == "root"


@pytest.mark.parametrize(
    "kind",
    [
        "sender non-delivery",
        "sender delay",
        "sender delivery status",
        "postmaster non-delivery",
    ],
)
def test_notice_is_tied_to_its_queue_id(kind: str) -> None:
    assert said("postfix/bounce", f"C7B4530001DA: {kind} notification: 1310930001DB") == {
        "kind": EventKind.NOTIFIED,
        "queue_id": "C7B4530001DA",
        "reply": f"{kind} notification",
        "next_queue_ids": ("1310930001DB",),
    }
