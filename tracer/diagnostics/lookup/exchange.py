"""One question to one name server, and what its response means.

This module, `datagrams`, `servers` and `adapter` alone know dnspython.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from tracer.diagnostics.lookup import datagrams
from tracer.diagnostics.lookup.answers import Answer, Answered
from tracer.diagnostics.lookup.servers import Nameserver
from tracer.diagnostics.model import Evidence, Source

if TYPE_CHECKING:
    import dns.message
    import dns.rdata

# Extended DNS errors (RFC 8914, 4) by which a resolver says that DNSSEC validation failed.
_VALIDATION_FAILED = frozenset({6, 7, 8, 9, 10, 11, 12, 25})
_WITHHELD = frozenset({4, 15, 16, 17, 18})  # forged, blocked, censored, filtered, prohibited
_SILENT, _UNCLEAR = "no answer in time", "the response could not be read"


@dataclass(frozen=True, slots=True)
class Reply:
    """What one server did with one question: a response, or none and why."""

    server: Nameserver
    response: dns.message.Message | None
    problem: str
    at_us: int
    took_ms: float

    @property
    def silent(self) -> bool:
        return self.problem == _SILENT

    @property
    def conclusive(self) -> bool:
        """Whether another server need not be asked."""
        import dns.rcode

        return self.response is not None and self.response.rcode() in (
            dns.rcode.NOERROR,
            dns.rcode.NXDOMAIN,
        )

    @property
    def errors(self) -> frozenset[int]:
        """The codes of extended DNS errors."""
        found = self.response.extended_errors() if self.response is not None else []
        return frozenset(int(error.code) for error in found)


def send(
    name: str, rdtype: str, server: Nameserver, timeout_s: float, *, unchecked: bool = False
) -> Reply:
    """Ask one server one question by UDP, by TCP if the answer is cut; never raises.

    `unchecked` sets the CD bit: a validating resolver then answers without DNSSEC validation.
    """
    at_ns, began = time.time_ns(), time.monotonic()
    response, problem = _exchange(name, rdtype, server, timeout_s, unchecked)
    took_ms = round((time.monotonic() - began) * 1000, 1)
    return Reply(server, response, problem, at_ns // 1000, took_ms)


def _exchange(
    name: str, rdtype: str, server: Nameserver, timeout_s: float, unchecked: bool
) -> tuple[dns.message.Message | None, str]:
    import dns.exception
    import dns.rcode
    import dns.rdatatype

    labels = tuple(label.encode("latin-1") for label in name.split("."))
    asked = partial(
        _asked, labels, dns.rdatatype.from_text(rdtype), server, timeout_s, unchecked=unchecked
    )
    try:
        response = asked(edns=True)
        if response.rcode() in (dns.rcode.FORMERR, dns.rcode.NOTIMP, dns.rcode.BADVERS):
            response = asked(edns=False)  # a server from before EDNS
    except (dns.exception.Timeout, TimeoutError):
        return None, _SILENT
    except OSError as error:
        return None, error.strerror or str(error)
    except (dns.exception.DNSException, EOFError, ValueError):
        return None, _UNCLEAR
    return response, ""


def _asked(
    labels: tuple[bytes, ...],
    rdtype: int,
    server: Nameserver,
    timeout_s: float,
    *,
    unchecked: bool,
    edns: bool,
) -> dns.message.Message:
    try:
        return datagrams.ask(labels, rdtype, server, timeout_s, unchecked=unchecked, edns=edns)
    except datagrams.CutShort:
        return _asked_by_tcp(labels, rdtype, server, timeout_s, unchecked=unchecked, edns=edns)


def _asked_by_tcp(
    labels: tuple[bytes, ...],
    rdtype: int,
    server: Nameserver,
    timeout_s: float,
    *,
    unchecked: bool,
    edns: bool,
) -> dns.message.Message:
    import dns.flags
    import dns.message
    import dns.name
    import dns.query
    import dns.rdatatype

    query = dns.message.make_query(
        dns.name.Name((*labels, b"")), dns.rdatatype.RdataType(rdtype),
        use_edns=0 if edns else False, want_dnssec=edns, payload=datagrams.PAYLOAD,
    )  # fmt: skip
    query.flags |= dns.flags.AD | (dns.flags.CD if unchecked else 0)
    return dns.query.tcp(query, server.address, timeout_s, server.port)


def read(name: str, rdtype: str, reply: Reply, note: str = "") -> Answer:
    """What the reply says about the name; `note` goes before what the server notes itself."""
    import dns.exception
    import dns.flags
    import dns.rcode

    response = reply.response
    if response is None:
        return _told(name, rdtype, reply, Answered.TEMPORARY, note=note or reply.problem)
    notes = [note, *_extended_errors(response)]
    rcode = response.rcode()
    if not reply.conclusive:
        failed = bool(reply.errors & _VALIDATION_FAILED)
        outcome = Answered.BOGUS if failed else Answered.TEMPORARY
        return _told(name, rdtype, reply, outcome, note=_join([dns.rcode.to_text(rcode), *notes]))
    try:
        chain = response.resolve_chaining()  # type: ignore[attr-defined]
    except dns.exception.DNSException:
        return _told(name, rdtype, reply, Answered.TEMPORARY, note=_UNCLEAR)
    if chain.answer is not None:
        outcome = Answered.ANSWER
    elif reply.errors & _WITHHELD:
        outcome = Answered.TEMPORARY  # that a filter says no tells nothing about the name
    elif rcode == dns.rcode.NXDOMAIN:
        outcome = Answered.NXDOMAIN
    else:
        outcome = Answered.NODATA
    return _told(
        name,
        rdtype,
        reply,
        outcome,
        records=tuple(_text(record) for record in chain.answer or ()),
        canonical=_plain(chain.canonical_name) if chain.cnames else "",
        ttl_s=_ttl(response, chain),
        authenticated=bool(response.flags & dns.flags.AD),
        note=_join(notes),
    )


def is_cut_short(reply: Reply) -> bool:
    """Whether the answer ends at a CNAME whose target the server did not look up.

    A recursive server follows it; one that knows only its own zones may leave that to us. A
    SOA in the answer says that the end was reached and has no such record.
    """
    import dns.rdatatype

    assert reply.response is not None
    ends = any(rrset.rdtype == dns.rdatatype.SOA for rrset in reply.response.authority)
    return not ends and bool(reply.response.answer)


def _told(
    name: str,
    rdtype: str,
    reply: Reply,
    outcome: Answered,
    *,
    records: tuple[str, ...] = (),
    canonical: str = "",
    ttl_s: int | None = None,
    authenticated: bool = False,
    note: str = "",
) -> Answer:
    evidence = Evidence(
        source=Source.DNS,
        question=f"{name} {rdtype}",
        answer="\n".join(records),
        server=str(reply.server),
        outcome=outcome.value,
        ttl_s=ttl_s,
        at_us=reply.at_us,
        took_ms=reply.took_ms,
        authenticated=authenticated,
        note=note,
    )
    return Answer(
        name=name,
        rdtype=rdtype,
        outcome=outcome,
        records=records,
        canonical=canonical,
        ttl_s=ttl_s,
        evidence=evidence,
    )


def _ttl(response: dns.message.Message, chain: object) -> int | None:
    """The shortest TTL; none where a negative answer carries no SOA and so is not kept."""
    import dns.message
    import dns.rdatatype

    assert isinstance(chain, dns.message.ChainingResult)
    soa = any(rrset.rdtype == dns.rdatatype.SOA for rrset in response.authority)
    if chain.answer is not None or soa:
        return chain.minimum_ttl
    return min((rrset.ttl for rrset in chain.cnames), default=None)


def _text(record: dns.rdata.Rdata) -> str:
    strings = getattr(record, "strings", None)
    return b"".join(strings).decode("latin-1") if strings is not None else record.to_text()


def _plain(name: object) -> str:
    return str(name).removesuffix(".").lower()


def _extended_errors(response: dns.message.Message) -> list[str]:
    return [error.to_text() for error in response.extended_errors()]


def _join(notes: list[str]) -> str:
    return "; ".join(note for note in notes if note)
