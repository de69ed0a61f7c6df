"""Responses read from octets: the same as dnspython reads, or left to it."""

from __future__ import annotations

import random

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest

from tracer.diagnostics.lookup.responses import Response, read_message, read_octets

SOA = "example.com. 900 IN SOA ns.example.com. root.example.com. 1 2 3 4 600"
RRSIG = "www.example.com. 300 IN RRSIG A 13 3 300 20300101000000 20200101000000 1 example.com. AAAA"


def response(name: str, rdtype: str, *lines: str, ends: str = "", nxdomain: bool = False) -> bytes:
    """The octets of a response; `lines` stand in its answer, `ends` in its authority."""
    message = dns.message.make_response(
        dns.message.make_query(name, rdtype, use_edns=0, want_dnssec=True)
    )
    for section, texts in ((message.answer, lines), (message.authority, (ends,) if ends else ())):
        for text in texts:
            owner, ttl, rdclass, kind, data = text.split(" ", 4)
            section.append(dns.rrset.from_text(owner, int(ttl), rdclass, kind, data))
    if nxdomain:
        message.set_rcode(dns.rcode.NXDOMAIN)
    message.flags |= dns.flags.AD
    return message.to_wire()


def kind(name: str) -> int:
    return int(dns.rdatatype.from_text(name))


def by_dnspython(wire: bytes) -> Response:
    return read_message(dns.message.from_wire(wire))


ORDINARY = {
    "A": response("www.example.com.", "A", "www.example.com. 300 IN A 192.0.2.1", RRSIG),
    "several A": response(
        "www.example.com.", "A", "www.example.com. 300 IN A 192.0.2.1",
        "www.example.com. 60 IN A 192.0.2.2", "www.example.com. 300 IN A 192.0.2.1",
    ),
    "AAAA": response("a.example.com.", "AAAA", "a.example.com. 5 IN AAAA 2001:db8::1"),
    "mapped": response("a.example.com.", "AAAA", "a.example.com. 5 IN AAAA ::ffff:192.0.2.1"),
    "MX": response(
        "example.com.", "MX", "example.com. 5 IN MX 10 mx.Example.com.",
        "example.com. 5 IN MX 20 mx2.other.example.",
    ),
    "null MX": response("example.com.", "MX", "example.com. 5 IN MX 0 ."),
    "TXT": response("example.com.", "TXT", 'example.com. 5 IN TXT "v=spf1 " "a:\\208\\159 -all"'),
    "empty TXT": response("example.com.", "TXT", 'example.com. 5 IN TXT ""'),
    "PTR": response("1.2.0.192.in-addr.arpa.", "PTR", "1.2.0.192.in-addr.arpa. 9 IN PTR mx.a.b."),
    "alias": response(
        "x.example.com.", "A", "x.example.com. 30 IN CNAME y.example.com.",
        "y.example.com. 20 IN CNAME Z.Other.example.", "z.other.example. 90 IN A 192.0.2.9",
    ),
    "alias to nothing": response(
        "x.example.com.", "A", "x.example.com. 30 IN CNAME y.example.com.", ends=SOA
    ),
    "alias left open": response("x.example.com.", "A", "x.example.com. 30 IN CNAME y.other.org."),
    "no data": response("www.example.com.", "MX", ends=SOA),
    "no name": response("nope.example.com.", "TXT", ends=SOA, nxdomain=True),
    "no name of the root": response(
        "nope.", "A", ends=". 86400 IN SOA a.root. nstld.root. 1 2 3 4 86400", nxdomain=True
    ),
    "nothing at all": response("www.example.com.", "A"),
}  # fmt: skip
TYPES = {"several A": "A", "mapped": "AAAA", "null MX": "MX", "empty TXT": "TXT", "no data": "MX",
         "no name": "TXT"}  # fmt: skip


def type_of(name: str) -> int:
    return kind(TYPES.get(name, name if name in ("A", "AAAA", "MX", "TXT", "PTR") else "A"))


@pytest.mark.parametrize("name", ORDINARY)
def test_an_ordinary_response_is_read_as_dnspython_reads_it(name: str) -> None:
    wire = ORDINARY[name]
    assert read_octets(wire, type_of(name)) == by_dnspython(wire)


UNUSUAL = {
    "another type": response(
        "_25._tcp.example.com.", "TLSA", "_25._tcp.example.com. 9 IN TLSA 3 1 0 aa"
    ),
    "an odd character": response("a.example.com.", "A", "a\\.b.example.com. 5 IN A 192.0.2.1"),
    "DNAME": response("x.example.com.", "A", "example.com. 9 IN DNAME example.org."),
    "two aliases": response(
        "x.example.com.", "A", "x.example.com. 9 IN CNAME a.example.com.",
        "x.example.com. 9 IN CNAME b.example.com.",
    ),
    "SOA of another tree": response(
        "x.example.com.", "A", ends="other.org. 9 IN SOA a. b. 1 2 3 4 5"
    ),
    "an answer to NXDOMAIN": response(
        "x.example.com.", "A", "x.example.com. 9 IN A 192.0.2.1", nxdomain=True
    ),
    "octets behind its end": ORDINARY["A"] + b"\0",
}  # fmt: skip


@pytest.mark.parametrize("name", UNUSUAL)
def test_what_is_out_of_the_ordinary_is_left_to_dnspython(name: str) -> None:
    rdtype = kind("TLSA" if name == "another type" else "A")
    assert read_octets(UNUSUAL[name], rdtype) is None


def test_an_extended_error_is_left_to_dnspython() -> None:
    message = dns.message.from_wire(ORDINARY["no data"])
    message.use_edns(0, options=[dns.edns.EDEOption(9, "no key")])
    wire = message.to_wire()
    assert read_octets(wire, kind("MX")) is None
    assert by_dnspython(wire).errors == {9}


def test_a_loop_of_aliases_is_left_to_dnspython_which_finds_it_unclear() -> None:
    wire = response(
        "x.example.com.", "A", "x.example.com. 9 IN CNAME y.example.com.",
        "y.example.com. 9 IN CNAME x.example.com.",
    )  # fmt: skip
    assert read_octets(wire, kind("A")) is None
    assert by_dnspython(wire).is_unclear


@pytest.mark.parametrize("name", ORDINARY)
def test_a_response_that_was_damaged_is_never_read_otherwise_than_by_dnspython(name: str) -> None:
    chance = random.Random(name)
    wire, rdtype = ORDINARY[name], type_of(name)
    answered = 16 + len(dns.message.from_wire(wire).question[0].name.to_wire() or b"")
    for _ in range(400):
        damaged = bytearray(wire)
        for _ in range(chance.randint(1, 3)):
            damaged[chance.randrange(answered, len(wire))] = chance.choice(
                (0, 1, 12, 0xC0, 0xFF, 65)
            )
        octets = bytes(damaged[: chance.randrange(13, len(wire) + 1) if chance.random() < 0.2
                               else len(wire)])  # fmt: skip
        read = read_octets(octets, rdtype)
        if read is None:
            continue
        try:
            message = dns.message.from_wire(octets)
        except dns.exception.DNSException:
            continue  # the damage is in a signature or a SOA, of which we read the length alone
        assert read == read_message(message)
