"""What the headers of a received message say: its way, who vouched for it, whose list it is from.

Any server on the way may have forged what it found below its own lines; the reader is told.
Nothing here is verified or stored: `mailtracer verify` checks signatures.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tracer.notices import Headers, TrailHop
from tracer.notices.decode import header_text
from tracer.notices.fields import Fields, addresses, split_message
from tracer.notices.read import headers_of
from tracer.notices.trail import read_trail

LONGEST = 64 * 1024  # characters of pasted headers
MOST = 20  # signatures, results of one kind
_COMMENT = re.compile(r"\([^()]*\)")
_APART = re.compile(r";(?![^()]*\))")  # not within a comment
_RESULT = re.compile(r"^([a-z0-9_-]+)\s*(?:/\d+)?\s*=\s*([a-z]+)", re.I)
_PROPERTY = re.compile(r"\b([a-z]+\.[a-z0-9_-]+)\s*=\s*(\"[^\"]*\"|\S+)", re.I)
_TAG = re.compile(r"\s*([a-z][a-z0-9_]*)\s*=\s*([^;]*)", re.I)
_SPF = re.compile(r"^\s*([a-z]+)", re.I)
_SPF_PAIR = re.compile(r"\b([a-z-]+)=(\"[^\"]*\"|[^\s;]+)", re.I)
_GOOD = frozenset({"pass"})
_BAD = frozenset({"fail", "permerror", "policy"})
_DOUBTED = frozenset({"softfail", "temperror"})
_LISTS = ("list-id", "list-unsubscribe", "list-unsubscribe-post", "list-post", "list-owner",
          "list-help", "list-subscribe", "list-archive", "feedback-id", "precedence")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Result:
    """One method's result as a server wrote it (RFC 8601): `dkim=pass header.d=a.example`."""

    server: str
    method: str
    result: str
    properties: tuple[tuple[str, str], ...] = ()
    comment: str = ""
    instance: str = ""  # of an ARC set

    @property
    def tone(self) -> str:
        """The tone of the result."""
        return tone(self.result)


@dataclass(frozen=True, slots=True)
class Signature:
    """A DKIM or ARC signature's tags that people look at."""

    domain: str
    selector: str
    algorithm: str
    signed: str  # names of headers
    instance: str = ""
    validation: str = ""  # cv= of an ARC seal
    has_length: bool = False  # l=: text may have been added below what is signed


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything the page shows."""

    headers: Headers
    return_path: str
    trail: tuple[TrailHop, ...]
    total_s: float | None
    results: tuple[Result, ...]
    spf: tuple[Result, ...]
    signatures: tuple[Signature, ...]
    seals: tuple[Signature, ...]
    arc_results: tuple[Result, ...]
    lists: tuple[tuple[str, str], ...]

    @property
    def is_empty(self) -> bool:
        """Whether the text held no headers of a message at all."""
        return not (self.trail or self.headers.message_id or self.results or self.headers.sender)

    @property
    def border(self) -> tuple[str, str]:
        """Address and name of the host that brought the message to the receiving side, as
        Received-SPF has it; else those of the newest hop that names an address."""
        for one in self.spf:
            if ip := dict(one.properties).get("client-ip", ""):
                return ip, dict(one.properties).get("helo", "")
        newest = next((hop for hop in reversed(self.trail) if hop.ip), None)
        return (newest.ip, newest.client) if newest else ("", "")

    @property
    def selectors(self) -> tuple[str, ...]:
        """The selectors of the signatures by the domain of From:."""
        domain = self.headers.sender.rpartition("@")[2].lower()
        own = [one.selector for one in self.signatures if _is_of(domain, one.domain)]
        return tuple(dict.fromkeys(own))


def read_headers(text: str) -> Reading:
    """What pasted headers say; a body below them is not looked at. Never raises."""
    fields, _ = split_message(text[:LONGEST].encode("utf-8", "replace").decode("latin-1"))
    trail = read_trail(fields)
    times = [hop.at_us for hop in trail if hop.at_us is not None]
    path = addresses(fields.raw("return-path"))
    return Reading(
        headers=headers_of(fields),
        return_path=path[0] if path else "",
        trail=trail,
        total_s=(times[-1] - times[0]) / 1e6 if len(times) > 1 else None,
        results=tuple(_results(fields, "authentication-results"))[:MOST],
        spf=tuple(_spf(value) for value in _values(fields, "received-spf")),
        signatures=tuple(_signatures(fields, "dkim-signature")),
        seals=tuple(_signatures(fields, "arc-seal")),
        arc_results=tuple(_results(fields, "arc-authentication-results"))[:MOST],
        lists=tuple((name, fields.text(name)[:500]) for name in _LISTS if name in fields),
    )


def tone(result: str) -> str:
    """good, wait, bad or mute for the word of a result."""
    word = result.lower()
    return "good" if word in _GOOD else "bad" if word in _BAD else (
        "wait" if word in _DOUBTED else "mute"
    )  # fmt: skip


def _values(fields: Fields, name: str) -> list[str]:
    return [header_text(value[:4000]) for value in fields.all(name)[:MOST]]


def _results(fields: Fields, name: str) -> Iterable[Result]:
    for value in _values(fields, name):
        instance = ""
        server, *parts = _APART.split(value)
        if arc := re.match(r"\s*i\s*=\s*(\d+)\s*$", server):
            instance = arc[1]
            server = parts.pop(0) if parts else ""
        for part in parts:
            yield from _result(server.split()[0] if server.split() else "", part, instance)


def _result(server: str, part: str, instance: str) -> Iterable[Result]:
    comments = _COMMENT.findall(part)
    plain = _COMMENT.sub(" ", part).strip()
    found = _RESULT.match(plain)
    if found:
        said = tuple((name, value.strip('"')) for name, value in _PROPERTY.findall(plain))
        comment = comments[0][1:-1].strip() if comments else ""
        yield Result(server, found[1].lower(), found[2].lower(), said, comment, instance)


def _spf(value: str) -> Result:
    """`pass (corp.example: domain of a@b designates …) client-ip=…;` (RFC 7208, 9.1)."""
    comments = _COMMENT.findall(value)
    plain = _COMMENT.sub(" ", value)
    word = _SPF.match(plain)
    said = tuple((name, held.strip('"')) for name, held in _SPF_PAIR.findall(plain))
    comment = comments[0][1:-1].strip() if comments else ""
    receiver = dict(said).get("receiver", "")
    return Result(receiver, "spf", word[1].lower() if word else "", said, comment)


def _signatures(fields: Fields, name: str) -> Iterable[Signature]:
    for value in _values(fields, name):
        tags = _tags(value)
        yield Signature(
            domain=tags.get("d", "").lower(),
            selector=tags.get("s", ""),
            algorithm=tags.get("a", ""),
            signed=tags.get("h", "").replace(" ", "").replace(":", ", "),
            instance=tags.get("i", "") if name.startswith("arc") else "",
            validation=tags.get("cv", ""),
            has_length="l" in tags,
        )


def _tags(value: str) -> Mapping[str, str]:
    return {name.lower(): held.strip() for name, held in _TAG.findall(value)}


def _is_of(domain: str, signer: str) -> bool:
    """Whether one of the two is the other or above it; enough to choose what to test."""
    return bool(domain and signer) and (
        domain == signer or domain.endswith(f".{signer}") or signer.endswith(f".{domain}")
    )
