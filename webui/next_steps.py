"""What to try after a search: the key that was meant, less of an address, a diagnosis."""

from __future__ import annotations

import re

from tracer.errors import Phrase
from tracer.query import Match, MatchKind, SearchQuery, Term, terms
from webui.asking import Asked

FIELDS = {
    "from": "sender",
    "fromdomain": "sender",
    "to": "recipient",
    "todomain": "recipient",
    "addr": "recipient",
    "domain": "recipient",
}
"""Keys of the query and the field of a diagnosis that they fill."""


def meant(hint: Phrase, search: Asked) -> Asked | None:
    """The search with the key that a hint offers in place of an unknown one; None without one."""
    word, near = str(hint.params.get("word", "")), hint.params.get("near")
    if not word or not near:
        return None
    q = re.sub(rf"(?<!\w){re.escape(word)}:", f"{near}:", search.q, flags=re.IGNORECASE)
    return search.first_page(q=q) if q != search.q else None


def wider(search: Asked, query: SearchQuery) -> Asked | None:
    """The same search for the part before the @ of its first whole address; None without one."""
    for _, match in _named(query):
        name = match.text.partition("@")[0]
        at = re.search(rf'(?<!"){re.escape(match.text)}(?!")', search.q, re.IGNORECASE)
        if match.kind is MatchKind.EXACT and name and at:
            return search.first_page(q=f"{search.q[: at.start()]}{name}@{search.q[at.end() :]}")
    return None


def pair(query: SearchQuery) -> dict[str, str]:
    """The sender and the recipient that the query names, as fields of a diagnosis."""
    fields: dict[str, str] = {}
    for key, match in _named(query):
        field = FIELDS[key]
        other = "sender" if field == "recipient" and key in ("addr", "domain") else field
        fields.setdefault(field if field not in fields else other, match.text)
    return {name: fields[name] for name in ("sender", "recipient") if name in fields}


def _named(query: SearchQuery) -> list[tuple[str, Match]]:
    """(key, value) of the conditions that name one address or one domain."""
    return [
        (term.key, value)
        for term in terms(query.where)
        if isinstance(term, Term) and term.key in FIELDS and len(term.values) == 1
        for value in term.values
        if isinstance(value, Match) and _is_whole(value)
    ]


def _is_whole(match: Match) -> bool:
    if match.kind is MatchKind.DOMAIN:
        return "." in match.text and "*" not in match.text
    return match.kind is MatchKind.EXACT and "@" in match.text
