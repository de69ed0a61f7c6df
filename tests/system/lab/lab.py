"""The lab: two Postfix instances, their services and destinations, and what was sent.

    with Lab(root, destinations={"northwind.example": accepting()}) as lab:
        sent = lab.submit(client, "kim@fabrikam.example", ("anna@corp.example",), "Hello")
        lab.wait_until(lab.is_idle, "the queue is empty")
        lab.logs()                  # {"mx1": Path, "mx2": Path}

What a client was answered is written down in `Submission`, reply by reply: the truth
that a trace of the logs is compared with. Waiting is always for a condition.
"""

from __future__ import annotations

import smtplib
import ssl
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Self

from tests.system.lab import corp, postfix, services
from tests.system.lab.destination import Destination, Manner
from tests.system.lab.network import Client, Loopback, Network, Place
from tests.system.lab.postfix import Instance

UNSAFE_SUBJECT = r"unsafe link"


@dataclass(frozen=True)
class Submission:
    """One message as its client saw it: each command's reply, "" where it was not reached."""

    client: Client
    sender: str
    message_id: str
    subject: str
    mail_reply: str
    rcpt_replies: tuple[tuple[str, str], ...]
    data_reply: str
    at: float

    @property
    def accepted(self) -> tuple[str, ...]:
        """Recipients the lab is now responsible for."""
        if not self.data_reply.startswith("250"):
            return ()
        return tuple(to for to, reply in self.rcpt_replies if reply.startswith("250"))

    @property
    def refused(self) -> dict[str, str]:
        """Each recipient that was not taken, with the reply that said so."""
        taken = self.accepted
        return {
            to: self.data_reply if reply.startswith("250") else reply
            for to, reply in self.rcpt_replies
            if to not in taken
        }


@dataclass(frozen=True)
class Letter:
    """What is to be handed over; `login` is the user of a submission with a password."""

    sender: str
    recipients: tuple[str, ...]
    subject: str
    message_id: str
    body: str = "Hello,\n\nplease see above.\n"
    login: str = ""
    password: str = ""


class Lab:
    """Starts on `with`, stops whatever happens. `root` must be an empty folder of its own."""

    def __init__(
        self,
        root: Path,
        destinations: Mapping[str, Manner],
        *,
        network: Network | None = None,
        pace: corp.Pace | None = None,
        postscreen: bool = False,
    ):
        self.root, self.pace = root, pace or corp.Pace()
        self.network: Network = network or Loopback()
        self.mx1, self.mx2 = Instance("mx1", root / "mx1"), Instance("mx2", root / "mx2")
        self.site = self._site(postscreen)
        self.destinations: dict[str, Destination] = {}
        self._manners = dict(destinations)
        self._ending = ExitStack()

    def _site(self, postscreen: bool) -> corp.Site:
        place = self.network.place
        mx1 = place("mx1.corp.example", 25)
        return corp.Site(
            mx1=mx1,
            submission=place("mx1.corp.example", 587),
            mx2=place("mx2.corp.example", 25),
            reinjection=place("localhost", 10025),
            filter=place("localhost", 10024),
            postscreen=place("mx3.corp.example", 25) if postscreen else None,
        )

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        self.root.chmod(0o755)
        (self.root / "mail").mkdir()
        (self.root / "mail").chmod(0o777)
        certificate = self._certificate()
        self._start_destinations(certificate)
        self._start_services()
        self._configure(certificate)
        for instance in (self.mx1, self.mx2):
            self._ending.callback(postfix.stop, instance)
            postfix.start(instance)

    def stop(self) -> None:
        self._ending.close()

    def _start_destinations(self, certificate: Path) -> None:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(certificate)
        for domain, manner in self._manners.items():
            place = self.network.place(f"mx.{domain}", 25)
            running = Destination(
                place.name, manner, place.address, place.port, tls if manner.tls else None
            )
            self._ending.callback(running.stop)
            self.destinations[domain] = running

    def _start_services(self) -> None:
        back = self.site.reinjection
        running = [
            services.content_filter((back.address, back.port), self.site.filter.port),
            services.greylist(corp.GREYLISTED),
            services.log_in(),
            services.milter(UNSAFE_SUBJECT),
        ]
        for service in running:
            self._ending.callback(service.stop)
        _, policy, auth, milter = (service.port for service in running)
        self.site = corp.Site(
            self.site.mx1,
            self.site.submission,
            self.site.mx2,
            back,
            self.site.filter,
            self.site.postscreen,
            policy,
            auth,
            milter,
        )

    def _configure(self, certificate: Path) -> None:
        routes = "".join(
            line + "\n"
            for domain, to in self.destinations.items()
            if (line := self.network.route(domain, Place(to.name, to.address, to.port)))
        )
        names = self.network.settings()
        postfix.write(
            self.mx1, corp.gateway(self.mx1, self.site, self.pace, names, routes, str(certificate))
        )
        postfix.write(
            self.mx2,
            corp.mailbox_host(self.mx2, self.site, self.pace, names, str(self.root / "mail")),
        )

    def _certificate(self) -> Path:
        """A key and a self-signed certificate in one file."""
        path = self.root / "certificate.pem"
        command = [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "30",
            "-subj",
            "/CN=mx1.corp.example",
            "-keyout",
            "-",
            "-out",
            "-",
        ]
        path.write_bytes(subprocess.run(command, capture_output=True, check=True).stdout)
        return path

    def logs(self) -> dict[str, Path]:
        """Each host's log file."""
        return {it.name: it.log for it in (self.mx1, self.mx2)}

    def said(self, *words: str, host: str = "mx1") -> bool:
        """Whether a line with all `words` is in that host's log by now."""
        text = self.logs()[host].read_text(errors="replace")
        return any(all(word in line for word in words) for line in text.splitlines())

    def is_idle(self) -> bool:
        """Whether both queues are empty: seen twice, since mail on its way from one folder of a
        queue to another may be in neither when it is looked for."""
        return not any(map(postfix.queued, (self.mx1, self.mx2) * 2))

    def wait_until(self, condition: Callable[[], bool], what: str, timeout_s: float = 30) -> None:
        """Return once `condition()` holds; `TimeoutError` naming `what` after `timeout_s`."""
        end = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() > end:
                raise TimeoutError(f"after {timeout_s} s still not so: {what}")
            time.sleep(0.02)

    def submit(self, client: Client, letter: Letter) -> Submission:
        """Hand `letter` over as `client`; a log-in makes it go to the submission port."""
        at = time.time()
        to = self.site.submission if letter.login else self.site.mx1
        with self.network.connect(client, to) as smtp:
            smtp.ehlo(client.hello)
            if letter.login:
                smtp.login(letter.login, letter.password or letter.login)
            return _hand_over(smtp, client, letter, at)

    def refused_log_in(self, client: Client, letter: Letter) -> str:
        """Try `letter`'s log-in with its wrong password; the reply."""
        with self.network.connect(client, self.site.submission) as smtp:
            smtp.ehlo(client.hello)
            try:
                return _reply(smtp.login(letter.login, letter.password))
            except smtplib.SMTPAuthenticationError as refused:
                return f"{refused.smtp_code} {refused.smtp_error!r}"


def _hand_over(smtp: smtplib.SMTP, client: Client, letter: Letter, at: float) -> Submission:
    mail = _reply(smtp.mail(letter.sender))
    rcpts = tuple((to, _reply(smtp.rcpt(to))) for to in letter.recipients if mail[:1] == "2")
    taken = any(reply.startswith("250") for _, reply in rcpts)
    said = _reply(smtp.data(compose(letter))) if taken else ""
    return Submission(
        client, letter.sender, letter.message_id, letter.subject, mail, rcpts, said, at
    )


def _reply(answer: tuple[int, bytes]) -> str:
    return f"{answer[0]} {answer[1].decode(errors='replace')}"


def compose(letter: Letter) -> bytes:
    """The message with its headers, in SMTP's lines."""
    mail = EmailMessage()
    mail["From"] = letter.sender or "MAILER-DAEMON"
    mail["To"] = ", ".join(letter.recipients)
    mail["Subject"] = letter.subject
    mail["Message-ID"] = f"<{letter.message_id}>"
    mail.set_content(letter.body)
    return mail.as_bytes().replace(b"\n", b"\r\n")
