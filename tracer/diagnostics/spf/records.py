"""Finding a domain's SPF record and taking it apart, without evaluating it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tracer.diagnostics.lookup import Answer, Lookup, ascii_name
from tracer.diagnostics.spf.model import permanent, temporary

# RFC 7208, 7.1; delimiters, digits and r are all optional.
_MACRO = re.compile(r"%\{[slodiphcrtv](?:0*[1-9]\d*)?r?[-.+,/_=]*\}|%%|%_|%-", re.IGNORECASE)
_MODIFIER = re.compile(r"([a-z][a-z0-9_.-]*)=(.*)", re.IGNORECASE | re.DOTALL)
_EVER_LOOKED_UP = ("include", "a", "mx", "ptr", "exists")
_UNUSABLE = re.compile(r"[^\x21-\x7e]")


@dataclass(frozen=True, slots=True)
class Record:
    """A domain's one SPF record; text "" where it has none."""

    domain: str
    text: str
    answer: Answer


def fetch(lookup: Lookup, domain: str) -> Record | None:
    """The record of `domain` (RFC 7208, 4.3 to 4.5); None for what cannot have one.

    That is a name of one label, an address in brackets, a name that DNS does not allow.
    Raises SpfTrouble if DNS fails, or there are several records, or it is not ASCII.
    """
    if "." not in domain.strip(".") or domain.startswith("[") or domain.endswith("."):
        return None
    if ascii_name(domain) is None:
        return None
    answer = lookup.ask(domain, "TXT")
    if not answer.known:
        raise temporary(f"DNS does not answer for {domain}: {answer.evidence.note}")
    found = spf_records(answer)
    if len(found) > 1:
        raise permanent("several_records", f"{domain} has {len(found)} SPF records")
    if found and not found[0].isascii():
        raise permanent("syntax", f"the record of {domain} has characters beyond ASCII")
    return Record(domain, found[0] if found else "", answer)


def spf_records(answer: Answer) -> list[str]:
    """Those of TXT records that are SPF's (4.5)."""
    return [text for text in answer.records if text.lower() == "v=spf1" or _begins(text)]


def _begins(text: str) -> bool:
    return text[:7].lower() == "v=spf1 "


def terms_of(record: str) -> list[str]:
    """The terms after the version; only spaces divide them (4.6.1)."""
    return [term for term in record[len("v=spf1") :].split(" ") if term]


def modifier(term: str) -> tuple[str, str] | None:
    """Name in lower case and value of a modifier; None for a mechanism."""
    found = _MODIFIER.fullmatch(term)
    return (found[1].lower(), found[2]) if found else None


def mechanism(term: str) -> str:
    """Name of a mechanism in lower case, whether or not it exists."""
    return re.split(r"[:/]", term.lstrip("+-?~"), maxsplit=1)[0].lower()


def kind_of(term: str) -> str:
    """What a term is: the name of its mechanism or modifier."""
    named = modifier(term)
    return named[0] if named else mechanism(term)


def asks_dns(kind: str) -> bool:
    """Whether a term of this kind counts against the limit of lookups (4.6.4)."""
    return kind in _EVER_LOOKED_UP or kind == "redirect"


def value_of(term: str) -> str:
    """The domain that a term names, "" for its own domain; without prefix lengths."""
    if named := modifier(term):
        return named[1]
    value = term.partition(":")[2] if ":" in term else ""
    return re.sub(r"(/\d+)?(//\d+)?$", "", value)


def check_characters(term: str) -> None:
    """Raise SpfTrouble for a macro that cannot be read, or a character that may not stand."""
    if _UNUSABLE.search(term):
        raise permanent("syntax", f"“{term}” has a character that may not stand there", term)
    if "%" in _MACRO.sub("", term):
        raise permanent("syntax", f"the macro in “{term}” cannot be read", term)


def has_macro(text: str) -> bool:
    return "%" in text
