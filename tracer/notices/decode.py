"""Octets to text: transfer encodings, charsets named and guessed, encoded words, HTML.

Messages are handled as text of one character per octet (ISO 8859-1), as they came; only
what is shown is decoded. Nothing here raises for bad data.
"""

from __future__ import annotations

import base64
import binascii
import html
import quopri
import re
from email.errors import HeaderParseError
from email.header import decode_header

_BASE64 = re.compile(r"[^A-Za-z0-9+/]")
_WORD = re.compile(r"=\?[^?\s]{1,40}\?[bBqQ]\?[^?]{0,2000}\?=")
_BARE_JIS = re.compile(r"\$B[!-~]{2,}?\(B")  # ISO-2022-JP whose escapes were lost on the way
_HIDDEN = re.compile(r"(?i)<(script|style|head|title)\b|<!--")
_BREAKS = re.compile(r"(?i)<(?:br|/?p|/?div|/?tr|/?li|/?h\d|/?table|/?pre|/?blockquote)\b[^<>]*>")
_TAG = re.compile(r"<[/!?]?[A-Za-z][\w:-]{0,30}(?:\s[^<>]*)?/?>")  # never <anna@corp.example>
_BLANKS = re.compile(r"[ \t\xa0]+")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f]")
_KANA = re.compile(r"[\u3040-\u30ff]")
_UNSAFE = frozenset(("unicode_escape", "raw_unicode_escape", "punycode", "idna", "undefined"))


def octets_of(text: str) -> bytes:
    """The octets that a text of one character per octet stands for."""
    return text.encode("latin-1", "replace")


def body_text(body: str, encoding: str, charset: str) -> str:
    """The readable text of a part: `body` one character per octet, its encoding and charset."""
    return as_text(_transferred(body, encoding.strip().lower()), charset)


def as_text(octets: bytes, charset: str = "") -> str:
    """Octets in a named charset, or in the likeliest; controls gone, line ends "\\n"."""
    text = _named(octets, charset) if charset else None
    text = _guessed(octets) if text is None else text
    if "$B" in text and "\x1b" not in text:
        text = _BARE_JIS.sub(_jis, text)
    return _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).replace("\x1b", "")


def header_text(value: str) -> str:
    """A header's value, one character per octet, with its encoded words and octets decoded."""
    plain = " ".join(_readable(value).split())
    if not _WORD.search(plain):
        return plain
    try:
        pieces = decode_header(plain)
    except (HeaderParseError, ValueError):
        return plain
    told = "".join(
        piece if isinstance(piece, str) else as_text(piece, charset or "")
        for piece, charset in pieces
    )
    return " ".join(told.split())


def _readable(value: str) -> str:
    """The value itself when a part's charset has made text of it already."""
    return as_text(octets_of(value)) if value.isascii() or max(value) <= "\xff" else value


def without_tags(page: str) -> str:
    """The words of an HTML page, a line for each block. Links and pictures are not followed."""
    text = _TAG.sub(" ", _BREAKS.sub("\n", _without_hidden(page)))
    lines = (_BLANKS.sub(" ", line).strip() for line in html.unescape(text).split("\n"))
    return "\n".join(line for line in lines if line)


def _without_hidden(page: str) -> str:
    """The page without scripts, styles and comments, in one walk: one may never end."""
    lowered, kept, at = page.lower(), [], 0
    for found in _HIDDEN.finditer(page):
        if found.start() < at:
            continue
        kept.append(page[at : found.start()])
        end = f"</{found[1].lower()}" if found[1] else "-->"
        at = lowered.find(end, found.end())
        if at < 0 or len(lowered) != len(page):
            return " ".join(kept)
        at = page.find(">", at) + 1 or len(page)
    return " ".join([*kept, page[at:]])


def _transferred(body: str, encoding: str) -> bytes:
    if encoding == "quoted-printable":
        return quopri.decodestring(octets_of(body))
    if encoding == "base64":
        letters = _BASE64.sub("", body)
        try:
            return base64.b64decode(letters[: len(letters) // 4 * 4] + _rest(letters))
        except (binascii.Error, ValueError):
            return octets_of(body)
    return octets_of(body)


def _rest(letters: str) -> str:
    """The last group, padded; a single letter says nothing."""
    rest = letters[len(letters) // 4 * 4 :]
    return rest + "=" * (4 - len(rest)) if len(rest) > 1 else ""


def _named(octets: bytes, charset: str) -> str | None:
    name = charset.strip().strip("\"'").lower()
    if name in ("us-ascii", "ascii", "unknown-8bit", "x-unknown", "8bit") or _is_unsafe(name):
        return None
    try:
        return octets.decode(name, "replace")
    except (LookupError, ValueError, UnicodeError):
        return None


def _is_unsafe(name: str) -> bool:
    return name.replace("-", "_") in _UNSAFE or not name.isascii()


def _guessed(octets: bytes) -> str:
    """UTF-8, else ISO-2022-JP by its escapes, else what gives letters of one language."""
    if b"\x1b$" in octets:
        return octets.decode("iso2022_jp_ext", "replace")
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        return _legacy(octets)


def _legacy(octets: bytes) -> str:
    for name in ("euc_jp", "shift_jis"):
        text = _strict(octets, name)
        if text and len(_KANA.findall(text)) > 2:
            return text
    high = sum(octet > 0x7F for octet in octets)
    cyrillic = max((octets.decode(name, "replace") for name in ("cp1251", "koi8_r")), key=_russian)
    if high > 8 and _russian(cyrillic) > 0.7 * high:
        return cyrillic
    chinese = _strict(octets, "gb18030") or ""
    if sum("\u4e00" <= letter <= "\u9fff" for letter in chinese) * 2 > 0.8 * high > 8:
        return chinese
    return octets.decode("cp1252", "replace")


def _strict(octets: bytes, name: str) -> str | None:
    try:
        return octets.decode(name)
    except UnicodeDecodeError:
        return None


def _russian(text: str) -> int:
    """Small Cyrillic letters: of the two old charsets the wrong one gives mostly capitals."""
    return sum("а" <= letter <= "я" for letter in text)


def _jis(found: re.Match[str]) -> str:
    escaped = "\x1b" + found[0][:-2] + "\x1b(B"
    return escaped.encode("ascii").decode("iso2022_jp", "replace")
