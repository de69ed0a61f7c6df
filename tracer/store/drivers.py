"""Where to start: the index ranges that hold every delivery a query can match.

A search for an address must walk that address's entries newest first and stop when the
page is full, whatever else is asked. A query that offers no such start walks the
deliveries of the day themselves.
"""

from __future__ import annotations

from typing import NamedTuple

from tracer.query import And, Compare, Match, MatchKind, Node, Not, Or, Term
from tracer.store import name_search
from tracer.store.conditions import Conditions, address_key, client_range
from tracer.store.more import BEFORE_SUBJECT
from tracer.store.row_ids import hop_of_row_id
from tracer.store.states import FAILED
from tracer.store.terms import Role, Tie, key_of

EVERY = "1 = 1"
MOST = 200
"""More starts than this cost more than a walk over the day."""


class Sought(NamedTuple):
    """A text to look for by an index that tells slots of time: of a `subject` or a recipient."""

    what: str  # subject to
    value: Match


class Driver(NamedTuple):
    """Where a walk starts: tables to join after FROM, the hop_id to walk by, the condition."""

    tables: str
    walk: str
    condition: str
    is_walk: bool = False  # no index: every hop or delivery is looked at, though nothing else
    sought: Sought | None = None  # what is looked for in this walk
    is_broad: bool = False  # an index with many entries of a kind: for want of a better one
    rare: str = ""  # the one table `t` in which few days have something that meets the condition

    @property
    def is_whole(self) -> bool:
        """Whether it is a walk over all that a day has."""
        return self.is_walk and self.condition == EVERY


_ROLES = {
    "from": (Role.SENDER,),
    "fromdomain": (Role.SENDER,),
    "to": (Role.RECIPIENT,),
    "todomain": (Role.RECIPIENT,),
    "addr": (Role.SENDER, Role.RECIPIENT),
    "domain": (Role.SENDER, Role.RECIPIENT),
}


_RECIPIENT = [key for key, roles in _ROLES.items() if roles == (Role.RECIPIENT,)]


def whole_day(day: str, sought: Sought | None = None) -> Driver:
    """A walk over all deliveries of a day, each with its hop."""
    tables = f"deliveries_{day} d CROSS JOIN hops_{day} h ON h.hop_id = d.hop_id"
    return Driver(tables, "d.hop_id", EVERY, True, sought)


def drivers(node: Node, conditions: Conditions) -> list[Driver]:
    """The ranges to start from; empty: walk the day."""
    found = _of(node, conditions)
    return found if found and len(found) <= MOST else []


def _of(node: Node, conditions: Conditions) -> list[Driver]:
    match node:
        case Term():
            return _of_term(node, conditions)
        case And(items):
            return min((d for item in items if (d := _of(item, conditions))), key=_cost, default=[])
        case Or(items):
            parts = [_of(item, conditions) for item in items]
            return [driver for part in parts for driver in part] if all(parts) else []
        case Not():
            return []


def _cost(starts: list[Driver]) -> tuple[bool, bool, int]:
    broad, walk = (any(of) for of in zip(*((s.is_broad, s.is_walk) for s in starts), strict=True))
    return broad, walk, len(starts)


def _of_term(term: Term, conditions: Conditions) -> list[Driver]:
    found: list[Driver] = []
    for value in term.values:
        starts = _of_value(term.key, value, _Tables(conditions))
        if not starts:
            return []
        found += starts
    return found


def _of_value(key: str, value: Match | Compare, tables: _Tables) -> list[Driver]:
    if not isinstance(value, Match):
        return []
    if key in _ROLES:
        wanted = address_key(value.kind, value.text)
        if wanted is None:
            return tables.of_names(value) if key in _RECIPIENT else []
        domain = value.kind is MatchKind.DOMAIN
        return [d for role in _ROLES[key] for d in tables.of_address(wanted, role, domain)]
    if key == "subject" and value.text.strip("*"):  # what matches "" is no start
        return tables.of_subject(value)
    if value.kind is not MatchKind.EXACT:
        return []
    if key == "ip":
        return tables.of_client(value)
    if key == "msgid":
        return [tables.of_hops("h.message_key", key_of(value.text))]
    if key == "id":
        return [tables.of_hops("h.hop_id", hop_of_row_id(value.text) or 0)]
    if key == "cause" and value.text:
        return [tables.of_cause(value.text)]
    if key == "qid":
        return [tables.of_hops("h.queue_id", value.text), tables.of_ties(value.text)]
    return []


class _Tables:
    """Writes the drivers over the tables of one day."""

    def __init__(self, conditions: Conditions) -> None:
        self._day = conditions.day
        self._bind = conditions.bind
        self._text = conditions.text
        self._like = conditions.like

    def of_address(self, key: int, role: Role, domain: bool) -> list[Driver]:
        if role is Role.SENDER:
            column = "sender_domain_key" if domain else "sender_key"
            return [self.of_hops(f"h.{column}", key), self._of_terms(key, role, "")]
        column = "recipient_domain_key" if domain else "recipient_key"
        own = Driver(
            f"deliveries_{self._day} d CROSS JOIN {self._hops} ON h.hop_id = d.hop_id",
            "d.hop_id",
            f"d.{column} = {self._bind(key)}",
        )
        return [own, self._of_terms(key, role, " AND d.n = t.n")]

    def of_client(self, value: Match) -> list[Driver]:
        """One address: of the hop itself, or what a last leg inherited. A network is walked."""
        first, last = client_range(value)
        if first != last:
            return []
        return [
            self.of_hops("h.client_key", first),
            self._of_terms(first, Role.CLIENT, " AND d.n = t.n"),
        ]

    def of_subject(self, value: Match) -> list[Driver]:
        """The subject of the hop itself, and the one that a last leg inherited: looked for apart,
        neither needs the other's table to say no."""
        deliveries = f"deliveries_{self._day} d CROSS JOIN {self._hops} ON h.hop_id = d.hop_id"
        inherited = f"{self._in_more(value)} AND {self._text(value, BEFORE_SUBJECT)}"
        own = f"{self._hops} CROSS JOIN deliveries_{self._day} d ON d.hop_id = h.hop_id"
        sought = Sought("subject", value)
        return [
            Driver(own, "h.hop_id", self._text(value, "h.subject"), True, sought),
            Driver(deliveries, "d.hop_id", inherited, True, sought),
        ]

    def of_names(self, value: Match) -> list[Driver]:
        """A recipient by wildcard: every delivery, if the index of names does not know better."""
        return [whole_day(self._day, Sought("to", value))] if name_search.wanted(value) else []

    def _in_more(self, value: Match) -> str:
        """What costs a quarter of reading the JSON: looking through it as it is written."""
        if value.kind is MatchKind.TEXT and value.text.isascii() and value.text.isalnum():
            return f"d.more {self._like(f'%{value.text}%')}"
        return "d.more IS NOT NULL"

    def of_cause(self, cause: str) -> Driver:
        """What has a cause is in an index by it, the newest first."""
        found = f"d.cause = {self._bind(cause)} AND {FAILED}"
        return whole_day(self._day)._replace(condition=found, is_walk=False, is_broad=True)

    def of_hops(self, column: str, value: object) -> Driver:
        return Driver(
            f"{self._hops} CROSS JOIN deliveries_{self._day} d ON d.hop_id = h.hop_id",
            "h.hop_id",
            f"{column} = {self._bind(value)}",
        )

    def of_ties(self, queue_id: str) -> Driver:
        condition = f"t.queue_id = {self._bind(queue_id)} AND t.kind = {int(Tie.PATH)}"
        return Driver(self._through("ties", ""), "t.hop_id", condition, rare=f"ties_{self._day} t")

    def _of_terms(self, key: int | str, role: Role, own: str) -> Driver:
        condition = f"t.key = {self._bind(str(key))} AND t.role = {int(role)}"
        return Driver(
            self._through("terms", own), "t.hop_id", condition, rare=f"terms_{self._day} t"
        )

    def _through(self, table: str, own: str) -> str:
        return (
            f"{table}_{self._day} t CROSS JOIN deliveries_{self._day} d "
            f"ON d.hop_id = t.hop_id{own} CROSS JOIN {self._hops} ON h.hop_id = d.hop_id"
        )

    @property
    def _hops(self) -> str:
        return f"hops_{self._day} h"
