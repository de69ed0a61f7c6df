"""One mail, whole: the legs that carried it and what hangs on it, found when asked for.

Nothing of a trace is stored. From the hop asked for, the walk goes to every hop that
shares a queue id with it, and stops at a fixed number of hops.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from sqlalchemy import Connection

from tracer.errors import NotFound
from tracer.fold import LONGEST_US, fold_stay
from tracer.legs import FOREIGN_US, SKEW_US, Stay, hands_over, is_foreign, named
from tracer.model import REFUSAL, SECOND_US, Hop, Leg, Outcome, Parse, Related, Row, Trace
from tracer.query import And, Match, MatchKind, Or, SearchQuery, Term
from tracer.store import days, deliveries, sealed, sources, stays
from tracer.store.packing import Packer
from tracer.store.terms import Tie

MOST_LEGS = 30
MOST_RELATED = 50
NEAR_US = 120 * SECOND_US
_OPEN_ENDED = frozenset({Outcome.RELAYED, Outcome.DELIVERED})
_REFUSED = frozenset({Outcome.BOUNCED, Outcome.DEFERRED, Outcome.EXPIRED})
_Step = tuple[int, int]  # hop_id of a leg and of the next one


def load_trace(conn: Connection, wanted: str, parse: Parse) -> Trace:
    """The mail that a row id, a queue id or a Message-ID names; the newest, if several.

    `parse` reads the stored lines. Raises NotFound.
    """
    row = _row(conn, wanted.strip())
    hop_id = deliveries.hop_of_row_id(row.id)
    assert hop_id is not None
    walk = _Walk(conn)
    legs = walk.legs(hop_id)
    rows = deliveries.of_hops(conn, [stay.hop.hop_id for stay in legs])
    siblings = _siblings(rows, row)
    return Trace(
        row,
        siblings or (row,),
        _unpacked(legs, parse),
        tuple(_related(conn, walk, legs, row)),
        sources.read_until(conn, row.source),
    )


def _siblings(rows: Iterable[Row], asked: Row) -> tuple[Row, ...]:
    """The deliveries of a mail; a later remark on one of them is no delivery of its own."""
    found = tuple(rows)
    told = {row.recipient for row in found if row.status is not Outcome.UNKNOWN}
    return tuple(
        row
        for row in found
        if row.status is not Outcome.UNKNOWN or row.recipient not in told or row.id == asked.id
    )


def _row(conn: Connection, wanted: str) -> Row:
    hop_id = deliveries.hop_of_row_id(wanted)
    if hop_id is not None:
        return _row_of_hop(conn, hop_id, wanted)
    plain = wanted[1:-1] if wanted.startswith("<") and wanted.endswith(">") else wanted
    exact = (Match(MatchKind.EXACT, plain),)
    either = Or((Term("qid", exact), Term("msgid", exact)))
    page = deliveries.search(conn, SearchQuery(either, None, None, wanted), limit=1)
    if not page.rows:
        raise NotFound(
            f"nothing in the store has the id, queue id or Message-ID {wanted}; search for the "
            "sender or the recipient instead: mailtracer search to:anna@corp.example"
        )
    return page.rows[0]


def _row_of_hop(conn: Connection, hop_id: int, wanted: str) -> Row:
    rows = deliveries.of_hops(conn, [hop_id], last_legs=False)
    if not rows:
        day = days.day_of_hop(hop_id)
        if sealed.within(conn, day, day):
            raise NotFound(
                f"this message of {sealed.shown(day)} is in the archive; an export reads it, and "
                f"`mailtracer archive restore {sealed.shown(day)}` brings its day back"
            )
        raise NotFound(
            "this message is no longer in the store, or its first lines were read only later; "
            "search for its address or Message-ID"
        )
    return next((row for row in rows if row.id == wanted), rows[0])


def _unpacked(legs: list[Stay], parse: Parse) -> tuple[Leg, ...]:
    packer = Packer(parse)
    return tuple(
        Leg(
            fold_stay(events).hop if events else stay.hop,
            tuple(placed.delivery for placed in stay.placed),
            tuple(events),
        )
        for stay in legs
        for events in [packer.events(stay.packed, stay.hop)]
    )


class _Walk:
    """Hops found from hops by the queue ids they share."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn
        self._live = set(days.live(conn))

    def legs(self, hop_id: int) -> list[Stay]:
        """The hops that carried one mail, in the order it travelled."""
        found = {stay.hop.hop_id: stay for stay in stays.load(self._conn, [hop_id], packed=True)}
        steps: set[_Step] = set()
        waiting = list(found.values())
        while waiting and len(found) < MOST_LEGS:
            for before, after in self._steps(waiting.pop()):
                steps.add((before.hop.hop_id, after.hop.hop_id))
                for other in (before, after):
                    if other.hop.hop_id not in found:
                        found[other.hop.hop_id] = other
                        waiting.append(other)
        return [found[key] for key in _in_order(found, steps)]

    def _steps(self, stay: Stay) -> Iterator[tuple[Stay, Stay]]:
        """From one leg to the next one, at this stay."""
        before = self.tied(stay.hop, Tie.NEXT) | self.having(_had_before(stay), stay.hop)
        for other in stays.load(self._conn, before, packed=True):
            if hands_over(other, stay) and _is_leg(other, stay):
                yield other, stay
        after = self.tied(stay.hop, Tie.FROM) | self.having(_handed_to(stay), stay.hop)
        after |= {placed.next_id for placed in stay.placed} - {0}
        for other in stays.load(self._conn, after, packed=True):
            if hands_over(stay, other) and _is_leg(stay, other):
                yield stay, other
        for other in self._remarks(stay):
            yield stay, other

    def _remarks(self, stay: Stay) -> Iterator[Stay]:
        """Foreign hops that tell of no delivery of their own.

        Only of the mail (it was opened, weeks later somebody complained), or what the log of
        this very hop tells too.
        """
        name, is_reported = named(stay.hop.message_id), is_foreign(stay.hop)
        given = {stay.hop.queue_id} if is_reported else _handed_to(stay)
        names = given if is_reported or not name else given | {name}
        span = days.span(stay.hop.opened_us - SKEW_US, stay.hop.opened_us + FOREIGN_US)
        for day in (day for day in span if day in self._live and names):
            found = {hop_id for _, _, hop_id in stays.find_tied(self._conn, day, names)}
            found |= (
                {hop_id for _, hop_id in stays.find(self._conn, day, given)} if given else set()
            )
            for other in stays.load(self._conn, found - {stay.hop.hop_id}, packed=True):
                if not is_foreign(other.hop) or (is_reported and other.hop.host != stay.hop.host):
                    continue
                if any(p.next_id not in (0, stay.hop.hop_id) for p in other.placed):
                    continue  # it is about another hop
                told = {p.delivery.outcome for p in other.placed if not p.next_id}
                if told <= {Outcome.UNKNOWN} and hands_over(stay, other):
                    yield other

    def told_of_before(self, hop: Hop) -> set[int]:
        """Earlier stays of a foreign hop: a report that came late begins a stay of its own."""
        if not is_foreign(hop):
            return set()
        span = days.span(hop.opened_us - FOREIGN_US, hop.opened_us)
        found = {
            hop_id
            for day in span
            if day in self._live
            for _, hop_id in stays.find(self._conn, day, [hop.queue_id])
        }
        return {
            stay.hop.hop_id
            for stay in stays.load(self._conn, found)
            if stay.hop.host == hop.host and stay.hop.opened_us < hop.opened_us
        }

    def tied(self, hop: Hop, tie: Tie) -> set[int]:
        """Hops for which the queue id of this one is what `tie` says."""
        return {
            hop_id
            for day in self._days(hop)
            for _, kind, hop_id in stays.find_tied(self._conn, day, [hop.queue_id])
            if kind is tie
        }

    def having(self, queue_ids: Collection[str], hop: Hop) -> set[int]:
        """Hops near this one that have one of these queue ids."""
        if not queue_ids:
            return set()
        return {
            hop_id
            for day in self._days(hop)
            for _, hop_id in stays.find(self._conn, day, queue_ids)
        }

    def _days(self, hop: Hop) -> list[str]:
        span = days.span(hop.opened_us - LONGEST_US, hop.last_us + SKEW_US)
        return [day for day in span if day in self._live]


def _in_order(found: Mapping[int, Stay], steps: Collection[_Step]) -> list[int]:
    """The hops as the mail went from one to the next; by time where nothing else tells.

    Two hosts' clocks differ, and two stamps may lie in one second. A mail that runs in a
    circle is put in order of time.
    """
    left = sorted(found, key=lambda hop_id: (found[hop_id].hop.opened_us, hop_id))
    ordered: list[int] = []
    while left:
        followers = {after for before, after in steps if before in left and after != before}
        following = next((hop_id for hop_id in left if hop_id not in followers), left[0])
        left.remove(following)
        ordered.append(following)
    return ordered


def _is_leg(before: Stay, after: Stay) -> bool:
    """A copy made by an alias is a mail of its own; all else that shares an id is a leg."""
    return before.hop.queue_id in after.hop.from_queue_ids or any(
        placed.next_id == after.hop.hop_id
        or (
            after.hop.queue_id in placed.delivery.next_queue_ids
            and placed.delivery.outcome is not Outcome.EXPANDED
        )
        for placed in before.placed
    )


def _had_before(stay: Stay) -> set[str]:
    """Queue ids of legs before; around a foreign hop only those who joined them know."""
    paths = (placed.before.path for placed in stay.placed if placed.before)
    joined = {leg.rpartition("/")[2] for path in paths for leg in path.split()}
    return joined.union(stay.hop.from_queue_ids)


def _handed_to(stay: Stay) -> set[str]:
    return {queue_id for p in stay.placed for queue_id in p.delivery.next_queue_ids}


def _expanded_to(stay: Stay) -> set[str]:
    return {
        queue_id
        for placed in stay.placed
        if placed.delivery.outcome is Outcome.EXPANDED
        for queue_id in placed.delivery.next_queue_ids
    }


def _related(conn: Connection, walk: _Walk, legs: list[Stay], row: Row) -> Iterator[Related]:
    seen = {stay.hop.hop_id for stay in legs}
    for why, hop_ids in _relations(conn, walk, legs, row):
        fresh = sorted(hop_ids - seen)[:MOST_RELATED]
        seen |= hop_ids
        for other in deliveries.of_hops(conn, fresh):
            yield Related(why, other)


def _relations(
    conn: Connection, walk: _Walk, legs: list[Stay], row: Row
) -> Iterator[tuple[str, set[int]]]:
    for stay in legs:
        hop = stay.hop
        yield "notice", walk.having(hop.notice_queue_ids, hop)
        yield "parent", walk.tied(hop, Tie.NOTICE)
        yield "list-member", walk.having(_expanded_to(stay), hop)
        yield "alias", _expanding(conn, walk.tied(hop, Tie.NEXT), hop)
        yield "reported", walk.told_of_before(hop)
    yield REFUSAL, _refusal(conn, row)
    if row.message_id:
        yield "same-message-id", _same_message_id(conn, row)
    yield "probable", _probable(conn, legs, row)


def _probable(conn: Connection, legs: list[Stay], row: Row) -> set[int]:
    """Reports that nothing ties to this mail, but recipient, time and sender or subject agree.

    A guess, shown as such and never joined. The other way round, for a mail known from
    reports only, the mail of our own log.
    """
    reported = any(is_foreign(stay.hop) for stay in legs)
    if row.status not in _OPEN_ENDED and not reported:
        return set()
    near = Term("to", (Match(MatchKind.EXACT, row.recipient),))
    query = SearchQuery(near, row.received_us - NEAR_US, row.updated_us + NEAR_US, "")
    known = {stay.hop.hop_id for stay in legs}
    found = set()
    for other in deliveries.search(conn, query, limit=MOST_RELATED).rows:
        hop_id = deliveries.hop_of_row_id(other.id)
        if hop_id is not None and hop_id not in known and _alike(row, other):
            found.add(hop_id)
    return {
        stay.hop.hop_id for stay in stays.load(conn, found) if is_foreign(stay.hop) is not reported
    }


def _alike(row: Row, other: Row) -> bool:
    if row.message_id and other.message_id:
        return False  # then the Message-ID decides
    pairs = ((row.sender.lower(), other.sender.lower()), (row.subject, other.subject))
    told = [(one, another) for one, another in pairs if one and another]
    return bool(told) and all(one == another for one, another in told)


def _expanding(conn: Connection, hop_ids: set[int], hop: Hop) -> set[int]:
    return {
        stay.hop.hop_id
        for stay in stays.load(conn, hop_ids)
        if hop.queue_id in _expanded_to(stay) and stay.hop.host == hop.host
    }


def _refusal(conn: Connection, row: Row) -> set[int]:
    """Where the host that refused the mail is ours too, and wrote it into a log that we read.

    A host's name alone proves nothing, for a log names it in short ("mx1"): recipient,
    sender, time and code must agree too.
    """
    server = row.relay.partition("[")[0].partition(".")[0].lower()
    if row.status not in _REFUSED or not server or "[" not in row.relay:
        return set()
    to = Term("to", (Match(MatchKind.EXACT, row.recipient.lower()),))
    where = And((to, Term("status", (Match(MatchKind.EXACT, Outcome.REJECTED.value),))))
    near = SearchQuery(where, row.updated_us - SKEW_US, row.updated_us + SKEW_US, "")
    return {
        deliveries.hop_of_row_id(other.id) or 0
        for other in deliveries.search(conn, near, limit=MOST_RELATED).rows
        if other.host.partition(".")[0].lower() == server
        and other.host != row.host
        and other.sender.lower() == row.sender.lower()
        and other.reply[:3] in row.reply
    }


def _same_message_id(conn: Connection, row: Row) -> set[int]:
    same = Term("msgid", (Match(MatchKind.EXACT, row.message_id),))
    page = deliveries.search(conn, SearchQuery(same, None, None, ""), limit=MOST_RELATED)
    found = (deliveries.hop_of_row_id(other.id) for other in page.rows)
    return {hop_id for hop_id in found if hop_id is not None}
