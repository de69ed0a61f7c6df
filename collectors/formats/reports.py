"""Records of what other systems reported, kept in a hop as its lines (collectors/reported.py)."""

from __future__ import annotations

from collectors.formats.log_format import LogFormat
from collectors.reported import claims, parse

FORMAT: LogFormat = LogFormat("reports", parse, claims)
