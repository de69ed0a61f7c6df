"""The provider's id of a message, from the reply of its relay."""

from __future__ import annotations

import pytest

from tracer.relay_ids import of_wire_id, relay_ids

SES = "0100016e4ab7c399-8cbb7d6d-0e4a-4a2f-9b1c-3d2f6a1b2c3d-000000"
UUID = "883953f4-6105-42a2-a16a-77a8eac79483"


@pytest.mark.parametrize(
    ("reply", "known"),
    [
        (f"250 Ok {SES}", SES),
        (f"250 Ok, it is <{SES}@eu-west-1.amazonses.com>", SES),
        (f"250 2.0.0 OK <{UUID}@mtasv.net>", UUID),
        ("250 Ok: queued as <61eec2dc75e2ab5b2a0d4c10@mailersend.net>", "61eec2dc75e2ab5b2a0d4c10"),
        ("250 Ok: queued as 5wukd4NoS6GaNrC3ggB83A", "5wukd4NoS6GaNrC3ggB83A"),
        (f"250 {UUID}", UUID),
        (f"250 2.0.0 {UUID}", UUID),
        ("250 OK ids=d7ef132b5d7711eea8c8000c29c33806", "d7ef132b5d7711eea8c8000c29c33806"),
        ("250 2.0.0 Message queued with id 2d5f11a787.", str(0x2D5F11A787)),
    ],
)
def test_the_id_is_read_from_every_form(reply: str, known: str) -> None:
    assert relay_ids(reply) == (known,)


@pytest.mark.parametrize(
    "reply",
    [
        "250 ok",
        f"250 <{UUID}@mtasv.net.evil.example>",
        f"250 <{UUID}@notmtasv.net>",
        "250 <@mtasv.net>",
        f"250 Thank you, {UUID}",
        "250 OK ids=",
        "250 2.0.0 Message queued with id unknown",
    ],
)
def test_what_is_none_gives_none(reply: str) -> None:
    assert relay_ids(reply) == ()


@pytest.mark.parametrize(
    ("message_id", "known"),
    [
        (f"{SES}@eu-west-1.amazonses.com", SES),
        (f"{SES}@email.amazonses.com", SES),
        (f"{UUID}@mtasv.net", UUID),
        ("61eec2dc75e2ab5b2a0d4c10@mailersend.net", "61eec2dc75e2ab5b2a0d4c10"),
        ("offer@corp.example", ""),
        (f"{UUID}@notmtasv.net", ""),
        ("mtasv.net", ""),
        ("", ""),
    ],
)
def test_the_id_is_read_from_a_message_id_that_a_provider_made(message_id: str, known: str) -> None:
    assert of_wire_id(message_id) == known
