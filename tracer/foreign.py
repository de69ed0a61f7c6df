"""Joining foreign hops, known from reports only, to the hops that handed their mail over.

A provider's hop is tied by the id in the relay's reply (`queued as X`, proof enough), or by
the Message-ID where only one hop of ours can have handed it over; a guess joins nothing.
What a foreign hop inherits is worked out anew from its own reports each time something
around it changes, so the order in which logs and reports come does not matter.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping

import msgspec
from sqlalchemy import Connection

from tracer import fold
from tracer.legs import (
    FOREIGN_US,
    SKEW_US,
    UNTOLD,
    Placed,
    Stay,
    hands_over,
    inherited,
    is_foreign,
    leg_name,
    named,
)
from tracer.model import BACKSCATTER, Delivery, Hop, Outcome
from tracer.store import days, stays
from tracer.store.packing import Packer
from tracer.store.terms import Tie

_ROUNDS = 5  # from a hop to its reports to other hops; more is a knot that nobody can read
_Place = tuple[Stay, Placed]
_PROVEN = frozenset({Outcome.RELAYED, Outcome.DELIVERED})
NOTICE = "dsn"
"""The program of what a delivery notice (RFC 3464) told."""
_WAITING = frozenset({Outcome.PENDING, Outcome.DEFERRED})


def join(
    conn: Connection,
    packer: Packer,
    live: Collection[str],
    known: dict[int, Stay],
    changed: dict[int, Stay],
) -> None:
    """Join what is foreign around the stays being stored; those that change go to `changed`.

    `known`: every stay at hand by hop_id, those being stored among them; more are added.
    """
    with_reports = [day for day in live if stays.has_foreign(conn, day)]
    fresh = list(changed.values())
    if not with_reports and not any(map(_is_foreign, fresh)):
        return
    ours, foreign = _Around(conn, live, with_reports, known).find(fresh)
    if ours or any(_is_notice(placed.delivery) for stay in foreign for placed in stay.placed):
        _Joiner(conn, packer, known, changed).join(ours, foreign)


def _in_order(found: dict[int, Stay]) -> list[Stay]:
    return [found[hop_id] for hop_id in sorted(found)]


def _is_foreign(stay: Stay) -> bool:
    return bool(stay.hop.from_queue_ids) and is_foreign(stay.hop)


class _Around:
    """Finds the foreign hops around some hops, and the hops around foreign ones."""

    def __init__(
        self,
        conn: Connection,
        live: Collection[str],
        with_reports: Collection[str],
        known: dict[int, Stay],
    ) -> None:
        self._conn = conn
        self._live = live
        self._with_reports = with_reports
        self._known = known

    def find(self, fresh: list[Stay]) -> tuple[list[Stay], list[Stay]]:
        """Every hop of ours and every foreign hop that belong together with these."""
        foreign = {stay.hop.hop_id: stay for stay in fresh if _is_foreign(stay)}
        ours: dict[int, Stay] = {}
        around = [stay for stay in fresh if not _is_foreign(stay)]
        for _ in range(_ROUNDS):
            found = {stay.hop.hop_id: stay for stay in self._foreign_of(around)}
            foreign |= found
            new = foreign.values() if not ours else found.values()
            around = [s for s in self._ours_of(list(new)) if s.hop.hop_id not in ours]
            if not around:
                break
            ours |= {stay.hop.hop_id: stay for stay in around}
        return _in_order(ours), _in_order(foreign)

    def _foreign_of(self, ours: list[Stay]) -> Iterator[Stay]:
        names = {name for stay in ours for name in _names(stay.hop)}
        tokens = {
            token for stay in ours for p in stay.placed for token in p.delivery.next_queue_ids
        } | {stay.hop.queue_id for stay in ours}
        if not names and not tokens:
            return
        for stay in list(self._known.values()):
            if _is_foreign(stay) and (
                not tokens.isdisjoint(_own_ids(stay.hop))
                or not names.isdisjoint(stay.hop.from_queue_ids)
            ):
                yield stay
        first, last = _span(ours)
        for day in self._days(self._with_reports, first - SKEW_US, last + FOREIGN_US):
            tied = stays.find_tied(self._conn, day, names | tokens)
            found = {hop_id for _, tie, hop_id in tied if tie is Tie.FROM}
            found |= {hop_id for _, hop_id in stays.find(self._conn, day, tokens)}
            yield from filter(_is_foreign, self._load(found))

    def _ours_of(self, foreign: list[Stay]) -> Iterator[Stay]:
        names = {name for stay in foreign for name in stay.hop.from_queue_ids} - {UNTOLD}
        queue_ids = {name for stay in foreign for name in _own_ids(stay.hop)}
        if not foreign:
            return
        for stay in list(self._known.values()):
            if not _is_foreign(stay) and (
                not names.isdisjoint(_names(stay.hop))
                or stay.hop.queue_id in queue_ids
                or any(not queue_ids.isdisjoint(p.delivery.next_queue_ids) for p in stay.placed)
            ):
                yield stay
        first, last = _span(foreign)
        message_ids = [name[1:-1] for name in names if name.startswith("<")]
        for day in self._days(self._live, first - FOREIGN_US, last + SKEW_US):
            found = set(stays.find_mailed(self._conn, day, message_ids))
            tied = stays.find_tied(self._conn, day, queue_ids)
            found |= {hop_id for _, tie, hop_id in tied if tie is Tie.NEXT}
            own = queue_ids.union(message_ids)  # an envelope id may be a queue id of ours
            found |= {hop_id for _, hop_id in stays.find(self._conn, day, own)}
            yield from (s for s in self._load(found) if not _is_foreign(s))

    def _days(self, among: Collection[str], first_us: int, last_us: int) -> Iterable[str]:
        return [day for day in days.span(max(0, first_us), last_us) if day in among]

    def _load(self, hop_ids: Collection[int]) -> list[Stay]:
        missing = [hop_id for hop_id in hop_ids if hop_id not in self._known]
        for stay in stays.load(self._conn, missing) if missing else ():
            self._known[stay.hop.hop_id] = stay
        return [self._known[hop_id] for hop_id in sorted(hop_ids) if hop_id in self._known]


def _names(hop: Hop) -> set[str]:
    """The names that a report may have for a hop of ours; the queue id may be an envelope id."""
    return {named(hop.message_id), named(hop.queue_id)} - {""}


def _own_ids(hop: Hop) -> set[str]:
    """The ids of a foreign hop: its own, and the one in a Message-ID that its provider made."""
    return {hop.queue_id, *(name for name in hop.from_queue_ids if not name.startswith("<"))}


def _span(around: list[Stay]) -> tuple[int, int]:
    return min(s.hop.opened_us for s in around), max(s.hop.opened_us for s in around)


class _Joiner:
    """Works out the legs anew and notes which stays changed."""

    def __init__(
        self, conn: Connection, packer: Packer, known: dict[int, Stay], changed: dict[int, Stay]
    ) -> None:
        self._conn = conn
        self._packer = packer
        self._known = known
        self._changed = changed

    def join(self, ours: list[Stay], foreign: list[Stay]) -> None:
        self._load_next((*ours, *foreign))
        own = {stay.hop.hop_id: self._told(stay) for stay in foreign}
        chains = self._chains(ours, list(own.values()))
        _settle_notices(ours, own.values(), chains)
        _settle_told_twice(ours, own.values(), chains)
        _settle_remarks(ours, own.values())
        for stay in ours:
            for n, placed in enumerate(stay.placed):
                chain = chains.get((stay.hop.hop_id, n), [])
                if chain:
                    _inherit(stay, placed, chain)
                wanted = chain[0][0].hop.hop_id if chain else self._kept(placed)
                if wanted != placed.next_id:
                    placed.next_id = wanted
                    self._changed[stay.hop.hop_id] = stay
        for stay in foreign:
            self._replace(stay, own[stay.hop.hop_id])

    def _load_next(self, around: Iterable[Stay]) -> None:
        following = {placed.next_id for stay in around for placed in stay.placed} - {0}
        missing = following - self._known.keys()
        for stay in stays.load(self._conn, missing) if missing else ():
            self._known[stay.hop.hop_id] = stay

    def _kept(self, placed: Placed) -> int:
        """The leg that follows by the log's own word, 0 for none."""
        following = self._known.get(placed.next_id)
        return 0 if following is None or _is_foreign(following) else placed.next_id

    def _told(self, stay: Stay) -> Stay:
        """A foreign stay as its reports alone tell it."""
        packed = stay.packed
        if not packed:
            packed = stays.load(self._conn, [stay.hop.hop_id], packed=True)[0].packed
        if not packed:  # its records were deleted: what they told is in the rows
            return Stay(stay.hop, list(stay.placed))
        folded = fold.fold_stay(self._packer.events(packed, stay.hop))
        hop = msgspec.structs.replace(folded.hop, hop_id=stay.hop.hop_id)
        kept = {p.delivery.recipient: self._kept(p) for p in stay.placed}
        placed = [
            Placed(d, 0 if _is_notice(d) else kept.get(d.recipient, 0)) for d in folded.deliveries
        ]
        return Stay(hop, placed)

    def _chains(self, ours: list[Stay], foreign: list[Stay]) -> dict[tuple[int, int], list[_Place]]:
        """The foreign deliveries that follow (hop_id, n), in order."""
        open_ends = [
            (stay, n, placed)
            for stay in ours
            for n, placed in enumerate(stay.placed)
            if placed.delivery.outcome in _PROVEN and not self._kept(placed)
        ]
        chains: dict[tuple[int, int], list[_Place]] = defaultdict(list)
        for after in foreign:
            for follower in after.placed:
                if follower.delivery.outcome is Outcome.UNKNOWN:
                    continue
                found = [
                    (proof, stay.hop.hop_id, n)
                    for stay, n, placed in open_ends
                    if (proof := _proof(stay, placed, after, follower))
                ]
                best = [(hop_id, n) for proof, hop_id, n in found if proof == max(found)[0]]
                if len(best) == 1:
                    chains[best[0]].append((after, follower))
        for chain in chains.values():
            chain.sort(key=_lateness)
        return chains

    def _replace(self, stay: Stay, wanted: Stay) -> None:
        if stay.placed == wanted.placed and _shown(stay.hop) == _shown(wanted.hop):
            return
        if stay.is_stored and stay.hop.hop_id not in self._changed:
            stays.forget_terms(self._conn, stay)
        stay.hop, stay.placed = wanted.hop, wanted.placed
        self._changed[stay.hop.hop_id] = stay


def _lateness(place: _Place) -> tuple[bool, int, int]:
    stay, placed = place
    return placed.delivery.outcome not in _WAITING, stay.hop.opened_us, stay.hop.hop_id


def _shown(hop: Hop) -> tuple[str, str, int | None, str]:
    """What a foreign hop may take over from the hop before it."""
    return hop.sender, hop.subject, hop.size, hop.message_id


def _proof(stay: Stay, placed: Placed, after: Stay, follower: Placed) -> int:
    """How well it is known that a delivery went on there: 2 by the relay's id, 1 by Message-ID."""
    if not hands_over(stay, after) or follower.next_id == stay.hop.hop_id:
        return 0
    if _is_notice(follower.delivery) and not _is_news(stay, placed, after, follower):
        return 0
    delivery, address = placed.delivery, follower.delivery.recipient.lower()
    if address not in ("", delivery.recipient.lower(), delivery.original_recipient.lower()):
        return 0
    if placed.before and leg_name(after.hop) in placed.before.path.split():
        return 0
    if not _own_ids(after.hop).isdisjoint(delivery.next_queue_ids):
        return 2
    if delivery.outcome is not Outcome.RELAYED:
        return 0
    own, by_envelope = named(stay.hop.message_id), named(stay.hop.queue_id)
    if by_envelope in after.hop.from_queue_ids:
        return 2
    return int(own in after.hop.from_queue_ids)


def _is_notice(delivery: Delivery) -> bool:
    return delivery.program == NOTICE


def _is_news(stay: Stay, placed: Placed, after: Stay, follower: Placed) -> bool:
    """Whether a notice tells what came after a delivery: not what its own server said of the
    same stay, nor what was said before the message was handed over."""
    is_late = follower.delivery.last_us >= placed.delivery.last_us - SKEW_US
    return after.hop.queue_id != stay.hop.queue_id and is_late


def _settle_notices(
    ours: list[Stay], foreign: Iterable[Stay], chains: Mapping[tuple[int, int], list[_Place]]
) -> None:
    """What notices say that follows no delivery of ours.

    Where a log tells of the same recipient, people see that. What fits nothing is about mail
    that others sent in our name: marked, and no failure of ours.
    """
    followers = {id(placed) for chain in chains.values() for _, placed in chain}
    for stay in foreign:
        for placed in stay.placed:
            if not _is_notice(placed.delivery) or id(placed) in followers:
                continue
            about = [other for other in ours if _is_about(stay, other)]
            placed.next_id = next((o.hop.hop_id for o in about if _tells_too(o, placed)), 0)
            if not about:
                placed.delivery = msgspec.structs.replace(
                    placed.delivery, outcome=Outcome.UNKNOWN, cause="", status="", reply=BACKSCATTER
                )


def _settle_told_twice(
    ours: list[Stay], foreign: Iterable[Stay], chains: Mapping[tuple[int, int], list[_Place]]
) -> None:
    """Reports of a queue whose own log is read too, as those of one's own KumoMTA or Postal.

    People see what the log tells of a recipient; the reports stand by as a second witness.
    """
    followers = {id(placed) for chain in chains.values() for _, placed in chain}
    for stay in foreign:
        same = [o for o in ours if o.hop.queue_id == stay.hop.queue_id and hands_over(o, stay)]
        for placed in stay.placed if same else ():
            if not _is_notice(placed.delivery) and id(placed) not in followers:
                found = (o.hop.hop_id for o in same if _tells_too(o, placed))
                placed.next_id = next(found, placed.next_id)


def _settle_remarks(ours: list[Stay], foreign: Iterable[Stay]) -> None:
    """Reports that decide nothing, as of a late complaint: they stand beside their mail, and
    are no mail of their own."""
    for stay in foreign:
        for follower in stay.placed:
            if follower.delivery.outcome is not Outcome.UNKNOWN or follower.next_id:
                continue
            about = [
                (proof, o.hop.hop_id)
                for o in ours
                for placed in o.placed
                if (proof := _proof(o, placed, stay, follower))
            ]
            best = {hop_id for proof, hop_id in about if proof == max(about)[0]}
            if len(best) == 1 and not _is_notice(follower.delivery):
                follower.next_id = best.pop()


def _is_about(notice: Stay, stay: Stay) -> bool:
    """Whether a notice is about the message of a hop."""
    is_same = stay.hop.queue_id == notice.hop.queue_id
    is_named = not _names(stay.hop).isdisjoint(notice.hop.from_queue_ids)
    return (is_same or is_named) and hands_over(stay, notice)


def _tells_too(stay: Stay, told: Placed) -> bool:
    """Whether a hop's own log tells of a recipient whom a notice names."""
    address = told.delivery.recipient.lower()
    return any(
        address in (p.delivery.recipient.lower(), p.delivery.original_recipient.lower())
        for p in stay.placed
    )


def _inherit(stay: Stay, placed: Placed, chain: list[_Place]) -> None:
    """Give each leg of a chain what only the legs before it know."""
    hop, before = stay.hop, placed.before
    sender, subject, size, message_id = _shown(hop)
    for n, (after, follower) in enumerate(chain):
        before = inherited(hop, before)
        follower.before = before
        if n + 1 < len(chain):
            follower.next_id = chain[n + 1][0].hop.hop_id
        follower.delivery = msgspec.structs.replace(
            follower.delivery, original_recipient=placed.delivery.original_recipient
        )
        hop = after.hop = msgspec.structs.replace(
            after.hop,
            sender=sender or after.hop.sender,
            subject=after.hop.subject or subject,
            size=size if size is not None else after.hop.size,
            message_id=after.hop.message_id or message_id,
        )
