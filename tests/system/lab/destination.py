"""SMTP destinations that accept, refuse, defer, forget or hang up: the rest of the internet.

A destination follows a `Manner`: what it says on connect, to each RCPT and after the
message. A reply is one SMTP line; `None` closes the connection without a word.
"""

from __future__ import annotations

import itertools
import ssl
import threading
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

from tests.system.lab.server import LOOPBACK, Dialogue, Server

Reply = str | None
OK_RCPT = "250 2.1.5 Ok"


def _accept_rcpt(sender: str, recipient: str) -> Reply:
    return OK_RCPT


def _accept_data(token: str) -> Reply:
    return f"250 2.0.0 Ok: queued as {token}"


@dataclass(frozen=True)
class Manner:
    """How a destination answers; `data` gets the token a real one would call its queue id."""

    greeting: Callable[[str], Reply] = lambda name: f"220 {name} ESMTP"
    rcpt: Callable[[str, str], Reply] = _accept_rcpt
    data: Callable[[str], Reply] = _accept_data
    tls: bool = False


def accepting(text: str = "250 2.0.0 Ok: queued as {token}", *, tls: bool = False) -> Manner:
    return Manner(data=lambda token: text.format(token=token), tls=tls)


def refusing(text: str) -> Manner:
    """Answers every RCPT with `text`; `{recipient}` in it is filled in."""
    return Manner(rcpt=lambda sender, recipient: text.format(recipient=recipient))


def turning_away(text: str) -> Manner:
    """Greets with `text`, a 421 or 554, instead of 220."""
    return Manner(greeting=lambda name: text)


def refusing_message(text: str) -> Manner:
    """Takes every recipient and refuses the message after its last dot."""
    return Manner(data=lambda token: text)


def hesitating(text: str, times: int = 1, then: Manner | None = None) -> Manner:
    """Answers `text` to the first `times` tries of a sender and recipient, then as `then`."""
    tries: Counter[tuple[str, str]] = Counter()
    later = then or Manner()

    def rcpt(sender: str, recipient: str) -> Reply:
        tries[sender, recipient] += 1
        return text if tries[sender, recipient] <= times else later.rcpt(sender, recipient)

    return replace(later, rcpt=rcpt)


def hanging_up(times: int) -> Manner:
    """Drops the connection after the message, the first `times` times."""
    seen = itertools.count()
    return Manner(data=lambda token: None if next(seen) < times else _accept_data(token))


def knowing(users: frozenset[str], text: str, then: Manner | None = None) -> Manner:
    """Takes the local parts in `users` and answers `text` to all others."""
    others = then or Manner()

    def rcpt(sender: str, recipient: str) -> Reply:
        if recipient.partition("@")[0].lower() in users:
            return others.rcpt(sender, recipient)
        return text.format(recipient=recipient)

    return replace(others, rcpt=rcpt)


@dataclass(frozen=True)
class Received:
    """One message a destination took."""

    sender: str
    recipients: tuple[str, ...]


class Destination:
    """A running destination: where it listens, and what it has taken so far."""

    def __init__(
        self,
        name: str,
        manner: Manner,
        address: str = LOOPBACK,
        port: int = 0,
        tls: ssl.SSLContext | None = None,
    ):
        self.name, self.manner, self.tls = name, manner, tls
        self.received: list[Received] = []
        self._tokens = itertools.count(zlib.crc32(name.encode()))
        self._lock = threading.Lock()
        self._server = Server(lambda *a: _Session(self, *a), address, port).start()
        self.address, self.port = self._server.address, self._server.port

    def take(self, mail: Received) -> None:
        with self._lock:
            self.received.append(mail)

    def token(self) -> str:
        return f"{next(self._tokens) * 2654435761 % 0xFFFFFFFFFF:010X}"

    def stop(self) -> None:
        self._server.stop()


class _Session(Dialogue):
    def __init__(self, destination: Destination, *args: object):
        self._to = destination
        self._sender = ""
        self._recipients: list[str] = []
        super().__init__(*args)  # type: ignore[arg-type]

    def _reply(self, text: Reply) -> bool:
        """Say it; whether the session goes on."""
        if text is not None:
            self.say(text)
        return text is not None and not text.startswith(("421", "521"))

    def talk(self) -> None:
        greeting = self._to.manner.greeting(self._to.name)
        if not self._reply(greeting) or not (greeting or "").startswith("220"):
            return
        while self._answer(self.line()):
            pass

    def _answer(self, line: str) -> bool:
        verb = line[:4].upper()
        match verb:
            case "EHLO":
                return self._hello()
            case "STAR":
                return self._start_tls()
            case "MAIL":
                self._sender, self._recipients = _path(line), []
                return self._reply("250 2.1.0 Ok")
            case "RCPT":
                return self._rcpt(_path(line))
            case "DATA":
                return self._data()
            case "QUIT":
                self._reply("221 2.0.0 Bye")
                return False
        return self._reply("250 2.0.0 Ok")

    def _hello(self) -> bool:
        tls = self._to.tls is not None and not isinstance(self.connection, ssl.SSLSocket)
        offers = [
            "PIPELINING",
            "SIZE 35882577",
            *(["STARTTLS"] if tls else []),
            "8BITMIME",
            "ENHANCEDSTATUSCODES",
            "SMTPUTF8",
        ]
        self.say(
            "\r\n".join(f"250-{said}" for said in [self._to.name, *offers[:-1]])
            + f"\r\n250 {offers[-1]}"
        )
        return True

    def _start_tls(self) -> bool:
        assert self._to.tls is not None
        self.say("220 2.0.0 Ready to start TLS")
        self.rfile.close()
        self.connection = self._to.tls.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb")
        return True

    def _rcpt(self, recipient: str) -> bool:
        answer = self._to.manner.rcpt(self._sender, recipient)
        if answer is not None and answer.startswith("2"):
            self._recipients.append(recipient)
        return self._reply(answer)

    def _data(self) -> bool:
        if not self._recipients:
            return self._reply("554 5.5.1 Error: no valid recipients")
        self.say("354 End data with <CR><LF>.<CR><LF>")
        while self.line() != ".":
            pass
        answer = self._to.manner.data(self._to.token())
        if answer is not None and answer.startswith("2"):
            self._to.take(Received(self._sender, tuple(self._recipients)))
        return self._reply(answer)


def _path(line: str) -> str:
    """The address between the angle brackets of MAIL or RCPT."""
    return line.partition("<")[2].partition(">")[0]
