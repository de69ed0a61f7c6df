"""Telling mail from logs among the inputs; what mail says is read by collectors/notices.py.

Apart from that because most runs meet no mail, and reading notices takes long to import.
"""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any

from collectors.inputs import STDIN, LogInput

SOURCE = "notices"
"""Where notices come from, unless the administrator says another name."""
PEEKED = 4096
_FIELD = re.compile(rb"^(?:\xef\xbb\xbf)?\s*(?:From |[A-Za-z][A-Za-z-]*[ \t]*:)", re.MULTILINE)


def holds_mail(log: LogInput) -> bool:
    """Whether an input is a message or a mailbox, by how it begins; never a pipe."""
    if log.path == STDIN or not log.size:
        return False
    try:
        with open(log.path, "rb") as file:
            start = file.read(PEEKED)
    except OSError:
        return False
    if not _FIELD.search(start):  # a log: no line begins as a field of a header does
        return False
    notices: Any = import_module("tracer.notices")
    return bool(notices.looks_like_mail(start))
