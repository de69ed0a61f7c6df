"""Talking to mail hosts: every address once in a run, all at the same time, never a message.

The order of RFC 5321: banner, EHLO, STARTTLS, EHLO; where a recipient is to be asked about,
MAIL, RCPT, RSET; QUIT. No DATA, ever.
"""

from __future__ import annotations

import errno
import re
import secrets
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

import msgspec

from tracer.address import domain_of, to_ascii
from tracer.diagnostics.model import Target
from tracer.diagnostics.outbound import Outbound, Refusal
from tracer.diagnostics.smtp import Call, Conversation, Reply, Tls, Trouble
from tracer.diagnostics.smtp_tls import Roots, certificate
from tracer.diagnostics.smtp_wire import NotSmtp, Wire

SECONDS = 2.7
"""For one conversation as a whole: a page waits for it, a mail server would wait minutes."""
_FAREWELL_S = 2.0
_AT_ONCE = 12
_UNROUTED = frozenset(
    {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}
    | {errno.EPERM, errno.EACCES}  # a firewall of this machine
)
_NO_EHLO = frozenset({500, 502, 504, 550})  # RFC 5321, 3.2: then HELO is to be tried
_UNSAYABLE = re.compile(r"[\x00-\x20\x7f<>\ud800-\udfff]")


class SmtpDoor:
    """Conversations of one run, for `tracer.diagnostics.world.Smtp`.

    `helo` is the name that we greet with; without one, the machine's name if it is fully
    qualified, else the address of our end as a literal (RFC 5321, 4.1.3).
    """

    def __init__(
        self,
        target: Target,
        outbound: Outbound,
        *,
        helo: str = "",
        port: int = 25,
        seconds: float = SECONDS,
        roots: Roots | None = None,
    ) -> None:
        self._outbound = outbound
        self._port = port
        self._seconds = seconds
        self._roots = roots or Roots()
        self._helo = helo
        self._sender = _sayable(target.sender)
        asked = target.probe_recipient or target.probe_catch_all
        self._recipient = _sayable(target.recipient) if asked else ""
        self._catch_all = target.probe_catch_all
        self._held: dict[str, Future[Conversation]] = {}
        self._lock = threading.Lock()
        self._turn = threading.Semaphore(_AT_ONCE)

    def talk(self, calls: Sequence[Call]) -> tuple[Conversation, ...]:
        """What each address said, in the order of the calls; raises nothing."""
        begun = [self._begun(call) for call in calls]
        return tuple(
            msgspec.structs.replace(future.result(), host=call.host)
            for call, future in zip(calls, begun, strict=True)
        )

    def _begun(self, call: Call) -> Future[Conversation]:
        with self._lock:
            future = self._held.get(call.address)
            if future is not None:
                return future
            future = self._held[call.address] = Future()
        threading.Thread(
            target=self._hold, args=(call, future), name=f"smtp {call.address}", daemon=True
        ).start()
        return future

    def _hold(self, call: Call, future: Future[Conversation]) -> None:
        refusal = self._outbound.refuses(call.address)
        if refusal:
            trouble = Trouble.OFF if refusal is Refusal.OFF else Trouble.NOT_PUBLIC
            future.set_result(_begin(call, self._port, trouble=trouble))
            return
        with self._turn:
            talk = _Talk(self, call)
            try:
                future.set_result(talk.held())
            except BaseException as error:
                future.set_exception(error)
                raise
            finally:
                # The farewell is courtesy: nobody waits for it but this thread.
                talk.leave(_FAREWELL_S)


def _begin(call: Call, port: int, *, trouble: Trouble = Trouble.NONE) -> Conversation:
    return Conversation(
        host=call.host,
        address=call.address,
        port=port,
        trouble=trouble,
        at_us=time.time_ns() // 1000,
    )


class _Talk:
    """One conversation as it goes."""

    def __init__(self, door: SmtpDoor, call: Call) -> None:
        self._door = door
        self._call = call
        self._wire: Wire | None = None
        self._step = "CONNECT"
        self._heard: dict[str, Any] = {}

    def held(self) -> Conversation:
        start = _begin(self._call, self._door._port)
        began = time.monotonic()
        with self._troubles():
            self._speak()
        return msgspec.structs.replace(
            start,
            at=self._step,
            transcript="\n".join(self._wire.transcript) if self._wire else "",
            took_ms=round((time.monotonic() - began) * 1000, 1),
            **self._heard,
        )

    def leave(self, seconds: float) -> None:
        if self._wire is None:
            return
        if self._heard.get("trouble") or self._heard.get("tls_error"):
            self._wire.close()
        else:
            self._wire.leave(seconds)

    @contextmanager
    def _troubles(self) -> Iterator[None]:
        try:
            yield
        except TimeoutError:
            self._end(Trouble.TIMEOUT, f"{self._door._seconds:g} s")
        except (ConnectionRefusedError, EOFError, ConnectionError) as error:
            refused = isinstance(error, ConnectionRefusedError)
            self._end(Trouble.REFUSED if refused else Trouble.CLOSED, str(error))
        except NotSmtp as error:
            self._end(Trouble.NOT_SMTP, str(error))
        except OSError as error:
            unrouted = error.errno in _UNROUTED
            self._end(Trouble.NO_ROUTE if unrouted else Trouble.CLOSED, str(error))

    def _end(self, trouble: Trouble, note: str) -> None:
        self._heard |= {"trouble": trouble, "note": note}

    def _speak(self) -> None:
        wire = self._wire = Wire(self._call.address, self._door._port, self._door._seconds)
        self._step = "BANNER"
        banner = self._heard["banner"] = wire.hear()
        if not banner.is_positive:
            return
        ehlo = self._greet(wire)
        if not ehlo.is_positive:
            return
        if "STARTTLS" in _keywords(ehlo) and not self._encrypt(wire):
            return
        if self._asks:
            self._ask(wire, _keywords(self._heard["ehlo"]))

    def _greet(self, wire: Wire) -> Reply:
        self._step = "EHLO"
        name = self._door._helo or _own_name(wire)
        reply = wire.ask(f"EHLO {name}")
        if reply.code in _NO_EHLO:
            reply = wire.ask(f"HELO {name}")
        self._heard["ehlo"] = reply
        return reply

    def _encrypt(self, wire: Wire) -> bool:
        """Whether the conversation goes on."""
        self._step = "STARTTLS"
        reply = self._heard["starttls"] = wire.ask("STARTTLS")
        if reply.code != 220:
            return reply.code != 421
        self._step = "TLS"
        try:
            wire.start_tls(_any_certificate(), self._call.host)
        except ssl.SSLError as error:
            self._heard["tls_error"] = error.reason or str(error)
            return False
        except ValueError as error:  # a host name that cannot stand in SNI
            self._heard["tls_error"] = str(error)
            return False
        version, cipher, chain = wire.session()
        read = certificate(chain, self._door._roots, time.time_ns() // 1000)
        self._heard["tls"] = Tls(version=version, cipher=cipher, chain=chain, certificate=read)
        if self._asks:
            self._step = "EHLO"
            wire.ask(f"EHLO {self._door._helo or _own_name(wire)}")
        return True

    @property
    def _asks(self) -> bool:
        return self._call.ask_recipient and bool(self._door._recipient)

    def _ask(self, wire: Wire, keywords: set[str]) -> None:
        """MAIL and RCPT; addresses beyond ASCII only where the host takes them (RFC 6531)."""
        sender, recipient = self._door._sender, self._door._recipient
        wide = not (sender + recipient).isascii()
        if wide and "SMTPUTF8" not in keywords:
            return
        self._step = "MAIL"
        wanted = f"MAIL FROM:<{sender}>{' SMTPUTF8' if wide else ''}"
        mail = self._heard["mail"] = wire.ask(wanted)
        if not mail.is_positive:
            return
        self._step = "RCPT"
        reply = self._heard["recipient"] = wire.ask(f"RCPT TO:<{recipient}>")
        if reply.is_positive and self._door._catch_all:
            nobody = f"{secrets.token_hex(10)}@{domain_of(recipient)}"
            self._heard["stranger"] = wire.ask(f"RCPT TO:<{nobody}>")
        wire.ask("RSET")


def _keywords(ehlo: Reply) -> set[str]:
    return {line.partition(" ")[0].upper() for line in ehlo.lines[1:]}


def _any_certificate() -> ssl.SSLContext:
    """Takes whatever the host has: old versions and bad certificates are to be told, not missed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("ALL:!aNULL:!eNULL:@SECLEVEL=0")
    return context


def _own_name(wire: Wire) -> str:
    name = socket.gethostname()
    if "." in name.strip("."):
        return name
    address = wire.own_address
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"


def _sayable(address: str) -> str:
    """An address as it can stand in a command; "" if it is none."""
    local, at, domain = address.rpartition("@")
    if not at or _UNSAYABLE.search(address):
        return ""
    return f"{local}@{to_ascii(domain)}"
