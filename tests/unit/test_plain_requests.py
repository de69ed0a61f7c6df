"""Which requests the lane of webhooks reads itself; everything doubtful is left to gunicorn."""

from __future__ import annotations

import pytest

from webui.plain_requests import MOST_HEADERS, plain_post

LINE = "POST /hooks/a/b HTTP/1.1"
HOST, LENGTH = "Host: x", "Content-Length: 2"


def raw(*lines: str, body: bytes = b"{}") -> bytes:
    return "\r\n".join((*lines, "", "")).encode("latin-1") + body


def test_a_plain_post_is_read_whole() -> None:
    post = plain_post(
        raw("POST /hooks/a/b-1_c?x=1&y=%20 HTTP/1.1", HOST, LENGTH, "X-Signature:  a=b ")
    )
    assert post is not None
    assert (post.path, post.query, post.body) == ("/hooks/a/b-1_c", "x=1&y=%20", b"{}")
    assert post.headers == {"host": "x", "content-length": "2", "x-signature": "a=b"}


@pytest.mark.parametrize(
    ("version", "connection", "is_last"),
    [
        ("1.1", "", False),
        ("1.1", "Connection: Keep-Alive", False),
        ("1.1", "Connection: close", True),
        ("1.0", "", True),
        ("1.0", "Connection: keep-alive", False),
    ],
)
def test_whether_the_connection_goes_on_is_the_senders_word(
    version: str, connection: str, is_last: bool
) -> None:
    more = (connection,) if connection else ()
    post = plain_post(raw(f"POST /hooks/a/b HTTP/{version}", HOST, LENGTH, *more))
    assert post is not None and post.is_last is is_last


@pytest.mark.parametrize(
    "came",
    [
        raw(LINE, HOST, LENGTH, body=b"{"),
        raw(LINE, HOST, LENGTH, body=b"{}POST /hooks/a/b HTTP/1.1\r\n"),
        raw(LINE, HOST),
        raw(LINE, LENGTH),
        raw(LINE, HOST, "Content-Length: +2"),
        raw(LINE, HOST, "Content-Length: 2, 2"),
        raw(LINE, HOST, LENGTH, LENGTH),
        raw(LINE, HOST, LENGTH, "Transfer-Encoding: chunked"),
        raw(LINE, HOST, LENGTH, "Expect: 100-continue"),
        raw(LINE, HOST, LENGTH, "Upgrade: h2c"),
        raw(LINE, HOST, LENGTH, "Connection: close, x"),
        raw(LINE, HOST, LENGTH, "X_Signature: a"),
        raw(LINE, HOST, LENGTH, "X-Name : a"),
        raw(LINE, HOST, LENGTH, " folded"),
        raw(LINE, HOST, LENGTH, "no colon"),
        raw(LINE, HOST, LENGTH, "X-Name: \xe9"),
        raw(LINE, HOST, LENGTH, "X-Name: a\nb: c"),
        raw(LINE, HOST, LENGTH, "X-Name: a\rb"),
        raw(LINE, HOST, LENGTH, "X-Name: a\0b"),
        raw(LINE, HOST, LENGTH, *(f"X-{n}: a" for n in range(MOST_HEADERS))),
        raw(LINE, HOST, LENGTH, "X-Long: " + "a" * 9_000),
        raw("GET /hooks/a/b HTTP/1.1", HOST, LENGTH),
        raw("POST /hooks/a/%62 HTTP/1.1", HOST, LENGTH),
        raw("POST http://x/hooks/a/b HTTP/1.1", HOST, LENGTH),
        raw("POST  /hooks/a/b HTTP/1.1", HOST, LENGTH),
        raw("POST /hooks/a/b HTTP/2.0", HOST, LENGTH),
        raw("POST /hooks/a/b", HOST, LENGTH),
        b"POST /hooks/a/b HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n",
        b"",
    ],
)
def test_what_needs_a_second_look_is_left_alone(came: bytes) -> None:
    assert plain_post(came) is None
