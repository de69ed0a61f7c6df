"""A target from what people type: cleaned, checked, refused with the field's name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import ip_address

from tracer.address import to_ascii
from tracer.diagnostics.lookup import ascii_name
from tracer.diagnostics.model import Target
from tracer.errors import Phrase, TracerError

LONGEST = 320  # octets of an address: 64 + @ + 255 (RFC 3696, erratum 1690)
MOST = 10  # addresses, selectors
_ODD = re.compile(r"[\s\x00-\x20\x7f]")
_SELECTOR = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?")


class BadTarget(TracerError):
    """A part of a target cannot be what it should be; `field` is its name."""

    exit_code = 2
    http_status = 400

    def __init__(self, message: Phrase, field: str) -> None:
        super().__init__(message)
        self.phrase = message
        self.field = field


def asked_target(
    *, sender: str = "", recipient: str = "", ips: Iterable[str] = (), helo: str = "",
    selectors: Iterable[str] = (), header_from: str = "", probe_recipient: bool = False,
    probe_catch_all: bool = False,
) -> Target:  # fmt: skip
    """The target of a form or a command. Raises BadTarget.

    An address may stand as `Anna <anna@corp.example>`; a domain or an IP address may stand
    where an address is asked for. Domains become A-labels.
    """
    given = [text.strip() for text in ips if text.strip()]
    sides = []
    for name, text in (("sender", sender), ("recipient", recipient)):
        plain = _plain(text)
        if _is_ip(plain):
            given.append(plain)
            plain = ""
        sides.append(_mailbox(plain, name))
    target = Target(
        sender=sides[0],
        recipient=sides[1],
        ips=_ips(given),
        helo=_helo(helo),
        header_from=_mailbox(_plain(header_from), "header_from"),
        selectors=_selectors(selectors),
        probe_recipient=probe_recipient,
        probe_catch_all=probe_catch_all,
    )
    if not (target.sender or target.recipient or target.ips):
        raise BadTarget(Phrase("give a sender, a recipient, a domain or an IP address"), "sender")
    return target


def _plain(text: str) -> str:
    """`anna@corp.example` out of `Anna <anna@corp.example>` and `mailto:anna@corp.example`."""
    plain = text.strip()
    if plain.endswith(">") and "<" in plain:
        plain = plain.rpartition("<")[2][:-1]
    return plain.removeprefix("mailto:").strip().strip("[]")


def _mailbox(text: str, field: str) -> str:
    if not text:
        return ""
    local, at, domain = text.rpartition("@")
    name = to_ascii(domain)
    wrong = len(text) > LONGEST or _ODD.search(text) or (at and not local)
    if wrong or ascii_name(name) is None or "." not in name:
        message = Phrase("“%(text)s” is neither an address nor a domain", text=text[:80])
        raise BadTarget(message, field)
    return f"{local}{at}{name}"


def _ips(texts: list[str]) -> tuple[str, ...]:
    found = []
    for text in texts:
        plain = text.strip("[]")
        if not _is_ip(plain):
            raise BadTarget(Phrase("“%(text)s” is no IP address", text=text[:80]), "ip")
        found.append(str(ip_address(plain)))
    return _few(found, "ip")


def _is_ip(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return "%" not in text


def _helo(text: str) -> str:
    plain = text.strip()
    if len(plain) > 255 or _ODD.search(plain):
        raise BadTarget(Phrase("“%(text)s” is no host name", text=plain[:80]), "helo")
    return plain


def _selectors(texts: Iterable[str]) -> tuple[str, ...]:
    found = [text.strip() for text in texts if text.strip()]
    for text in found:
        if len(text) > 63 * 3 or not _SELECTOR.fullmatch(text):
            raise BadTarget(Phrase("“%(text)s” is no DKIM selector", text=text[:80]), "selector")
    return _few(found, "selector")


def _few(found: list[str], field: str) -> tuple[str, ...]:
    if len(found) > MOST:
        raise BadTarget(Phrase("give %(most)s of them at most", most=MOST), field)
    return tuple(dict.fromkeys(found))
