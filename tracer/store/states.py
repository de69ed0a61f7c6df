"""What a day can be in, and how a hop_id is made: words of the store that need no database."""

from __future__ import annotations

# States of a day: searched by index; still being filled by a bulk; in the archive, without
# tables; in the archive, with tables for what came later.
LIVE, LOADING, SEALED, LATE = "live", "loading", "sealed", "late"
ID_BITS = 20  # of a hop_id, below the milliseconds of the hop's opening
MILLISECOND_US = 1000
OPENED_US = f"((h.hop_id >> {ID_BITS}) * {MILLISECOND_US} + h.over_us)"
"""SQL for the time at which a hop was opened."""
FAILED = "cause <> '' AND next_id = 0"
"""Deliveries that have a cause, the last leg of each mail: what the index of causes holds.

A query uses the index when it repeats this word for word.
"""
