"""When a request is whole enough for a thread."""

from __future__ import annotations

import pytest

from webui.patient import LONGEST_HEAD, PEEKED_OCTETS, has_head, is_whole

HEAD = b"POST /hooks/a/b HTTP/1.1\r\nHost: x\r\n"


@pytest.mark.parametrize(
    "came",
    [
        HEAD + b"\r\n",
        HEAD + b"Content-Length: 3\r\n\r\nabc",
        HEAD + b"content-length:3\r\n\r\nabcd",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
        HEAD + b"Content-Length: 999999\r\n\r\n" + b"x" * PEEKED_OCTETS,
        b"x" * LONGEST_HEAD,
    ],
)
def test_a_whole_request_goes_to_a_thread(came: bytes) -> None:
    assert is_whole(came) and has_head(came)


@pytest.mark.parametrize(
    "came",
    [
        b"",
        b"P",
        HEAD,
        HEAD + b"Content-Length: 3\r\n\r\nab",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n",
    ],
)
def test_a_part_of_a_request_waits(came: bytes) -> None:
    assert not is_whole(came)
