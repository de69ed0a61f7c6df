"""What texts call the recipient and the next server of a delivery."""

from __future__ import annotations

import re

from tracer.causes.card import Told

_NAMED = re.compile(r"\b(?:host|connect to|connection with|conversation with) ([\w.-]+)\[")


def mailbox(recipient: str) -> tuple[str, str]:
    """The address and its domain; a name with a dot alone is a domain, without one a mailbox."""
    _, at, name = recipient.rpartition("@")
    if at:
        return recipient, name
    return ("", name) if "." in name else (name, "")


def server(told: Told) -> str:
    """The name of the next server, without its address and port; "" for our own store."""
    name = told.relay.partition("[")[0].partition(":")[0]
    if not name and (quoted := _NAMED.search(told.reply)):
        name = quoted[1]
    return "" if name in ("none", "local", "virtual") or "/" in name else name
