"""The sample's traffic: ordinary mail, and every way in which mail goes wrong."""

from __future__ import annotations

import random
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.system.lab import corp, postfix
from tests.system.lab.destination import (
    Manner,
    accepting,
    hanging_up,
    hesitating,
    knowing,
    refusing,
    refusing_message,
    turning_away,
)
from tests.system.lab.lab import Lab, Letter
from tests.system.lab.network import Client
from tests.system.lab.sample_people import CLIENTS, OFFICE, OUTSIDE, message_id, subject

Act = Callable[[Lab], object]
SPAN_S = 46 * 3600
START_HOUR = 18
MINUTE_S = 60.0


@dataclass(frozen=True)
class Step:
    """Something that happens, `at` seconds after the start of the sample."""

    at: float
    act: Act


def destinations() -> dict[str, Manner]:
    """The other side's behaviour, domain by domain."""
    gone = "550 5.1.1 <{recipient}>: Recipient address rejected: User unknown"
    everyone = {domain: frozenset(users) for domain, users in OUTSIDE.items()}
    return {
        "northwind.example": knowing(everyone["northwind.example"], gone, accepting(tls=True)),
        "fabrikam.example": hesitating(
            "450 4.7.1 Greylisted, please come back in 5 minutes", 1, accepting(tls=True)
        ),
        "contoso.example": knowing(
            everyone["contoso.example"],
            "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient "
            "{recipient} not found by SMTP address lookup",
            accepting(
                "250 2.6.0 <{token}@contoso.example> [InternalId={token}] Queued mail for delivery",
                tls=True,
            ),
        ),
        "pochta.example": knowing(
            everyone["pochta.example"],
            "550 5.7.1 No such user!",
            accepting("250 2.0.0 Ok: queued on mx.pochta.example {token}", tls=True),
        ),
        "adatum.example": accepting("250 2.0.0 OK  {token} gsmtp", tls=True),
        "tailspin.example": hesitating(
            "452 4.2.2 The email account that you tried to reach is over quota", 3
        ),
        "woodgrove.example": knowing(
            frozenset({"statements"}), "552 5.2.2 <{recipient}>: Mailbox full"
        ),
        "universitet.example": hanging_up(6),
        "lakeside.example": turning_away("421 4.3.2 Service not available, try again later"),
        "strict.example": refusing(
            "554 5.7.1 Service unavailable; Client host [192.0.2.10] blocked using "
            "bl.blocklist.example; https://www.blocklist.example/query/192.0.2.10"
        ),
        "litware.example": refusing_message(
            "550 5.7.26 Unauthenticated email from corp.example is not accepted due to domain's "
            "DMARC policy"
        ),
        "proseware.example": refusing_message(
            "554 5.7.1 Message rejected as spam by content filter"
        ),
        "cloudmail.example": hesitating(
            "421 4.7.28 Our system has detected an unusual rate of mail from your network, "
            "please slow down",
            2,
            accepting(tls=True),
        ),
    }


class Plan:
    """Chooses and orders the steps; the same seed gives the same plan."""

    def __init__(self, seed: int):
        self.rng = random.Random(seed)
        self._screened_clients = iter(range(130, 146))

    def steps(self, ordinary: int) -> list[Step]:
        """All steps in time order, at least five seconds apart."""
        found = [*self._ordinary(ordinary), *self._special()]
        placed, last = [], 0.0
        for step in sorted(found, key=lambda step: step.at):
            last = max(step.at, last + 5)
            placed.append(Step(last, step.act))
        return placed

    def _ordinary(self, number: int) -> Iterator[Step]:
        for _ in range(number):
            at = self._busy_hour()
            yield Step(at, self._inbound() if self.rng.random() < 0.5 else self._outbound())

    def _busy_hour(self) -> float:
        """A time of the two days, rather by day than by night."""
        while True:
            at = self.rng.uniform(60, SPAN_S)
            hour = (at / 3600 + START_HOUR) % 24
            if self.rng.random() < (1.0 if 7 <= hour < 19 else 0.22):
                return at

    def _inbound(self, **given: str) -> Act:
        domain = given.get("domain") or self.rng.choice(list(OUTSIDE))
        names = [x for x in corp.MAILBOXES if x not in corp.GREYLISTED]
        to = [f"{name}@corp.example" for name in self.rng.sample(names, self._how_many())]
        letter = self.letter(
            f"{self.rng.choice(OUTSIDE[domain])}@{domain}",
            *(given["to"].split(",") if "to" in given else to),
            about=given.get("about", ""),
            body=given.get("body", ""),
        )
        return lambda lab: lab.submit(CLIENTS[domain], letter)

    def _outbound(self, **given: str) -> Act:
        user = given.get("user") or self.rng.choice(list(OFFICE))
        well = (
            "northwind.example",
            "contoso.example",
            "pochta.example",
            "adatum.example",
            "fabrikam.example",
        )
        domains = [self.rng.choice(well) for _ in range(self._how_many())]
        to = [f"{self.rng.choice(OUTSIDE[domain])}@{domain}" for domain in domains]
        letter = self.letter(
            f"{user}@corp.example",
            *(given["to"].split(",") if "to" in given else dict.fromkeys(to)),
            about=given.get("about", ""),
            login=f"{user}@corp.example",
        )
        return lambda lab: lab.submit(OFFICE[user], letter)

    def _how_many(self) -> int:
        return self.rng.choices((1, 2, 3), (85, 11, 4))[0]

    def letter(
        self, sender: str, *to: str, about: str = "", body: str = "", login: str = ""
    ) -> Letter:
        theirs = sender.partition("@")[2] or "mx.northwind.example"
        there = to[0].partition("@")[2] if theirs == "corp.example" else theirs
        text = body or "Hello,\n\n" + "see the attached note.\n" * self.rng.randint(1, 400)
        return Letter(
            sender,
            tuple(to),
            about or subject(self.rng, there),
            message_id(self.rng, theirs),
            text,
            login,
        )

    def _special(self) -> Iterator[Step]:
        yield from self._spread(self._going_wrong())
        yield from self._greylisted_here(9)
        yield from (Step(at, act) for at, act in self._stuck())

    def _spread(self, acts: Iterator[Act]) -> Iterator[Step]:
        for act in acts:
            yield Step(self._busy_hour(), act)

    def _going_wrong(self) -> Iterator[Act]:
        """What needs no particular hour."""
        often: tuple[tuple[int, Callable[[], Act]], ...] = (
            (10, lambda: self._inbound(to="support@corp.example")),
            (8, lambda: self._inbound(to=corp.LIST)),
            (7, lambda: self._inbound(to="marta@corp.example")),
            (5, lambda: self._inbound(to="sales@corp.example,anna@corp.example")),
            (7, lambda: self._inbound(to="peter@corp.example")),
            (5, lambda: self._inbound(to="anna@corp.example,ana@corp.example")),
            (6, lambda: self._inbound(to="jonas.berg@corp.example")),
            (5, lambda: self._inbound(to="info@corp.example", about="You won the prize draw")),
            (3, lambda: self._inbound(to="info@corp.example", about="Invoice EICAR-2231")),
            (4, lambda: self._inbound(to="mei@corp.example", about="[SPAM] Cheap watches")),
            (3, lambda: self._inbound(to="olga@corp.example", about="Open this unsafe link")),
            (
                2,
                lambda: self._inbound(
                    to="emma@corp.example",
                    about="Holiday pictures",
                    body="x" * 70 + "\n" + ("picture " * 9 + "\n") * 3200,
                ),
            ),
            (6, lambda: self._outbound(to="jon@northwind.example")),
            (5, lambda: self._outbound(to="julia.hofmann@contoso.example")),
            (4, lambda: self._outbound(to="dimitri@pochta.example,boris@pochta.example")),
            (6, lambda: self._outbound(to="amelie.dubois@tailspin.example")),
            (4, lambda: self._outbound(to="sofia.rossi@woodgrove.example")),
            (6, lambda: self._outbound(to="petrov@universitet.example")),
            (4, lambda: self._outbound(to="office@strict.example")),
            (3, lambda: self._outbound(to="info@litware.example")),
            (3, lambda: self._outbound(to="sales@proseware.example")),
            (5, lambda: self._outbound(to="ben.young@cloudmail.example")),
            (4, lambda: self._outbound(to="info@nortwind.example")),
            (3, lambda: self._inbound(to="anna+shop@corp.example", domain="adatum.example")),
            (5, self._newsletter),
            (3, self._forwarded_there),
            (2, lambda: self._outbound(to="desk@retired.example")),
            (5, self._relay_denied),
            (4, self._bad_helo),
            (4, self._unknown_sender_domain),
            (6, self._blocklisted),
            (3, self._blocked_sender),
            (3, self._wrong_password),
            (8, self._screened),
            (4, self._cron),
        )
        for number, make in often:
            for _ in range(number):
                yield make()

    def _greylisted_here(self, number: int) -> Iterator[Step]:
        """The first try is put off at the door, the second one comes back and is taken."""
        for _ in range(number):
            at = self._busy_hour()
            act = self._inbound(to=f"{self.rng.choice(sorted(corp.GREYLISTED))}@corp.example")
            yield Step(at, act)
            if self.rng.random() < 0.8:
                yield Step(at + self.rng.uniform(310, 900), act)

    def _stuck(self) -> Iterator[tuple[float, Act]]:
        """What expires, on the first day; what still waits, at the end; what is deleted."""
        for at in (0.5, 3, 5.5, 9):
            yield at * 3600, self._outbound(to="harbour.master@lakeside.example")
        for at in (2, 7.5, 12):
            yield at * 3600, self._outbound(to="dock@harbour.example")
        for at in (42, 43.5, 45):
            yield at * 3600, self._outbound(to="dock@harbour.example")
            yield at * 3600 + 700, self._outbound(to="regatta@lakeside.example")
        for at, flags in ((15, "-d"), (20, "-hH"), (28, "-d")):
            user = self.rng.choice(list(OFFICE))
            letter = self.letter(
                f"{user}@corp.example", "anchor@lakeside.example", login=f"{user}@corp.example"
            )
            yield at * 3600, _by_hand(OFFICE[user], letter, flags)

    def _newsletter(self) -> Act:
        """A sender address that names its recipient (VERP)."""
        to, number = self.rng.choice(("anna", "emma", "mei")), self.rng.randint(1000, 9999)
        letter = self.letter(
            f"bounce+{number}-{to}=corp.example@adatum.example",
            f"{to}@corp.example",
            about=f"Newsletter {number}: what is new",
        )
        return lambda lab: lab.submit(CLIENTS["adatum.example"], letter)

    def _forwarded_there(self) -> Act:
        """A sender address rewritten by a forwarder (SRS)."""
        letter = self.letter(
            "SRS0=k3Xw=Q7=origin.example=alice@universitet.example", "ivan@corp.example"
        )
        return lambda lab: lab.submit(CLIENTS["universitet.example"], letter)

    def _stranger(self) -> Client:
        number = self.rng.randint(200, 250)
        name = f"host-{number}.dsl.example" if number % 2 else ""
        return Client(name, f"203.0.113.{number}", f"host-{number}.dsl.example")

    def _relay_denied(self) -> Act:
        client = self._stranger()
        letter = self.letter(
            "test@adatum.example", f"probe{self.rng.randint(1, 99)}@freemail.example"
        )
        return lambda lab: lab.submit(client, letter)

    def _bad_helo(self) -> Act:
        client = Client("", f"203.0.113.{self.rng.randint(150, 170)}", "WIN-SRV01")
        letter = self.letter(
            "scanner@northwind.example", "accounts@corp.example", about="Scan from device"
        )
        return lambda lab: lab.submit(client, letter)

    def _unknown_sender_domain(self) -> Act:
        client = self._stranger()
        letter = self.letter(
            f"shop{self.rng.randint(1, 9)}@cheap-watches.example", "info@corp.example"
        )
        return lambda lab: lab.submit(client, letter)

    def _blocklisted(self) -> Act:
        client = Client("", f"203.0.113.{self.rng.randint(120, 124)}", "mail.adatum.example")
        letter = self.letter("events@adatum.example", "anna@corp.example")
        return lambda lab: lab.submit(client, letter)

    def _blocked_sender(self) -> Act:
        letter = self.letter("deals@blocked.example", "emma@corp.example")
        return lambda lab: lab.submit(CLIENTS["adatum.example"], letter)

    def _wrong_password(self) -> Act:
        client = self._stranger()
        letter = Letter(
            "anna@corp.example",
            ("kim.larsen@northwind.example",),
            "Test",
            "none",
            login="anna@corp.example",
            password="summer",
        )
        return lambda lab: lab.refused_log_in(client, letter)

    def _screened(self) -> Act:
        number, talks_first = next(self._screened_clients), self.rng.random() < 0.4
        sender, to = "mass@adatum.example", f"{self.rng.choice(corp.MAILBOXES)}@corp.example"
        return lambda lab: _at_postscreen(lab, f"203.0.113.{number}", sender, to, talks_first)

    def _cron(self) -> Act:
        mail = (
            b"From: root (Cron Daemon)\nTo: root\nSubject: Cron <root@mx2> backup-mail\n\n"
            b"backup finished\n"
        )
        return lambda lab: postfix.send(
            lab.mx2, "root@mx2.corp.example", ("root@mx2.corp.example",), mail
        )


def _by_hand(client: Client, letter: Letter, flags: str) -> Act:
    """A message that gets stuck, and what the administrator then does with it."""
    steps = {"-d": ("-d",), "-hH": ("-h", "-H")}[flags]

    def act(lab: Lab) -> None:
        queue_id = lab.submit(client, letter).data_reply.rpartition(" ")[2]
        lab.wait_until(lambda: lab.said(queue_id, "status=deferred"), "the message is deferred")
        for flag in steps:
            postfix.postsuper(lab.mx1, flag, queue_id)

    return act


def _at_postscreen(lab: Lab, address: str, sender: str, to: str, talks_first: bool) -> None:
    """A client that postscreen(8) finds listed, or talking before its turn."""
    place = lab.site.postscreen
    assert place is not None
    lab.network.know("", address)
    with socket.create_connection((place.address, place.port), 20, (address, 0)) as sock:
        answers = sock.makefile("rb")
        if talks_first:
            sock.sendall(b"EHLO mail.adatum.example\r\n")
        _full_reply(answers.readline)
        commands = ["EHLO mail.adatum.example"] * (not talks_first)
        for command in [*commands, f"MAIL FROM:<{sender}>", f"RCPT TO:<{to}>", "QUIT"]:
            sock.sendall(command.encode() + b"\r\n")
            _full_reply(answers.readline)


def _full_reply(read: Callable[[], bytes]) -> None:
    while read()[3:4] == b"-":
        pass
