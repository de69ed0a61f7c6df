"""One question to one name server, and what its response means.

This module, `responses`, `datagrams`, `servers` and `adapter` alone know dnspython.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING

from tracer.diagnostics.lookup import datagrams
from tracer.diagnostics.lookup.answers import Answer, Answered
from tracer.diagnostics.lookup.responses import Response, read_message
from tracer.diagnostics.lookup.servers import Nameserver
from tracer.diagnostics.model import Evidence, Source

if TYPE_CHECKING:
    import dns.message

_NOERROR, _FORMERR, _NXDOMAIN, _NOTIMP, _BADVERS = 0, 1, 3, 4, 16
# Extended DNS errors (RFC 8914, 4) by which a resolver says that DNSSEC validation failed.
_VALIDATION_FAILED = frozenset({6, 7, 8, 9, 10, 11, 12, 25})
_WITHHELD = frozenset({4, 15, 16, 17, 18})  # forged, blocked, censored, filtered, prohibited
_SILENT, _UNCLEAR = "no answer in time", "the response could not be read"


@dataclass(frozen=True, slots=True)
class Reply:
    """What one server did with one question: a response, or none and why."""

    server: Nameserver
    response: Response | None
    problem: str
    at_us: int
    took_ms: float

    @property
    def silent(self) -> bool:
        return self.problem == _SILENT

    @property
    def conclusive(self) -> bool:
        """Whether another server need not be asked."""
        return self.response is not None and self.response.rcode in (_NOERROR, _NXDOMAIN)

    @property
    def errors(self) -> frozenset[int]:
        """The codes of extended DNS errors."""
        return self.response.errors if self.response is not None else frozenset()


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
) -> tuple[Response | None, str]:
    labels = tuple(label.encode("latin-1") for label in name.split("."))
    asked = partial(_asked, labels, rdtype, server, timeout_s, unchecked=unchecked)
    try:
        response = asked(edns=True)
        if response.rcode in (_FORMERR, _NOTIMP, _BADVERS):
            response = asked(edns=False)  # a server from before EDNS
    except TimeoutError:
        return None, _SILENT
    except OSError as error:
        return None, error.strerror or str(error)
    except (EOFError, ValueError):
        return None, _UNCLEAR
    return response, ""


def _asked(
    labels: tuple[bytes, ...],
    rdtype: str,
    server: Nameserver,
    timeout_s: float,
    *,
    unchecked: bool,
    edns: bool,
) -> Response:
    number = _number_of(rdtype)
    try:
        return datagrams.ask(labels, number, server, timeout_s, unchecked=unchecked, edns=edns)
    except datagrams.CutShort:
        message = _asked_by_tcp(labels, number, server, timeout_s, unchecked=unchecked, edns=edns)
        return read_message(message)


@cache
def _number_of(rdtype: str) -> int:
    import dns.rdatatype

    return int(dns.rdatatype.from_text(rdtype))


def _asked_by_tcp(
    labels: tuple[bytes, ...],
    rdtype: int,
    server: Nameserver,
    timeout_s: float,
    *,
    unchecked: bool,
    edns: bool,
) -> dns.message.Message:
    """Raises what `datagrams.ask` raises, and ValueError for what cannot be read."""
    import dns.exception
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
    try:
        return dns.query.tcp(query, server.address, timeout_s, server.port)
    except dns.exception.Timeout as error:
        raise TimeoutError from error
    except dns.exception.DNSException as error:
        raise ValueError(str(error)) from error


def read(name: str, rdtype: str, reply: Reply, note: str = "") -> Answer:
    """What the reply says about the name; `note` goes before what the server notes itself."""
    response = reply.response
    if response is None:
        return _told(name, rdtype, reply, Answered.TEMPORARY, note=note or reply.problem)
    notes = [note, *response.error_texts]
    if not reply.conclusive:
        failed = bool(response.errors & _VALIDATION_FAILED)
        outcome = Answered.BOGUS if failed else Answered.TEMPORARY
        code = _name_of(response.rcode)
        return _told(name, rdtype, reply, outcome, note=_join([code, *notes]))
    if response.is_unclear:
        return _told(name, rdtype, reply, Answered.TEMPORARY, note=_UNCLEAR)
    if response.records is not None:
        outcome = Answered.ANSWER
    elif response.errors & _WITHHELD:
        outcome = Answered.TEMPORARY  # that a filter says no tells nothing about the name
    elif response.rcode == _NXDOMAIN:
        outcome = Answered.NXDOMAIN
    else:
        outcome = Answered.NODATA
    return _told(
        name,
        rdtype,
        reply,
        outcome,
        records=response.records or (),
        canonical=response.canonical,
        ttl_s=response.ttl_s,
        authenticated=response.is_authenticated,
        note=_join(notes),
    )


def _name_of(rcode: int) -> str:
    import dns.rcode

    return dns.rcode.to_text(dns.rcode.Rcode.make(rcode))


def is_cut_short(reply: Reply) -> bool:
    """Whether the answer ends at a CNAME whose target the server did not look up.

    A recursive server follows it; one that knows only its own zones may leave that to us. A
    SOA in the answer says that the end was reached and has no such record.
    """
    return reply.response is not None and reply.response.is_open


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


def _join(notes: list[str]) -> str:
    return "; ".join(note for note in notes if note)
