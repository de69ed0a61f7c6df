"""The particulars of a reply: which list, which address, which limit, how long to wait.

They make a card concrete ("on zen.spamhaus.org") but never decide the cause. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

_OCTETS = {"": 1, "b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}

_LIST = re.compile(
    r"(?:blocked (?:using|by|at)|listed (?:in|on|by|at)|found (?:in|on)|rbl:?|dnsbl:?) +"
    r"(?:the +)?(?:https?://)?((?:[a-z0-9_-]+\.)+[a-z]{2,})",
    re.I,
)
_OPERATOR = re.compile(
    r"\b(dbl\.spamhaus\.org|[a-z]+\.spamhaus\.org|spamhaus|spamcop|barracudacentral|sorbs|uribl|surbl|cloudmark|abusix"
    r"|S3140|S3150|BL2[13])\b",
    re.I,
)
_IP = re.compile(
    r"(?<![\d.])((?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3})(?![\d.]*\d)"
    r"|\[((?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4})\]",
    re.I,
)
_LIMIT = re.compile(
    r"(?:limit|maximum|exceeds|max\b|size)[^\d]{0,40}?"
    r"(\d+(?:\.\d+)?) ?([kmg])?(?:i?b|bytes|octets)?\b",
    re.I,
)
_SIZES = re.compile(r"message size (\d+) exceeds size limit (\d+)", re.I)
_RETRY = re.compile(
    r"(?:retry|try again|come back|greylisted|wait|in|for|after)[^\d\n]{0,30}?"
    r"\b(\d{1,5}) ?(s|sec|m|min|h|hr|seconds?|minutes?|hours?|days?)\b(?! old)",
    re.I,
)
_QUEUED = re.compile(
    r"(?:queued (?:mail )?(?:as|for delivery as)|\bid=|internalid=|ok:? +id=)\s*<?([\w.+-]{5,})",
    re.I,
)
_MOVED = re.compile(
    r"(?:try|moved to|new address|forward to)[^<@]{0,30}<?([\w.+-]+@[\w.-]+\w)", re.I
)
_TOKEN = re.compile(
    r"(?<![\w/.])(?:\(|\[|#)?((?:TSS?\d\d|BL2[13]|PH01|CS01|HM08|[STX][CR]-00\d|RP-00\d|OU-00\d|DY-00\d"
    r"|S\d{3,5}|AS\(?\d{3,12}\)?|OFR\d*_\d{3}|LPN\d*_\d{3}|IB\d{3}|(?:DT|HL|MI|RP|WM|IP):[A-Z]{3}"
    r"|ERS-[A-Z]{3}|AUP#[\w-]+|RCP-[PT]\d|RESOLVER(?:\.\w+)+|TRANSPORT(?:\.\w+)+|STOREDRV(?:\.\w+)+"
    r"|NoSuchUser|DisabledUser|OverQuota\w+|ReceivingRate\w*|Unsolicited\w+))(?![\w.])"
)
_URL = re.compile(r"https?://[^\s<>\"'()\[\]]+[\w/]", re.I)
_DOMAIN = re.compile(
    r"(?:domain|domaine|домен\w*|due to|per|for|of) +[<\[(\"']?"
    r"((?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,})",
    re.I,
)
# Which of our rules spoke, as its setting is called (Postfix postconf(5), smtpd(8), cleanup(8)).
_RULES = (
    ("client host rejected", "smtpd_client_restrictions"),
    ("helo command rejected", "smtpd_helo_restrictions"),
    ("sender address rejected", "smtpd_sender_restrictions"),
    ("recipient address rejected", "smtpd_recipient_restrictions"),
    ("data command rejected", "smtpd_data_restrictions"),
    ("end-of-data rejected", "smtpd_end_of_data_restrictions"),
    ("milter", "milter"),
    ("header_checks", "header_checks"),
    ("header check", "header_checks"),
    ("body_checks", "body_checks"),
    ("body check", "body_checks"),
    ("suppression list", "suppression list"),
    ("suppressed", "suppression list"),
)
_METHODS = ("dmarc", "spf", "dkim", "arc")
_SAYS_IP = ("ip_blocklisted", "low_reputation", "reverse_dns", "rate_limited", "sender_auth_failed")


def facets(cause: str, reply: str, variant: str = "", stage: str = "") -> dict[str, str]:
    """What a reply tells beside its cause; only what was found.

    Keys: `ip`, `domain`, `list`, `limit_octets`, `size_octets`, `retry_after_s`, `method`
    (dmarc spf dkim arc), `new_address`, `rule` (the setting of ours that spoke), `token`
    (the provider's own code), `url`, `stage` (the command it answers), `variant`.
    Numbers are decimal text.
    """
    found = {"variant": variant} if variant else {}
    if cause in _SAYS_IP:
        found |= _address(reply)
    for causes, read in _READ:
        if cause in causes:
            found |= read(reply)
    found |= _first("token", _TOKEN, reply) | _first("url", _URL, reply)
    return found | ({"stage": stage} if stage else {})


def _first(name: str, pattern: re.Pattern[str], reply: str) -> dict[str, str]:
    """What the first group of a pattern finds, or the whole, under a name."""
    found = pattern.search(reply)
    return {name: found[1] if found.re.groups else found[0]} if found else {}


def _method(reply: str) -> dict[str, str]:
    said = reply.lower()
    name = next((name for name in _METHODS if name in said), "")
    return {"method": name} if name else {}


def _rule(reply: str) -> dict[str, str]:
    said = reply.lower()
    name = next((name for words, name in _RULES if words in said), "")
    return {"rule": name} if name else {}


def next_queue_id(reply: str) -> str:
    """The number that the next server gave the message in its 250 reply, or ""."""
    found = _QUEUED.search(reply)
    return found[1].rstrip(".") if found else ""


def _address(reply: str) -> dict[str, str]:
    """Our own address as the other side saw it; the server's own stands before "said:"."""
    said = reply.partition("said: ")[2] or reply.partition("talk to me: ")[2] or reply
    found = _IP.search(said)
    return {"ip": found[1] or found[2]} if found else {}


def _list(reply: str) -> dict[str, str]:
    found = _LIST.search(reply) or _OPERATOR.search(reply)
    return {"list": found[1]} if found else {}


def _sizes(reply: str) -> dict[str, str]:
    both = _SIZES.search(reply)
    if both:
        return {"size_octets": both[1], "limit_octets": both[2]}
    found = _LIMIT.search(reply)
    if not found:
        return {}
    return {"limit_octets": str(int(float(found[1]) * _OCTETS[(found[2] or "").lower()]))}


def _domain(reply: str) -> dict[str, str]:
    found = _DOMAIN.search(reply)
    return {"domain": found[1].lower()} if found else {}


def _wait(reply: str) -> dict[str, str]:
    found = _RETRY.search(reply)
    return {"retry_after_s": str(int(found[1]) * _SECONDS[found[2][0].lower()])} if found else {}


_READ: tuple[tuple[tuple[str, ...], Callable[[str], dict[str, str]]], ...] = (
    (("ip_blocklisted", "domain_blocklisted"), _list),
    (("message_too_large",), _sizes),
    (("greylisted", "rate_limited", "remote_system_error"), _wait),
    (("sender_auth_failed",), _method),
    (
        ("sender_auth_failed", "domain_blocklisted", "domain_not_found", "sender_rejected"),
        _domain,
    ),
    (("local_policy",), _rule),
    (("recipient_moved",), partial(_first, "new_address", _MOVED)),
)
