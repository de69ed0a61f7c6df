"""A Lookup in the shape of a name server of dnspython, for libraries that ask by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tracer.diagnostics.lookup.answers import Answer, Answered
from tracer.diagnostics.lookup.facade import Lookup

if TYPE_CHECKING:
    import dns.message
    import dns.nameserver
    import dns.rdata


def nameserver_of(lookup: Lookup, asked: list[Answer]) -> dns.nameserver.Nameserver:
    """A name server that asks `lookup` and notes each answer in `asked`.

    What the Lookup could not find out is SERVFAIL. A TXT record comes in strings of 255
    octets, whatever its own were.
    """
    import dns.nameserver

    class Adapter(dns.nameserver.Nameserver):
        def __init__(self) -> None:
            """Needs no address."""

        def __str__(self) -> str:
            return "lookup"

        def kind(self) -> str:
            return "lookup"

        def is_always_max_size(self) -> bool:
            return True  # never cut, so never asked again by TCP

        def answer_nameserver(self) -> str:
            return "lookup"

        def answer_port(self) -> int:
            return 0

        def query(
            self, request: dns.message.Message, *args: Any, **more: Any
        ) -> dns.message.Message:
            question = request.question[0]
            name = ".".join(label.decode("latin-1") for label in question.name.labels[:-1])
            answer = lookup.ask(name, question.rdtype.name)
            asked.append(answer)
            return _response(request, answer)

    return Adapter()


def _response(request: dns.message.Message, answer: Answer) -> dns.message.Message:
    import dns.flags
    import dns.message
    import dns.rcode

    response = dns.message.make_response(request, recursion_available=True)
    if not answer.known:
        response.set_rcode(dns.rcode.SERVFAIL)
    elif answer.outcome is Answered.NXDOMAIN:
        response.set_rcode(dns.rcode.NXDOMAIN)
    if answer.authenticated:
        response.flags |= dns.flags.AD
    question = request.question[0]
    if answer.records:
        rrset = response.find_rrset(
            response.answer, question.name, question.rdclass, question.rdtype, create=True
        )
        for text in answer.records:
            rrset.add(_record(answer.rdtype, text), answer.ttl_s or 0)
    return response


def _record(rdtype: str, text: str) -> dns.rdata.Rdata:
    import dns.rdata
    import dns.rdataclass
    import dns.rdatatype
    from dns.rdtypes.ANY.TXT import TXT

    kind = dns.rdatatype.from_text(rdtype)
    if kind not in (dns.rdatatype.TXT, dns.rdatatype.SPF):
        return dns.rdata.from_text(dns.rdataclass.IN, kind, text)
    octets = text.encode("latin-1")
    pieces = [octets[at : at + 255] for at in range(0, len(octets) or 1, 255)]
    return TXT(dns.rdataclass.IN, kind, pieces)
