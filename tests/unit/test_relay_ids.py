"""The provider's id of a message, from the reply of its relay."""

from __future__ import annotations

import pytest

from tracer.relay_ids import relay_ids

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
    ],
)
def test_what_is_none_gives_none(reply: str) -> None:
    assert relay_ids(reply) == ()
