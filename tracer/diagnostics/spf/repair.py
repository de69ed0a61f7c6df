"""Corrected SPF records, to be pasted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import ip_address

from tracer.diagnostics.spf.records import kind_of, modifier, terms_of

_VERSION = "v=spf1"


def new_record(ips: Iterable[str]) -> str:
    """A first record for a domain whose mail comes from its MX hosts and from `ips`."""
    return _joined(["mx", *map(_term, ips), "~all"])


def allowing(record: str, ip: str) -> str:
    """The record with one more address, before anything that could turn it away."""
    terms = terms_of(record)
    return _joined([_term(ip), *terms])


def without(record: str, *unwanted: str) -> str:
    """The record without these terms, as written."""
    return _joined(term for term in terms_of(record) if term not in unwanted)


def ending(record: str, end: str = "~all") -> str:
    """The record with another `all` at its end, and nothing after it that never counts."""
    terms = [term for term in terms_of(record) if kind_of(term) not in ("all", "redirect")]
    kept = [term for term in terms if modifier(term) is None]
    modifiers = [term for term in terms if modifier(term) is not None]
    return _joined([*kept, end, *modifiers])


def up_to_all(record: str) -> str:
    """The record without mechanisms after `all`, which are never reached."""
    terms, kept, ended = terms_of(record), [], False
    for term in terms:
        if not ended or modifier(term) is not None:
            kept.append(term)
        ended = ended or kind_of(term) == "all"
    return _joined(kept)


def merged(records: Sequence[str]) -> str:
    """One record of several: every mechanism once, and the mildest end."""
    terms = [term for record in records for term in terms_of(record)]
    ends = [term for term in terms if kind_of(term) == "all"]
    others = [term for term in terms if kind_of(term) not in ("all", "redirect")]
    end = "-all" if ends and all(term == "-all" for term in ends) else "~all"
    return _joined([*dict.fromkeys(others), end])


def _term(ip: str) -> str:
    return f"ip{ip_address(ip).version}:{ip}"


def _joined(terms: Iterable[str]) -> str:
    return " ".join([_VERSION, *terms])
