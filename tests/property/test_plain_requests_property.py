"""What the lane of webhooks reads itself, gunicorn's parser reads the same."""

from __future__ import annotations

from typing import Any

from gunicorn.config import Config
from gunicorn.http.parser import RequestParser
from hypothesis import example, given, settings
from hypothesis import strategies as st

from webui.plain_requests import plain_post

GOOD = ("POST /hooks/a/b?x=1 HTTP/1.1", [("Host", "x"), ("Content-Length", "2")], "\r\n", b"{}")
CALM = st.sampled_from(["close", "keep-alive", "Keep-Alive", "a\tb", "", " c "])
PLAIN = st.tuples(st.sampled_from(["X-A", "x-b", "Connection"]), CALM)
NAMES = st.sampled_from(
    "Host Content-Length Connection Transfer-Encoding Expect Upgrade TE X_A".split()
) | st.text("abAB-_:. \t", min_size=1, max_size=4)
VALUES = st.sampled_from(
    ["x", "2", "02", "+2", "2,2", "0", "close", "keep-alive", "chunked"]
) | st.text('ab2 ,;=\t"\r\n\0\x7f\xe9', max_size=6)
LINES = st.tuples(
    st.sampled_from(["POST", "GET", "post", "POST "]),
    st.sampled_from(["/hooks/a/b", "//a", "*", "/a/%62", "/a#b"]) | st.text("/ab?&#% ", max_size=9),
    st.sampled_from(["HTTP/1.1", "HTTP/1.0", "HTTP/1.2", "HTTP/2.0", "http/1.1"]),
).map(" ".join)
FIRST = st.sampled_from([GOOD[0], "POST /hooks/a/~b HTTP/1.0", "POST /a?x=%62&y HTTP/1.1"])
HEADERS = st.lists(PLAIN, max_size=2) | st.lists(PLAIN | st.tuples(NAMES, VALUES), max_size=3)


def raw(line: str, headers: list[tuple[str, str]], end: str, body: bytes) -> bytes:
    lines = [line, *(f"{name}: {value}" for name, value in headers)]
    return (end.join(lines) + "\r\n\r\n").encode("latin-1", "replace") + body


def by_gunicorn(came: bytes) -> tuple[Any, ...]:
    request = next(RequestParser(Config(), iter([came]), ("127.0.0.1", 1)))
    headers = {name.lower(): value for name, value in request.headers}
    assert len(headers) == len(request.headers)
    said = (request.method, request.path, request.query, headers, request.body.read())
    return (*said, request.should_close())


@settings(max_examples=400)
@given(
    FIRST | LINES,
    st.permutations(GOOD[1]).flatmap(lambda own: HEADERS.map(lambda more: own + more))
    | st.lists(st.tuples(NAMES, VALUES), max_size=3),
    st.sampled_from(["\r\n"] * 8 + ["\n", "\r"]),
    st.sampled_from([b"{}"] * 4 + [b"", b"{", b"{}POST"]),
)
@example(*GOOD)
def test_what_is_read_here_is_what_gunicorn_reads(
    line: str, headers: list[tuple[str, str]], end: str, body: bytes
) -> None:
    came = raw(line, headers, end, body)
    post = plain_post(came)
    if post is None:
        return
    mine = ("POST", post.path, post.query, post.headers, post.body, post.is_last)
    assert mine == by_gunicorn(came)


@given(st.binary(max_size=300), st.integers(0, 120), st.binary(max_size=4))
def test_no_octets_are_too_odd(body: bytes, at: int, odd: bytes) -> None:
    came = raw(*GOOD[:3], body)
    plain_post(came[:at] + odd + came[at:])
