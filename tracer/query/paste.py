"""Recognise what people paste instead of a query: addresses, ids, whole headers.

Works on text alone and makes no nodes: it names the keys under which a thing is to be
looked for, or turns a block into the pieces worth looking for. Patterns are plain texts
here and in the rest of the package: a cold command compiles the few that its query needs.
"""

from __future__ import annotations

import re

from tracer.errors import InvalidQuery
from tracer.query.keys import KEYS
from tracer.query.networks import network
from tracer.query.values import is_domain, unquote

_OWN_ID = r"m_[0-9A-Za-z_-]{6,}"
_IN_BRACKETS = r"<[^<>@\s]+@[^<>\s]+>"
_ADDRESS = r'(?:"[^"]+"|[^\s@<>":]*)@[^\s@<>"]*'
# Postfix: src/global/mail_queue.h. Short: microseconds and inode in hexadecimal. Long: seconds
# (6 or more) and microseconds (4) in base 52, "z", inode in base 51; no vowels but in digits.
_SHORT_ID = r"(?=.*\d)(?=.*[A-F]|.{10})[0-9A-F]{8,17}"
_LONG_ID = r"(?=.*\d)[0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-z]{10,}z[0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-y]+"
_SEPARATED = r'(?s)(?:"(?:[^"\\]|\\.)*"?|<[^<>]*>|[^,;"])+'
_MESSAGE_ID = r"(?i)(?:^|\s)Message-ID:\s*<?([^<>\s]+@[^<>\s]+)>?"
_QUOTED_VALUE = rf'(?i)\b(?:{"|".join(KEYS)}):"(?:[^"\\]|\\.)*"'
_HEADER = r"([A-Za-z][A-Za-z0-9-]*):(?:\s|$)"
_PLAIN_HEADERS = frozenset(
    """date received return-path reply-to delivered-to mime-version content-type dkim-signature
    authentication-results received-spf envelope-to x-original-to arc-seal cc""".split()
)
_SENDER_FIELD = r"(?im)^(?:From|Return-Path):(.*)$"
_RECIPIENT_FIELD = r"(?im)^(?:To|Delivered-To|X-Original-To|Envelope-To):(.*)$"
_BARE_ADDRESS = r'[^\s@<>",;]+@[^\s@<>",;]+'
_MAILBOX = r'(?:"[^"]*"\s*|(?!.*\b(?:OR|AND)\b)[^<>@":,;()]*)<([^<>@\s]+@[^<>\s]+)>'


def keys_of(text: str) -> tuple[str, ...]:
    """The keys that a bare word is looked for under; empty: it is free text.

    Two keys where an address may as well be a Message-ID without its < >.
    """
    if unquote(text) is not None:
        return ()
    if re.fullmatch(_OWN_ID, text):
        return ("id",)
    if text == "<>":
        return ("from",)
    if re.fullmatch(_IN_BRACKETS, text):
        return ("msgid",)
    if "@" in text:
        return _keys_of_address(text)
    if network(text):
        return ("ip",)
    if is_domain(text.removeprefix("*.")):
        return ("domain",)
    return ("qid",) if is_queue_id(text) else ()


def is_queue_id(text: str) -> bool:
    """Whether a word has the shape of a Postfix queue id, alone, as `host/id` or as `id:`."""
    plain = text.rpartition("/")[2].removesuffix(":")
    return bool(re.fullmatch(_SHORT_ID, plain) or re.fullmatch(_LONG_ID, plain))


def looks_like_message_id(text: str) -> bool:
    """Whether the part before the @ looks made by a program: long and with many digits."""
    local = text.strip("<>").partition("@")[0]
    digits = sum(character.isdigit() for character in local)
    return "$" in local or (len(local) >= 15 and digits >= 6)


def separated(text: str) -> tuple[str, ...]:
    """The pieces between commas and semicolons, without empty ones."""
    return tuple(piece for part in re.findall(_SEPARATED, text) if (piece := part.strip()))


def message_ids(text: str) -> tuple[str, ...]:
    """The Message-IDs of pasted headers, without < >, each once; empty if it is no header.

    What stands in quotation marks after a key of ours is a value: `reply:"… Message-ID: …"`.
    """
    if "message-id:" not in text.lower():
        return ()
    return tuple(dict.fromkeys(re.findall(_MESSAGE_ID, re.sub(_QUOTED_VALUE, " ", text))))


def mailboxes(text: str) -> tuple[str, ...]:
    """The addresses of `Anna <anna@corp.example>; bob@corp.example`: a copied address field.

    Empty unless every piece is an address and one at least has a name before its brackets.
    """
    pieces = separated(text)
    boxes = [re.fullmatch(_MAILBOX, piece) for piece in pieces]
    if not any(box and box.start(1) > 1 for box in boxes):
        return ()
    found = [box[1] if box else piece for box, piece in zip(boxes, pieces, strict=True)]
    if any(looks_like_message_id(each) or not re.fullmatch(_BARE_ADDRESS, each) for each in found):
        return ()
    return tuple(found)


def refuse_headers(text: str) -> None:
    """Raise InvalidQuery if the text is a header block: called when it has no Message-ID."""
    lines = [line for line in text.splitlines() if line.strip()]
    names = [match[1].lower() for line in lines if (match := re.match(_HEADER, line))]
    folded = sum(line[0] in " \t" for line in lines)
    if len(names) < 2 or len(names) + folded < len(lines) or not _PLAIN_HEADERS.intersection(names):
        return
    sender, recipient = (_first_address(field, text) for field in (_SENDER_FIELD, _RECIPIENT_FIELD))
    parts = [f"from:{sender}" if sender else "", f"to:{recipient}" if recipient else ""]
    raise InvalidQuery(
        "these headers hold no Message-ID; look for the sender and the recipient",
        suggestion=" ".join(filter(None, parts)),
    )


def _keys_of_address(text: str) -> tuple[str, ...]:
    if not re.fullmatch(_ADDRESS, text) or text == "@":
        return ()
    if text.startswith("@"):
        return ("domain",)
    return ("addr", "msgid") if looks_like_message_id(text) else ("addr",)


def _first_address(field: str, text: str) -> str:
    match = re.search(field, text)
    address = re.search(_BARE_ADDRESS, match[1]) if match else None
    return address[0] if address else ""
