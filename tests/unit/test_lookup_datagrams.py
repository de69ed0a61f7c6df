"""The exchange by UDP: only a true answer to our question counts, and old answers are not kept."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from tests.nameserver import NameServer
from tests.needs import missing
from tracer.diagnostics.lookup import Answered, Lookup, facade

Replies = Callable[[dns.message.Message], list[bytes]]


@contextmanager
def answering(replies: Replies, family: int = socket.AF_INET) -> Iterator[str]:
    """A server that sends these datagrams for each query; its address."""
    host = "127.0.0.1" if family == socket.AF_INET else "::1"
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.bind((host, 0))
        sock.settimeout(10)

        def serve() -> None:
            while True:
                try:
                    wire, client = sock.recvfrom(4096)
                except OSError:
                    return
                for reply in replies(dns.message.from_wire(wire)):
                    sock.sendto(reply, client)

        threading.Thread(target=serve, daemon=True).start()
        shown = f"[{host}]" if ":" in host else host
        yield f"{shown}:{sock.getsockname()[1]}"
        sock.close()


def right(query: dns.message.Message, address: str = "192.0.2.1") -> bytes:
    response = dns.message.make_response(query)
    response.answer.append(dns.rrset.from_text("example.com.", 60, "IN", "A", address))
    return response.to_wire()


def of_another_id(query: dns.message.Message) -> bytes:
    response = dns.message.from_wire(right(query, "192.0.2.66"))
    response.id = query.id ^ 1
    return response.to_wire()


def of_another_question(query: dns.message.Message) -> bytes:
    other = dns.message.make_query("other.example.", "A", id=query.id)
    return right(other, "192.0.2.66")


def no_response(query: dns.message.Message) -> bytes:
    return query.to_wire()


@pytest.mark.parametrize(
    "false",
    [
        of_another_id,
        of_another_question,
        no_response,
        lambda query: b"",
        lambda query: b"\0" * 11,
        lambda query: right(query)[:30],
        lambda query: right(query) + b"trailing",
    ],
)
def test_what_is_no_answer_to_our_question_is_passed_over(
    false: Callable[[dns.message.Message], bytes],
) -> None:
    with answering(lambda query: [false(query), right(query)]) as server:
        assert Lookup([server]).ask("example.com", "A").records == ("192.0.2.1",)


def test_an_answer_from_another_address_is_passed_over() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        port: list[int] = []

        def replies(query: dns.message.Message) -> list[bytes]:
            if not port:
                return []
            stranger.sendto(right(query, "192.0.2.66"), ("127.0.0.1", port[0]))
            return [right(query)]

        with answering(replies) as server:
            original = socket.socket.sendto

            def noting(self: socket.socket, *args: object) -> int:
                sent = original(self, *args)  # type: ignore[arg-type]
                port[:] = port or [self.getsockname()[1]]
                return sent

            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(socket.socket, "sendto", noting)
                found = Lookup([server], timeout_s=0.3).ask("example.com", "A")
    assert "192.0.2.66" not in found.records


def test_only_false_answers_are_silence() -> None:
    with answering(lambda query: [of_another_id(query)]) as server:
        answer = Lookup([server], timeout_s=0.1).ask("example.com", "A")
    assert (answer.outcome, answer.evidence.note) == (Answered.TEMPORARY, "no answer in time")


def test_a_failure_may_come_without_the_question() -> None:
    def replies(query: dns.message.Message) -> list[bytes]:
        response = dns.message.make_response(query)
        response.question = []
        response.set_rcode(dns.rcode.REFUSED)
        return [response.to_wire()]

    with answering(replies) as server:
        answer = Lookup([server]).ask("example.com", "A")
    assert (answer.outcome, answer.evidence.note) == (Answered.TEMPORARY, "REFUSED")


def test_the_letters_of_the_question_may_come_back_in_another_case() -> None:
    def replies(query: dns.message.Message) -> list[bytes]:
        return [right(query).replace(b"\7example", b"\7EXAMPLE")]

    with answering(replies) as server:
        assert Lookup([server]).ask("example.com", "A").records == ("192.0.2.1",)


def test_a_server_is_reached_by_ipv6() -> None:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
        try:
            sock.bind(("::1", 0))
        except OSError:
            missing("needs IPv6 on loopback")
    with answering(lambda query: [right(query)], socket.AF_INET6) as server:
        assert Lookup([server]).ask("example.com", "A").records == ("192.0.2.1",)


def test_what_is_asked_wants_dnssec_and_recursion() -> None:
    asked: list[dns.message.Message] = []

    def replies(query: dns.message.Message) -> list[bytes]:
        asked.append(query)
        return [right(query)]

    with answering(replies) as server:
        Lookup([server]).ask("example.com", "A")
    (query,) = asked
    assert query.flags == dns.flags.RD | dns.flags.AD
    assert (query.edns, query.payload, query.ednsflags) == (0, 1232, dns.flags.DO)
    assert query.question[0].to_text() == "example.com. IN A"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that the Lookup believes in."""
    now = [1000.0]
    fake = SimpleNamespace(monotonic=lambda: now[0], time_ns=time.time_ns, time=time.time)
    monkeypatch.setattr(facade, "time", fake)
    return now


@pytest.mark.parametrize(
    ("line", "seconds", "times"),
    [
        ("example.com 30 A 192.0.2.1", 29.0, 1),
        ("example.com 30 A 192.0.2.1", 31.0, 2),
        ("example.com 0 A 192.0.2.1", 0.5, 1),
        ("example.com 0 A 192.0.2.1", 1.5, 2),
        ("example.com A !SERVFAIL", 4.0, 1),
        ("example.com A !SERVFAIL", 6.0, 2),
    ],
)
def test_a_long_run_asks_again_when_an_answer_is_over(
    clock: list[float], line: str, seconds: float, times: int
) -> None:
    with NameServer(line) as server:
        lookup = Lookup([server.address], budget_s=None, heeds_ttl=True)
        first = lookup.ask("example.com", "A")
        asked_once = len(server.asked)
        clock[0] += seconds
        assert lookup.ask("example.com", "A").outcome is first.outcome
        assert len(server.asked) == times * asked_once


def test_a_diagnosis_keeps_its_answers_for_the_whole_run(clock: list[float]) -> None:
    with NameServer("example.com 0 A 192.0.2.1") as server:
        lookup = Lookup([server.address])
        lookup.ask("example.com", "A")
        clock[0] += 20
        lookup.ask("example.com", "A")
        assert len(server.asked) == 1
