"""The words of SPF: a verdict, and the tree of records that led to it."""

from __future__ import annotations

from enum import StrEnum

import msgspec

MAX_LOOKUPS = 10  # terms that ask DNS, RFC 7208, 4.6.4
MAX_VOIDS = 2  # of them without an answer, 4.6.4
MAX_HOSTS = 10  # hosts of one mx, names of one ptr, 4.6.4


class SpfResult(StrEnum):
    """RFC 7208, 2.6."""

    NONE = "none"
    NEUTRAL = "neutral"
    PASS = "pass"
    FAIL = "fail"
    SOFTFAIL = "softfail"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"


class SpfTerm(msgspec.Struct, frozen=True, kw_only=True):
    """One term of a record as written, what it cost and whether it decided.

    `lookups` and `void_lookups` count the term and everything below it. `problem` is a
    sentence, "" if there is none.
    """

    text: str
    kind: str = ""  # ip4 a mx include redirect …; "" for what cannot be read
    lookups: int = 0
    void_lookups: int = 0
    matched: bool = False
    problem: str = ""
    node: SpfNode | None = None  # the record that an include or a redirect leads to


class SpfNode(msgspec.Struct, frozen=True, kw_only=True):
    """One record: where it was read and what came of it."""

    domain: str
    record: str = ""  # "" where there is none
    result: str = ""  # an SpfResult; "" where nothing was evaluated
    terms: tuple[SpfTerm, ...] = ()
    ttl_s: int | None = None

    @property
    def lookups(self) -> int:
        return sum(term.lookups for term in self.terms)

    @property
    def void_lookups(self) -> int:
        return sum(term.void_lookups for term in self.terms)


class SpfVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """What SPF says about one client.

    `explanation` is the domain's own text for a fail (`exp=`), or for an error what is wrong
    in English, or "". `mechanism` is the term of the first record that decided, "" for none.
    `strict_void_lookups` counts as some receivers do: each host of an mx without an address
    of the client's family too. `problem` is a code: syntax, too_many_lookups,
    too_many_voids, too_many_mx, several_records, no_record_there, dns, or "".
    """

    result: SpfResult
    domain: str = ""
    identity: str = ""  # mailfrom or helo
    explanation: str = ""
    mechanism: str = ""
    lookups: int = 0
    void_lookups: int = 0
    strict_void_lookups: int = 0
    problem: str = ""
    tree: SpfNode | None = None


class SpfTrouble(Exception):
    """Ends an evaluation: an error of the record, or of DNS."""

    def __init__(self, result: SpfResult, problem: str, text: str, term: str = "") -> None:
        super().__init__(text)
        self.result = result
        self.problem = problem
        self.term = term


def permanent(problem: str, text: str, term: str = "") -> SpfTrouble:
    """A fault of the record."""
    return SpfTrouble(SpfResult.PERMERROR, problem, text, term)


def temporary(text: str) -> SpfTrouble:
    """A fault of DNS."""
    return SpfTrouble(SpfResult.TEMPERROR, "dns", text)
