"""Compare addresses, and find the address that a rewritten one stands for.

Two addresses are the same mailbox here when `normalise` gives the same text. Case of
the local part is ignored although RFC 5321 section 2.4 lets a host mind it: people
searching for a lost message do not.
"""

from __future__ import annotations

import re
import unicodedata

from tracer.model import NULL_SENDER

_DOTS = str.maketrans("。．｡", "...")  # the other full stops of RFC 3490 section 3.1
_DEEPEST = 3  # wrappings inside one another: a forwarded VERP address, forwarded again

# SRS: libsrs2 and Mail::SRS. "SRS0=hash=day=domain=local", the first mark may be + or -.
_SRS0 = r"srs0[=+-][^=]*=[^=]*=(?P<domain>[^=]+)=(?P<local>.+)"
_SRS1 = r"srs1[=+-][^=]*=[^=]*=[=+-][^=]*=[^=]*=(?P<domain>[^=]+)=(?P<local>.+)"
# BATV: draft-levine-smtp-batv; some programs put the tag last. Barracuda has its own mark.
_BATV = r"prvs=[0-9a-f]{8,12}=(?P<local>.+)|prvs=(?P<first>.+)[=/][0-9a-f]{8,12}"
_BARRACUDA = r"btv1==[0-9a-f]+==(?P<local>.+)"
# Gmail's forwarding: "box+caf_=to=example.org@gmail.com"
_CAF = r"[^+]+\+caf_=(?P<local>.+)=(?P<domain>[^=]+)"
_VERP_WORDS = frozenset({"bounce", "bounces", "return", "returns", "owner", "errors", "verp"})
_DOMAIN = r"[^\W_][\w.-]*"


def normalise(address: str) -> str:
    """The form of an address that is compared and stored: `anna@xn--e1afmkfd.example`.

    Lower case, without the brackets around it and a full stop after them, the domain as
    A-labels (RFC 5890) without a last dot. The null reverse-path stays `<>`. A text that is
    no address is lower-cased.
    """
    plain = address.lower()
    if plain[:1] == "<" and plain.rstrip(".")[-1:] == ">":
        plain = plain.rstrip(".").strip("<>") or NULL_SENDER
    if plain.isascii() and plain[-1:] != ".":
        return plain
    local, at, domain = plain.rpartition("@")
    if not at:
        return unicodedata.normalize("NFC", plain)
    return unicodedata.normalize("NFC", local) + at + to_ascii(domain)


def domain_of(address: str) -> str:
    """The domain of an address as lower-case A-labels; `""` if it has none."""
    domain = address.rpartition("@")[2] if "@" in address else ""
    return to_ascii(domain.rstrip(">.") if address[:1] == "<" else domain)


def to_ascii(domain: str) -> str:
    """A domain as lower-case A-labels (RFC 5891 section 4.4) without a last dot.

    A label that Punycode cannot carry stays as it is. Nothing is checked: what
    a log holds may be looked for.
    """
    if domain.isascii():
        return domain.lower().rstrip(".")
    plain = unicodedata.normalize("NFC", domain.translate(_DOTS).lower()).rstrip(".")
    return ".".join(_a_label(label) for label in plain.split("."))


def canonical(address: str) -> tuple[str, ...]:
    """Other addresses by which this one should be found, normalised, each once.

    Without its +tag; the original sender inside SRS0 and SRS1; the recipient inside VERP
    (`bounce+7f3-anna=corp.example@list.example`), Gmail forwarding and BATV (`prvs=…`).
    Empty for the plain address, decided by two searches for a character, because
    this is asked for every address of every log line.
    """
    if "+" not in address and "=" not in address:
        return ()
    return _unwrapped(normalise(address), _DEEPEST)


def _a_label(label: str) -> str:
    if label.isascii():
        return label
    try:
        return "xn--" + label.encode("punycode").decode("ascii")
    except UnicodeError:
        return label


def _unwrapped(address: str, depth: int) -> tuple[str, ...]:
    local, _, host = address.rpartition("@")
    if not local or not depth:
        return ()
    found: dict[str, None] = {}
    untagged = local.partition("+")[0]
    if untagged and untagged != local and not local.startswith(("srs0", "srs1")):
        found[f"{untagged}@{host}"] = None
    inner = _inside(local, host)
    if inner and inner != address:
        found[inner] = None
        found.update(dict.fromkeys(_unwrapped(inner, depth - 1)))
    found.pop(address, None)
    return tuple(found)


def _inside(local: str, host: str) -> str:
    """The address that a local part carries; `""` if it carries none."""
    if "=" not in local:
        return ""
    for pattern in (_SRS0, _SRS1, _CAF):
        if match := re.fullmatch(pattern, local):
            return normalise(f"{match['local']}@{match['domain']}")
    if match := re.fullmatch(_BATV, local):
        return f"{match['local'] or match['first']}@{host}"
    if match := re.fullmatch(_BARRACUDA, local):
        return f"{match['local']}@{host}"
    return _verp(local)


def _verp(local: str) -> str:
    """The recipient inside `bounces+123-7f3a-anna=corp.example` (VERP, cr.yp.to/proto/verp.txt)."""
    before, _, domain = local.rpartition("=")
    if not re.fullmatch(_DOMAIN, domain):
        return ""
    mailbox = _without_ids(before.partition("+")[2] if "+" in before else before)
    return normalise(f"{mailbox}@{domain}") if mailbox else ""


def _without_ids(text: str) -> str:
    """`1234-7f3a-anne-marie` -> `anne-marie`: before a name stand digits and known words."""
    pieces = text.split("-")
    ids = [n for n, piece in enumerate(pieces[:-1]) if piece in _VERP_WORDS or _has_digit(piece)]
    return "-".join(pieces[ids[-1] + 1 :]) if ids else text


def _has_digit(text: str) -> bool:
    return any(character.isdecimal() for character in text)
