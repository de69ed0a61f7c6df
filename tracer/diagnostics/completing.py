"""What nobody said about a target, taken from our own log and settings; never guessed.

Mail that comes to us shows the address and the name of the host that brought it. Mail that
leaves us does not show our own address, unless a reply quotes it; then the settings tell.
`Target.taken_from` says of each part where it was read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
from sqlalchemy import Connection

from tracer.address import to_ascii
from tracer.causes.facets import facets
from tracer.config_diagnostics import DiagnosticsSettings
from tracer.diagnostics.kept import target_of
from tracer.diagnostics.model import Target
from tracer.diagnostics.traces_signed import signed_by
from tracer.diagnostics.traces_store import query_text
from tracer.direction import is_ours
from tracer.model import Row
from tracer.query import parse_query
from tracer.store import days, deliveries, reports
from tracer.store.driver import fetch

SETTINGS = "settings"
REPORT = "report:"  # and its id: an earlier diagnosis of ours
_ROWS, _IPS = 50, 4
_REPORTS = 100  # the latest, in which somebody may have named a selector


def completed(
    target: Target, conn: Connection | None, settings: DiagnosticsSettings, now_us: int
) -> Target:
    """The target with addresses and HELO name of the last mail of this pair, else of this
    sender, else those of our settings, and with the DKIM selectors that the newest mail of this
    sender's domain was signed with, else those that the last diagnosis of it was given; what
    was given now stays."""
    found = _addressed(target, conn, settings, now_us)
    if conn is None or found.selectors or not found.sender:
        return found
    return _with_seen_selectors(found, conn, now_us) or _with_selectors(found, conn)


def _with_seen_selectors(target: Target, conn: Connection, now_us: int) -> Target | None:
    """The selectors of signatures that our own log tells of; None if it tells of none."""
    author = (target.header_from or target.sender).rpartition("@")[2].lower().rstrip(".")
    seen = signed_by(conn, to_ascii(target.sender_domain), to_ascii(author), now_us)
    if seen is None:
        return None
    return msgspec.structs.replace(
        target,
        selectors=seen.selectors,
        taken_from=target.taken_from | {"selectors": seen.row_id},
    )


def _with_selectors(target: Target, conn: Connection) -> Target:
    for kept in reports.history(conn, limit=_REPORTS):
        earlier = target_of(kept)
        is_known = earlier.selectors and "selectors" not in earlier.taken_from
        if is_known and earlier.sender_domain == target.sender_domain:
            return msgspec.structs.replace(
                target,
                selectors=earlier.selectors,
                taken_from=target.taken_from | {"selectors": f"{REPORT}{kept.id}"},
            )
    return target


def _addressed(
    target: Target, conn: Connection | None, settings: DiagnosticsSettings, now_us: int
) -> Target:
    if target.ips or not target.sender:
        return target
    rows = _last_rows(conn, target, now_us) if conn is not None else ()
    seen = _seen(rows)
    if seen:
        row_id = next(iter(seen.values())).id
        found = msgspec.structs.replace(
            target, ips=tuple(seen), taken_from=target.taken_from | {"ips": row_id}
        )
        return _with_helo(found, _helo(conn, rows[0]), rows[0].id) if conn is not None else found
    if settings.ips and _is_ours(rows):
        found = msgspec.structs.replace(
            target, ips=settings.ips, taken_from=target.taken_from | {"ips": SETTINGS}
        )
        return _with_helo(found, settings.helo, SETTINGS)
    return target


def _with_helo(target: Target, helo: str, where: str) -> Target:
    if target.helo or not helo:
        return target
    return msgspec.structs.replace(
        target, helo=helo, taken_from=target.taken_from | {"helo": where}
    )


def _last_rows(conn: Connection, target: Target, now_us: int) -> Sequence[Row]:
    """The sender's newest mail to the recipient, else to its domain, else to anybody."""
    for to in dict.fromkeys((target.recipient, target.recipient_domain, "")):
        query = parse_query(query_text(target.sender, to), now_us=now_us, since="all")
        if rows := deliveries.search(conn, query, limit=_ROWS).rows:
            return rows
    return ()


def _seen(rows: Iterable[Row]) -> dict[str, Row]:
    """The addresses that the sender's mail left from, as its newest messages show them."""
    found: dict[str, Row] = {}
    for row in rows:
        if row.direction == "inbound":
            address = row.client
        else:
            address = facets(row.cause, row.reply).get("ip", "")
        is_public = not is_ours(address, auth="")
        if is_public and len(found) < _IPS:
            found.setdefault(address, row)
    return found


def _is_ours(rows: Sequence[Row]) -> bool:
    """Whether the sender's mail leaves from here; without any mail of theirs we suppose so,
    for the settings name our own addresses only to be checked."""
    return not rows or any(row.direction in ("outbound", "internal") for row in rows)


def _helo(conn: Connection, row: Row) -> str:
    hop_id = deliveries.hop_of_row_id(row.id)
    if row.direction != "inbound" or hop_id is None:
        return ""
    day = days.day_of_hop(hop_id)
    found = fetch(conn, f"SELECT helo FROM hops_{day} WHERE hop_id = :hop", {"hop": hop_id})
    return str(found[0][0]) if found else ""
