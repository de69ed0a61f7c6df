"""The words of a conversation with a mail host: Call, Reply, Tls, Conversation.

Nothing here speaks: `smtp_door.py` does.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from tracer.diagnostics.model import Evidence, Source

UNAVAILABLE = 421  # RFC 5321, 4.2.2: the host closes the channel, whatever the command was


class Trouble(StrEnum):
    """Why a conversation ended before its end; nothing in here tells what a host can do."""

    NONE = ""
    REFUSED = "refused"  # nobody listens at that port, or a firewall answers for it
    TIMEOUT = "timeout"
    NO_ROUTE = "no_route"  # this machine has no way there, as to IPv6 without IPv6
    CLOSED = "closed"  # the host hung up in the middle
    NOT_SMTP = "not_smtp"
    NOT_PUBLIC = "not_public"  # not tried: tracer/diagnostics/outbound.py
    OFF = "off"  # not tried


class Reply(msgspec.Struct, frozen=True):
    """A reply of RFC 5321, 4.2: the code, and the text of each line."""

    code: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        return "\n".join(f"{self.code} {line}".rstrip() for line in self.lines)

    @property
    def is_positive(self) -> bool:
        return 200 <= self.code < 400

    @property
    def is_permanent(self) -> bool:
        return self.code >= 500


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """What a host's certificate says; `trusted` is None where we have no roots to judge by.

    An expired one is judged as of its last day: expiry is a fault of its own.
    """

    names: tuple[str, ...]  # DNS names, lower case; the common name only where there is none
    issuer: str
    not_before_us: int
    not_after_us: int
    trusted: bool | None = None
    why: str = ""  # why it is not trusted
    self_signed: bool = False


class Tls(msgspec.Struct, frozen=True, kw_only=True):
    """A TLS session as it came about, whatever the certificate."""

    version: str  # TLSv1.3
    cipher: str
    chain: tuple[bytes, ...]  # DER, the host's own first, as the host sent them
    certificate: Certificate | None = None  # None: cannot be read


class Call(msgspec.Struct, frozen=True):
    """One host's address to talk to, and whether to ask it about the recipient."""

    host: str
    address: str
    ask_recipient: bool = False


class Conversation(msgspec.Struct, frozen=True, kw_only=True):
    """What was said by one address, up to QUIT; never a message."""

    host: str  # the name it was called by
    address: str
    port: int
    trouble: Trouble = Trouble.NONE
    at: str = "CONNECT"  # the step that was under way last: CONNECT BANNER EHLO STARTTLS TLS …
    note: str = ""
    banner: Reply | None = None
    ehlo: Reply | None = None
    starttls: Reply | None = None
    tls: Tls | None = None
    tls_error: str = ""
    mail: Reply | None = None
    recipient: Reply | None = None
    stranger: Reply | None = None  # what it says about a recipient that cannot exist
    transcript: str = ""
    at_us: int = 0
    took_ms: float = 0.0

    @property
    def answered(self) -> bool:
        """Whether the host told what it can do."""
        return self.ehlo is not None and self.ehlo.is_positive

    @property
    def turned_away(self) -> Reply | None:
        """The reply by which the host would not talk to us, if it was that."""
        for reply in (self.banner, self.ehlo):
            if reply is not None and not reply.is_positive:
                return reply
        return None

    @property
    def extensions(self) -> dict[str, str]:
        """EHLO keywords in capitals with their parameters; empty when it did not answer."""
        if not self.answered or self.ehlo is None:
            return {}
        pairs = (line.partition(" ") for line in self.ehlo.lines[1:])
        return {keyword.upper(): rest for keyword, _, rest in pairs}

    @property
    def offers_starttls(self) -> bool | None:
        """None: not known, since it was never told."""
        return "STARTTLS" in self.extensions if self.answered else None

    @property
    def place(self) -> str:
        return f"{self.host}[{self.address}]:{self.port}"

    @property
    def evidence(self) -> Evidence:
        return Evidence(
            source=Source.SMTP,
            question=f"{self.host}[{self.address}]",
            answer=self.transcript,
            server=self.place,
            outcome="error" if self.trouble or self.tls_error else "ok",
            at_us=self.at_us,
            took_ms=self.took_ms,
            note="; ".join(filter(None, (self.note, self.tls_error))),
        )
