"""Read the value of a key: `anna@` of `to:anna@`, `>10M` of `size:>10M`.

One small function a kind of key; `read_values` chooses it. Columns are the caller's.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from tracer.address import normalise, to_ascii
from tracer.errors import InvalidQuery, Phrase
from tracer.model import NULL_SENDER
from tracer.query.keys import ADDRESS_KEYS, DOMAIN_KEYS, EXAMPLES
from tracer.query.measures import read_attempts, read_delay, read_size
from tracer.query.networks import read_network
from tracer.query.nodes import Match, MatchKind, Value
from tracer.query.words import direction, nearest_outcome, outcomes

_QUOTED = r'(?s)"((?:[^"\\]|\\.)*)"|“([^”]*)”|«([^»]*)»'
_ESCAPED = r'\\(["\\])'
_LABELS = r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)+"
# Where a last label is none of these and not of two letters, `anna.petrova` is as likely
# a mailbox as a domain, and is looked for inside the address.
_LAST_LABELS = frozenset(
    """aero app arpa biz cloud club com coop corp dev edu email example global gov group home
    info int internal intra intranet invalid io lan live local localdomain localhost mail mil
    mobi museum name net news onion online org post pro shop site space store systems tech test
    top travel website work world xyz""".split()
)
_CODE = r"[2-5]\d\d|[245]\.\d{1,3}\.\d{1,3}"
_CODE_START = r"([2-5]\d?)(?:x{1,2}|\*)?"
_STATUS_START = r"([245](?:\.\d{1,3})?)(?:\.[x*])*"
_TLS = {
    "no": "no", "none": "no", "нет": "no", "yes": "yes", "any": "yes", "*": "yes", "да": "yes",
    "3": "SSLv3", "1": "TLSv1", "1.0": "TLSv1", "1.1": "TLSv1.1",
    "1.2": "TLSv1.2", "1.3": "TLSv1.3",
}  # fmt: skip


def unquote(text: str) -> str | None:
    """What stands between quotation marks; None if the text is not quoted as a whole."""
    match = re.fullmatch(_QUOTED, text)
    if match is None:
        return None
    inner = next(group for group in match.groups() if group is not None)
    return re.sub(_ESCAPED, r"\1", inner) if match[1] is not None else inner


def read_values(key: str, text: str) -> tuple[Value, ...]:
    """What one typed value of a key asks for; several only for `status:failed`.

    Raises InvalidQuery without a column; its suggestion is a whole `key:value`.
    """
    inner = unquote(text)
    plain = text.strip() if inner is None else inner
    if not plain.strip():
        example = NULL_SENDER if key == "from" else EXAMPLES[key]
        raise InvalidQuery(Phrase("%(key)s: needs a value", key=key), suggestion=f"{key}:{example}")
    if key in _WORDS:
        return _WORDS[key](plain.strip())
    return (_READERS[key](plain, inner is not None),)


def is_domain(text: str) -> bool:
    """Whether a text without @ is more likely a domain than a mailbox or a word."""
    plain = to_ascii(text)
    if not re.fullmatch(_LABELS, plain):
        return False
    last = plain.rpartition(".")[2]
    return last in _LAST_LABELS or last.startswith("xn--") or (len(last) == 2 and last.isalpha())


def _address(text: str, quoted: bool) -> Match:
    plain = normalise(text.strip())
    if quoted or plain == NULL_SENDER:
        return Match(MatchKind.EXACT, plain)
    local, at, domain = plain.rpartition("@")
    if not at:
        return _domain_or_part(plain)
    if local in ("", "*") and domain not in ("", "*"):
        return _domain_match(domain)
    if "*" not in local and local and domain in ("", "*"):
        return Match(MatchKind.PREFIX, f"{local}@")
    if not local:
        raise InvalidQuery("a mailbox or a domain belongs next to the @")
    return Match(MatchKind.WILDCARD if "*" in plain else MatchKind.EXACT, plain)


def _domain_or_part(plain: str) -> Match:
    if "*" in plain:
        return Match(MatchKind.WILDCARD, plain)
    if is_domain(plain):
        return Match(MatchKind.DOMAIN, to_ascii(plain))
    return Match(MatchKind.TEXT, plain)


def _domain_match(domain: str) -> Match:
    if "*" in domain:
        return Match(MatchKind.WILDCARD, f"*@{domain}")
    return Match(MatchKind.DOMAIN, domain)


def _domain(text: str, quoted: bool) -> Match:
    local, _, domain = text.strip().rpartition("@")
    if local.strip("<*"):
        raise InvalidQuery(
            "this key takes a domain, without the mailbox", suggestion=f"addr:{text.strip()}"
        )
    plain = to_ascii(domain.rstrip(">. "))
    if not plain:
        raise InvalidQuery("a domain belongs after the @")
    return Match(MatchKind.DOMAIN, plain) if quoted else _domain_match(plain)


def _phrase(text: str, quoted: bool) -> Match:
    if quoted or "*" not in text:
        return Match(MatchKind.TEXT, text)
    inner = re.sub(r"\*+", "*", f"*{text}*")  # a phrase stands anywhere
    return Match(MatchKind.WILDCARD, inner)


def _name(text: str, quoted: bool) -> Match:
    wild = "*" in text and not quoted
    return Match(MatchKind.WILDCARD if wild else MatchKind.EXACT, text)


def _lower_name(text: str, quoted: bool) -> Match:
    return _name(text.lower(), quoted)


def _host(text: str, quoted: bool) -> Match:
    return _name(text.lower() if text.isascii() else to_ascii(text), quoted)


def _relay(text: str, quoted: bool) -> Match:
    host = _host(text, quoted)  # a log writes name[address]:port, people write the name
    return host if quoted or host.kind is MatchKind.WILDCARD else Match(MatchKind.TEXT, host.text)


def _message_id(text: str, quoted: bool) -> Match:
    plain = text.strip()
    bare = plain.strip("<> ")
    if not bare:
        raise InvalidQuery("a Message-ID is empty here", suggestion=f"msgid:{EXAMPLES['msgid']}")
    whole = quoted or plain != bare or "@" in bare.strip("@")
    if "*" in bare and not quoted:
        return Match(MatchKind.WILDCARD, bare)
    return Match(MatchKind.EXACT if whole else MatchKind.TEXT, bare)


def _queue_id(text: str, quoted: bool) -> Match:
    """The id alone: results write it as host/id."""
    plain = text.strip().rpartition("/")[2].rstrip(": ")
    if not plain:
        raise InvalidQuery("a queue id is missing", suggestion=f"qid:{EXAMPLES['qid']}")
    return _name(plain, quoted)


def _status(text: str) -> tuple[Match, ...]:
    found = outcomes(text)
    if not found:
        raise InvalidQuery(
            Phrase("%(word)s is not an outcome", word=text),
            suggestion=f"status:{nearest_outcome(text)}",
        )
    return tuple(Match(MatchKind.EXACT, outcome.value) for outcome in found)


def _direction(text: str) -> tuple[Match, ...]:
    found = direction(text)
    if not found:
        raise InvalidQuery(
            "a direction is inbound, outbound, relayed or internal", suggestion="dir:inbound"
        )
    return (Match(MatchKind.EXACT, found),)


def _code(text: str) -> tuple[Match, ...]:
    plain = text.lower()
    if re.fullmatch(_CODE, plain):
        return (Match(MatchKind.EXACT, plain),)
    if start := re.fullmatch(_CODE_START, plain):
        return (Match(MatchKind.PREFIX, start[1]),)
    if start := re.fullmatch(_STATUS_START, plain):
        return (Match(MatchKind.WILDCARD, f"{start[1]}.*"),)
    raise InvalidQuery(
        "a code is three digits (550) or three numbers with dots (5.7.1); * stands for the rest",
        suggestion="code:5.*",
    )


def _tls(text: str) -> tuple[Match, ...]:
    plain = text.lower()
    found = _TLS.get(plain) or _TLS.get(re.sub(r"^(?:tls|ssl)[v ]*", "", plain))
    if found is None:
        raise InvalidQuery("tls: takes no, yes or a version", suggestion="tls:1.3")
    return (Match(MatchKind.EXACT, found),)


_READERS: dict[str, Callable[[str, bool], Match]] = {
    **dict.fromkeys(ADDRESS_KEYS, _address),
    **dict.fromkeys(DOMAIN_KEYS, _domain),
    **dict.fromkeys(("subject", "reply", "text"), _phrase),
    **dict.fromkeys(("source", "auth"), _name),
    "id": lambda text, quoted: Match(MatchKind.EXACT, text.strip()),
    **dict.fromkeys(("host", "helo"), _host),
    "cause": _lower_name,
    "relay": _relay,
    "msgid": _message_id,
    "qid": _queue_id,
}
_WORDS: dict[str, Callable[[str], tuple[Value, ...]]] = {
    "status": _status,
    "dir": _direction,
    "code": _code,
    "tls": _tls,
    "ip": read_network,
    "size": read_size,
    "delay": read_delay,
    "attempts": read_attempts,
}
