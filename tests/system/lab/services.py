"""What a gateway asks while mail passes: content filter, greylisting, log-in, milter.

Each is the smallest honest speaker of its protocol: SMTP with XFORWARD (Postfix's
FILTER_README, advanced filter), the policy delegation protocol (SMTPD_POLICY_README),
Dovecot's auth protocol 1.1, and the milter protocol 6 (libmilter's mfdef.h).
"""

from __future__ import annotations

import base64
import re
import smtplib
import struct
from collections import Counter
from collections.abc import Callable

from tests.system.lab.server import LOOPBACK, Dialogue, Server


class FilterSession(Dialogue):
    """Takes a message, looks at its subject, and hands it back to Postfix or keeps it.

    A subject with `EICAR` is kept (`discarded` in the answer), one with `[SPAM]` is
    refused; everything else goes to the re-injection port with the client's XFORWARD.
    """

    back: tuple[str, int]

    def talk(self) -> None:
        self._forward: list[str] = []
        self._mail = ""
        self._rcpts: list[str] = []
        self.say("220 filter.corp.example ESMTP")
        while self._answer(self.line()):
            pass

    def _answer(self, line: str) -> bool:
        match line[:4].upper():
            case "EHLO":
                self.say(
                    "250-filter.corp.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n"
                    "250-SMTPUTF8\r\n250 XFORWARD NAME ADDR PROTO HELO SOURCE PORT IDENT"
                )
                return True
            case "XFOR":
                self._forward.append(line)
            case "MAIL":
                self._mail, self._rcpts = line, []
            case "RCPT":
                self._rcpts.append(line)
            case "DATA":
                self.say("354 End data with <CR><LF>.<CR><LF>")
                self.say(self._judge(list(iter(self.line, "."))))
                return True
            case "QUIT":
                self.say("221 2.0.0 Bye")
                return False
        self.say("250 2.0.0 Ok")
        return True

    def _judge(self, lines: list[str]) -> str:
        subject = next((x for x in lines if x.lower().startswith("subject:")), "")
        if "EICAR" in subject:
            return "250 2.7.0 Ok, discarded, id=07211-04 - INFECTED: Eicar-Test-Signature"
        if "[SPAM]" in subject:
            return "554 5.7.0 Reject, id=07211-09 - spam"
        return f"250 2.0.0 from MTA(smtp:[{LOOPBACK}]:{self.back[1]}): {self._hand_back(lines)}"

    def _hand_back(self, lines: list[str]) -> str:
        with smtplib.SMTP(*self.back, local_hostname="filter.corp.example", timeout=20) as smtp:
            smtp.ehlo()
            for command in [*self._forward, self._mail, *self._rcpts]:
                smtp.docmd(command)
            smtp.docmd("DATA")
            smtp.send("\r\n".join([*lines, ".", ""]).encode())
            code, text = smtp.getreply()
        return f"{code} {text.decode()}"


def content_filter(back: tuple[str, int], port: int = 0) -> Server:
    session = type("FilterSession", (FilterSession,), {"back": back})
    return Server(session, port=port).start()


class PolicySession(Dialogue):
    """Greylisting: a recipient whose local part is in `grey` is put off the first time."""

    grey: frozenset[str]
    seen: Counter[tuple[str, str]]

    def talk(self) -> None:
        while True:
            asked = dict(x.partition("=")[::2] for x in iter(self.line, ""))
            self.say(f"action={self._judge(asked)}\n")

    def say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\n")
        self.wfile.flush()

    def _judge(self, asked: dict[str, str]) -> str:
        recipient = asked.get("recipient", "")
        if recipient.partition("@")[0] not in self.grey:
            return "DUNNO"
        key = asked.get("sender", ""), recipient
        self.seen[key] += 1
        if self.seen[key] > 1:
            return "DUNNO"
        return "450 4.2.0 Greylisted, please try again in 300 seconds"


def greylist(grey: frozenset[str]) -> Server:
    return Server(
        type("PolicySession", (PolicySession,), {"grey": grey, "seen": Counter()})
    ).start()


class AuthSession(Dialogue):
    """Log-ins: user name and password of PLAIN must be equal."""

    def say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\n")
        self.wfile.flush()

    def talk(self) -> None:
        self.say(
            f"VERSION\t1\t2\nMECH\tPLAIN\tplaintext\nSPID\t7\nCUID\t1\nCOOKIE\t{'0' * 32}\nDONE"
        )
        while True:
            verb, *fields = self.line().split("\t")
            if verb == "AUTH":
                self._judge(fields[0], next(x[5:] for x in fields if x.startswith("resp=")))

    def _judge(self, number: str, response: str) -> None:
        _, user, password = base64.b64decode(response).decode().split("\0")
        self.say(f"{'OK' if user == password else 'FAIL'}\t{number}\tuser={user}")


def log_in() -> Server:
    return Server(AuthSession).start()


CONTINUE, REPLY_CODE, NEGOTIATE = b"c", b"y", b"O"
NO_ANSWER = frozenset(b"DAQK")


class MilterSession(Dialogue):
    """Refuses at the end of a message whose Subject matches `pattern`; lets the rest pass."""

    pattern: re.Pattern[str]

    def talk(self) -> None:
        refuse = False
        while True:
            (length,) = struct.unpack("!I", self._octets(4))
            command, body = self._octets(1), self._octets(length - 1)
            if command == NEGOTIATE:
                self._packet(NEGOTIATE, struct.pack("!III", 6, 0, 0))
            elif command == b"L":
                name, value, *_ = body.decode("utf-8", "replace").split("\0")
                refuse |= name.lower() == "subject" and bool(self.pattern.search(value))
                self._packet(CONTINUE)
            elif command == b"E" and refuse:
                self._packet(REPLY_CODE, b"550 5.7.1 Blocked: the link in this message is unsafe\0")
            elif command[0] not in NO_ANSWER:
                self._packet(CONTINUE)
            if command in (b"A", b"E"):
                refuse = False

    def _octets(self, number: int) -> bytes:
        read = self.rfile.read(number)
        if len(read) < number:
            raise EOFError
        return read

    def _packet(self, command: bytes, body: bytes = b"") -> None:
        self.wfile.write(struct.pack("!I", len(body) + 1) + command + body)
        self.wfile.flush()


def milter(pattern: str) -> Server:
    make: Callable[..., Dialogue] = type(
        "MilterSession", (MilterSession,), {"pattern": re.compile(pattern)}
    )
    return Server(make).start()
