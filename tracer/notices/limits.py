"""How much of a message is looked at: whatever is pasted was written by strangers."""

from __future__ import annotations

MOST_OCTETS = 2 * 1024 * 1024
"""The report of a notice stands before the returned message, so the rest may be long."""
MOST_PARTS = 60
MOST_DEPTH = 6
MOST_HEADER_OCTETS = 64 * 1024
MOST_FIELDS = 400
MOST_REPORT_OCTETS = 512 * 1024
MOST_REPORT_FIELDS = 3_000
MOST_RECIPIENTS = 200
MOST_TEXT = 20_000  # characters of the human part
LONGEST_REPLY = 2_000  # characters
MOST_HOPS = 60
MOST_RETURNED = 32 * 1024  # characters of the returned message: its headers

CUT_OCTETS = "octets"
CUT_PARTS = "parts"
CUT_RECIPIENTS = "recipients"
