"""The parts of a message that tell something: text, reports, returned headers.

The parts are cut apart here and not by `email.parser`: that calls itself for each level and
tries each line against every open boundary, which a hostile message can make take minutes.
Attachments are passed over, packed or not.
"""

from __future__ import annotations

import re

import msgspec

from tracer.notices.decode import body_text, octets_of, without_tags
from tracer.notices.fields import Fields, split_message
from tracer.notices.limits import (
    CUT_OCTETS,
    CUT_PARTS,
    MOST_DEPTH,
    MOST_OCTETS,
    MOST_PARTS,
    MOST_RETURNED,
    MOST_TEXT,
)

DELIVERY = "message/delivery-status"
FEEDBACK = "message/feedback-report"
RECEIPT = "message/disposition-notification"
RETURNED = "message/rfc822"
_TYPES = {
    "message/delivery-status": DELIVERY,
    "message/global-delivery-status": DELIVERY,  # RFC 6533
    "text/delivery-status": DELIVERY,
    "message/feedback-report": FEEDBACK,
    "message/disposition-notification": RECEIPT,
    "message/global-disposition-notification": RECEIPT,
    "message/rfc822": RETURNED,
    "message/global": RETURNED,
    "message/global-headers": RETURNED,
    "message/rfc822-headers": RETURNED,
    "message/news": RETURNED,
    "text/rfc822-headers": RETURNED,
    "text/rfc822": RETURNED,
    "text/html": "text/html",
    "": "text/plain",
}
_GUESSED_BOUNDARY = re.compile(r"(?m)^--(\S[^\n]{0,69})\n(?=[Cc]ontent-[A-Za-z-]+:)")


class Part(msgspec.Struct, frozen=True):
    """One leaf: its type (one of this module's, or text/plain, text/html) and readable text."""

    type: str
    text: str


class Message(msgspec.Struct, frozen=True):
    """A message cut apart; `is_cut` names what was left out (`limits`)."""

    fields: Fields
    parts: tuple[Part, ...]
    is_cut: tuple[str, ...] = ()

    def first(self, kind: str) -> Part | None:
        """The first part of a type."""
        return next((part for part in self.parts if part.type == kind), None)


def read_message(octets: bytes) -> Message:
    """Cut a message apart. Never raises; what is too much is left out and named."""
    text = octets[:MOST_OCTETS].decode("latin-1").removeprefix("\xef\xbb\xbf")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    cutter = _Cutter()
    fields, body = split_message(text)
    cutter.cut(fields, body, 0)
    too_long = (CUT_OCTETS,) if len(octets) > MOST_OCTETS else ()
    return Message(fields, tuple(cutter.parts), too_long + tuple(cutter.is_cut))


class _Cutter:
    """Walks the parts; what is found is kept in `parts`."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self.is_cut: dict[str, None] = {}
        self._seen = 0

    def cut(self, fields: Fields, body: str, depth: int) -> None:
        """Cut one part into its leaves."""
        self._seen += 1
        if self._seen > MOST_PARTS or depth > MOST_DEPTH:
            self.is_cut[CUT_PARTS] = None
            return
        kind = fields.kind()
        if kind.startswith("multipart/") or (not kind and _GUESSED_BOUNDARY.search(body)):
            pieces = _pieces(fields, body)
            for piece in pieces:
                self.cut(*split_message(piece.lstrip("\n") if _starts_late(piece) else piece),
                         depth + 1)  # fmt: skip
            if pieces:
                return
            kind = ""
        self._leaf(fields, body, _TYPES.get(kind, kind))

    def _leaf(self, fields: Fields, body: str, kind: str) -> None:
        if kind in _KEPT:
            text = _decoded(fields, body, kind)
        elif kind.startswith("text/") and not _is_attached(fields):
            text, kind = _decoded(fields, body, kind), "text/plain"
        else:
            return
        self.parts.append(Part(kind, text))


_KEPT = frozenset({DELIVERY, FEEDBACK, RECEIPT, RETURNED, "text/html"})


def _is_attached(fields: Fields) -> bool:
    return fields.kind("content-disposition") == "attachment"


def _decoded(fields: Fields, body: str, kind: str) -> str:
    encoding = fields.raw("content-transfer-encoding")
    if kind == RETURNED:  # decoded by its own headers later; 7bit but for broken programs
        body = body[:MOST_RETURNED]
        if encoding.strip().lower() not in ("base64", "quoted-printable"):
            return body
        return octets_of(body_text(body, encoding, "latin-1")).decode("latin-1")
    text = body_text(body[: 8 * MOST_TEXT], encoding, fields.parameter("charset"))
    return without_tags(text) if kind == "text/html" else text


def _starts_late(piece: str) -> bool:
    """Whether a blank line stands before the headers of a part, where none should be."""
    return piece.startswith("\n\nContent-")


def _pieces(fields: Fields, body: str) -> list[str]:
    """What stands between the boundary lines; [] where no boundary can be found."""
    boundary = fields.parameter("boundary")
    if not boundary or f"--{boundary}" not in body:
        guessed = _GUESSED_BOUNDARY.search(body)
        if guessed is None:
            return []
        boundary = guessed[1].rstrip()
    marks = re.compile(rf"(?m)^--{re.escape(boundary)}(--)?[ \t]*$\n?")
    pieces, start = [], None
    for found in marks.finditer(body):
        if start is not None:
            pieces.append(body[start : found.start()])
        start = None if found[1] else found.end()
        if len(pieces) > MOST_PARTS:
            return pieces
    if start is not None:  # the end of the message was cut off
        pieces.append(body[start:])
    return pieces
