"""The facade: a cache, a budget, servers in turn."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import msgspec

from tracer.diagnostics.lookup.answers import Answer, Answered, unasked
from tracer.diagnostics.lookup.exchange import Reply, is_cut_short, read, send
from tracer.diagnostics.lookup.names import ascii_name
from tracer.diagnostics.lookup.servers import Servers, parse_nameserver, system_nameservers

_ROUNDS = 2  # a lost packet is no reason to say that a server is silent
_AT_ONCE = 16
_CNAMES = 10
_LEAST_S = 1.0  # an answer is good for the verdict that it was asked for, whatever its TTL
_FAILURE_S = 5.0  # RFC 2308, 7: a failure may be kept, for five minutes at most


class Lookup:
    """One run's questions: asked once each, absolute names, no search list, within a budget.

    `nameservers` are asked in this order, each `timeout_s` seconds, twice at most; none
    given: the system's, of which only the addresses are read. Beyond `budget_queries` sent
    or `budget_s` seconds since the first, every new question is TEMPORARY with a note; None
    sets no limit. With `heeds_ttl` a question is asked again when its answer's TTL is over,
    for runs that answer many people's questions; else an answer holds for the whole run.
    Safe for many threads; a question that is under way is waited for, not sent again.
    Raises BadNameserver for an address that cannot be read, and nothing else.
    """

    def __init__(
        self,
        nameservers: Sequence[str] = (),
        *,
        timeout_s: float = 1.5,
        budget_queries: int | None = 500,
        budget_s: float | None = 30.0,
        heeds_ttl: bool = False,
    ) -> None:
        given = tuple(parse_nameserver(text) for text in nameservers)
        self._servers = Servers(given or system_nameservers(), gives_up=budget_s is not None)
        self._timeout_s = timeout_s
        self._queries_left = budget_queries
        self._budget_s = budget_s
        self._began: float | None = None
        self._asked: dict[tuple[str, str], Future[tuple[Answer, bool]]] = {}
        self._heeds_ttl = heeds_ttl
        self._good_until_s: dict[tuple[str, str], float] = {}
        self._lock = threading.Lock()

    def ask(self, name: str, rdtype: str) -> Answer:
        """The answer to one question; a name that cannot exist is NXDOMAIN without asking."""
        absolute = ascii_name(name)
        rdtype = rdtype.upper()
        if absolute is None:
            note = "not a valid domain name, so nobody was asked"
            return unasked(name, rdtype, Answered.NXDOMAIN, note, time.time_ns() // 1000)
        answer, is_cut = self._asked_once(absolute, rdtype)
        return self._followed(answer) if is_cut else answer

    def ask_all(self, questions: Iterable[tuple[str, str]]) -> tuple[Answer, ...]:
        """The answers to several questions, asked at once, in the order of the questions."""
        asked = list(questions)
        if len(asked) < 2:
            return tuple(self.ask(*question) for question in asked)
        with ThreadPoolExecutor(min(_AT_ONCE, len(asked))) as pool:
            return tuple(pool.map(lambda question: self.ask(*question), asked))

    def answers(self) -> tuple[Answer, ...]:
        """Everything answered so far, in the order asked."""
        with self._lock:
            done = [pending for pending in self._asked.values() if pending.done()]
        return tuple(pending.result()[0] for pending in done)

    def _asked_once(self, name: str, rdtype: str) -> tuple[Answer, bool]:
        """What the servers say, and whether the answer stops at a CNAME."""
        key = name, rdtype
        with self._lock:
            pending = None if self._is_over(key) else self._asked.get(key)
            mine = pending is None
            if pending is None:
                pending = self._asked[key] = Future()
        if mine:
            try:
                found = self._find(name, rdtype)
                self._note_ttl(key, found[0])
                pending.set_result(found)
            except BaseException as error:
                pending.set_exception(error)
                raise
        return pending.result()

    def _is_over(self, key: tuple[str, str]) -> bool:
        until_s = self._good_until_s.get(key)
        return until_s is not None and until_s < time.monotonic() and self._asked[key].done()

    def _note_ttl(self, key: tuple[str, str], answer: Answer) -> None:
        if self._heeds_ttl:
            kept_s = float(answer.ttl_s or 0) if answer.known else _FAILURE_S
            self._good_until_s[key] = time.monotonic() + max(kept_s, _LEAST_S)

    def _find(self, name: str, rdtype: str) -> tuple[Answer, bool]:
        reply = self._reply(name, rdtype)
        if reply is None:
            note = self._why_not()
            return unasked(name, rdtype, Answered.TEMPORARY, note, time.time_ns() // 1000), False
        answer = read(name, rdtype, reply)
        if answer.outcome is Answered.TEMPORARY and reply.response is not None:
            return self._doubted(answer, reply), False
        is_cut = answer.outcome is Answered.NODATA and bool(answer.canonical)
        return answer, is_cut and is_cut_short(reply)

    def _reply(self, name: str, rdtype: str) -> Reply | None:
        """The first conclusive reply; else the most telling; None: nobody could be asked."""
        best: Reply | None = None
        for _ in range(_ROUNDS):
            for server in self._servers.in_order():
                if not self._spend():
                    return best
                reply = send(name, rdtype, server, self._remaining_s())
                self._note(reply)
                if reply.conclusive:
                    return reply
                if best is None or (best.response is None and reply.response is not None):
                    best = reply
            if best is not None and best.response is not None:
                return best  # all were heard and none knows; asking again changes nothing
        return best

    def _note(self, reply: Reply) -> None:
        if reply.silent:
            self._servers.kept_silent(reply.server)
        elif reply.response is not None:
            self._servers.answered(reply.server)

    def _doubted(self, answer: Answer, reply: Reply) -> Answer:
        """A failure without a reason may be DNSSEC's: does the server answer unchecked?"""
        if reply.errors or not self._spend():
            return answer
        unchecked = send(
            answer.name, answer.rdtype, reply.server, self._remaining_s(), unchecked=True
        )
        if not unchecked.conclusive:
            return answer
        note = "the answer fails DNSSEC validation (without validation there is one)"
        evidence = msgspec.structs.replace(
            answer.evidence,
            outcome=Answered.BOGUS.value,
            note=f"{answer.evidence.note}; {note}",
        )
        return msgspec.structs.replace(answer, outcome=Answered.BOGUS, evidence=evidence)

    def _followed(self, answer: Answer) -> Answer:
        """The answer at the end of a CNAME that the server left to us to follow."""
        seen = {answer.name}
        target, is_cut = answer, True
        while is_cut:
            if target.canonical in seen or len(seen) > _CNAMES:
                return answer
            seen.add(target.canonical)
            target, is_cut = self._asked_once(target.canonical, answer.rdtype)
        return msgspec.structs.replace(
            target,
            name=answer.name,
            canonical=target.canonical or target.name,
            ttl_s=_shorter(answer.ttl_s, target.ttl_s),
        )

    def _spend(self) -> bool:
        """Take one query from the budget."""
        with self._lock:
            self._began = self._began or time.monotonic()
            if self._queries_left is not None:
                if self._queries_left <= 0:
                    return False
                self._queries_left -= 1
        return self._remaining_s() > 0

    def _remaining_s(self) -> float:
        if self._budget_s is None or self._began is None:
            return self._timeout_s
        return min(self._timeout_s, self._began + self._budget_s - time.monotonic())

    def _why_not(self) -> str:
        if self._queries_left is not None and self._queries_left <= 0:
            return "not asked: this run has used up its number of DNS queries"
        if self._remaining_s() <= 0:
            return "not asked: this run has used up its time for DNS"
        return (
            f"no name server answers ({self._servers})"
            if str(self._servers)
            else ("this system has no name server set up")
        )


def _shorter(one: int | None, other: int | None) -> int | None:
    known = [ttl for ttl in (one, other) if ttl is not None]
    return min(known, default=None)
