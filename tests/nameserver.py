"""A name server on loopback, with faults to order and a list of what it was asked.

with NameServer('example.com TXT "v=spf1 -all"') as server:
    lookup = Lookup([server.address])
    server.records.fail("example.com", "SERVFAIL", "TXT")
    assert server.asked == [("example.com", "TXT")]
"""

from __future__ import annotations

import socket
import socketserver
import struct
import threading
import time
from collections.abc import Mapping
from types import TracebackType

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from tests.zone_text import Records

_SOA = "ns.test. hostmaster.test. 1 3600 600 86400 {minimum}"


class NameServer:
    """UDP and TCP on one port of 127.0.0.1. `delay_s` is waited before each answer.

    `authenticated` sets the AD bit; `soa=False` leaves negative answers bare,
    `says_why=False` a failed validation without its reason; `knows_edns=False` is a server
    that refuses EDNS.
    """

    def __init__(
        self,
        zone: str | Mapping[tuple[str, str], object] | Records = "",
        *,
        delay_s: float = 0.0,
        authenticated: bool = False,
        soa: bool = True,
        says_why: bool = True,
        knows_edns: bool = True,
    ) -> None:
        self.records = zone if isinstance(zone, Records) else Records.read(zone)
        self.delay_s = delay_s
        self.authenticated = authenticated
        self.soa = soa
        self.says_why = says_why
        self.knows_edns = knows_edns
        self.asked: list[tuple[str, str]] = []
        self.tcp_asked: list[tuple[str, str]] = []
        self._udp, self._tcp = self._bound()

    def _bound(self) -> tuple[_Udp, _Tcp]:
        """Servers on one port, of which another program may have the half that is for TCP."""
        while True:
            udp = _Udp(("127.0.0.1", 0), self._udp_handler())
            try:
                return udp, _Tcp(udp.server_address, self._tcp_handler())
            except OSError:
                udp.server_close()

    @property
    def address(self) -> str:
        """As `--nameserver` takes it."""
        host, port = self._udp.server_address[:2]
        return f"{host!s}:{port}"

    def __enter__(self) -> NameServer:
        for server in (self._udp, self._tcp):
            threading.Thread(
                target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
            ).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for server in (self._udp, self._tcp):
            server.shutdown()
            server.server_close()

    def answer(self, wire: bytes, *, tcp: bool) -> bytes | None:
        """The response to a query; None: silence."""
        query = dns.message.from_wire(wire)
        question = query.question[0]
        kind = dns.rdatatype.to_text(question.rdtype)
        name = question.name.to_text(omit_final_dot=True).lower()
        (self.tcp_asked if tcp else self.asked).append((name, kind))
        if self.delay_s:
            time.sleep(self.delay_s)
        found = self.records.find(question.name, kind)
        if found.fault == "TIMEOUT":
            return None
        response = dns.message.make_response(query, recursion_available=True)
        if query.edns >= 0 and not self.knows_edns:
            response.use_edns(None)
            response.set_rcode(dns.rcode.FORMERR)
        elif found.fault == "TC" and not tcp:
            response.flags |= dns.flags.TC
        elif found.fault in ("SERVFAIL", "REFUSED"):
            response.set_rcode(dns.rcode.from_text(found.fault))
        elif found.fault == "BOGUS" and not query.flags & dns.flags.CD:
            response.set_rcode(dns.rcode.SERVFAIL)
            if self.says_why:
                response.use_edns(0, options=[dns.edns.EDEOption(dns.edns.EDECode.DNSSEC_BOGUS)])
        elif found.fault == "FILTERED":
            response.set_rcode(dns.rcode.NXDOMAIN)
            response.use_edns(0, options=[dns.edns.EDEOption(dns.edns.EDECode.FILTERED)])
        elif found.fault != "EMPTY":
            self._fill(response, question.name, kind)
        try:
            return response.to_wire(max_size=65535 if tcp else max(query.payload, 512))
        except dns.exception.TooBig:
            cut = dns.message.make_response(query, recursion_available=True)
            cut.flags |= dns.flags.TC
            return cut.to_wire()

    def _fill(self, response: dns.message.Message, name: dns.name.Name, kind: str) -> None:
        found = self.records.find(name, kind, heeding_faults=False)
        if self.authenticated:
            response.flags |= dns.flags.AD
        for owner, ttl, rdata in found.rows:
            rrset = response.find_rrset(
                response.answer, owner, dns.rdataclass.IN, rdata.rdtype, create=True
            )
            rrset.add(rdata, ttl)
        if not found.exists:
            response.set_rcode(dns.rcode.NXDOMAIN)
        has_answer = any(dns.rdatatype.to_text(row[2].rdtype) == kind for row in found.rows)
        if self.soa and self.records.follow and not has_answer:
            soa = _SOA.format(minimum=60)
            response.authority.append(dns.rrset.from_text(".", 3600, "IN", "SOA", soa))

    def _udp_handler(self) -> type[socketserver.BaseRequestHandler]:
        answer = self.answer

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                wire, sock = self.request
                if response := answer(wire, tcp=False):
                    sock.sendto(response, self.client_address)

        return Handler

    def _tcp_handler(self) -> type[socketserver.BaseRequestHandler]:
        answer = self.answer

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                head = self.request.recv(2, socket.MSG_WAITALL)
                if len(head) < 2:
                    return
                wire = self.request.recv(struct.unpack("!H", head)[0], socket.MSG_WAITALL)
                if response := answer(wire, tcp=True):
                    self.request.sendall(struct.pack("!H", len(response)) + response)

        return Handler


class _Udp(socketserver.ThreadingUDPServer):
    max_packet_size = 4096
    daemon_threads = True
    block_on_close = False


class _Tcp(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
