"""A reply as it was heard (tracer/causes/heard.py), for the rules to judge."""

from __future__ import annotations

import msgspec

US = "us"
THEM = "them"


class Heard(msgspec.Struct, frozen=True):
    """What rules match against.

    `text`: lower case, single spaces, reply codes gone, addresses cut to "@", long
    numbers and ids to "#", services of this host to "loopback". `code`: three digits
    or "". `status`: RFC 3463 or "". `command`: as in `model.Event`. `speaker`: us, them.
    """

    text: str
    code: str = ""
    status: str = ""
    command: str = ""
    speaker: str = US
