"""The settings of exports and of the notices about them."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

STRICT: Mapping[str, str] = {"extra": "forbid"}
_MAIL_ADDRESS = re.compile(r"[^@\s,<>]+@[^@\s,<>]+")


def positive(number: int) -> str:
    """What is wrong with a number that must be above zero; "" if nothing is."""
    return "" if number > 0 else "must be 1 or more"


def _mail_addresses(text: str) -> str:
    wrong = [one for one in text.split(",") if text and not _MAIL_ADDRESS.fullmatch(one.strip())]
    return f"must be e-mail addresses, not {wrong[0].strip()!r}" if wrong else ""


def web_address(text: str) -> str:
    """What is wrong with an address of the web; "" if nothing is."""
    fits = not text or text.startswith(("https://", "http://"))
    return "" if fits else "must begin with https:// or http://"


def _webhook_secret(text: str) -> str:
    try:
        key = base64.b64decode(text.removeprefix("whsec_"), validate=True)
    except ValueError:
        key = b""
    if not text or 16 <= len(key) <= 64:
        return ""
    return "must be base64 of 24 to 64 octets; make one: openssl rand -base64 32"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportsSettings:
    """Downloads that are made in the background, and who is told when one is ready or failed."""

    __pydantic_config__: ClassVar[Mapping[str, str]] = STRICT

    keep_days: int = field(
        default=7, metadata={"help": "For how many days a file is kept.", "check": positive}
    )
    at_once_rows: int = field(
        default=100_000,
        metadata={"help": "Up to this many rows a text file is sent at once.", "check": positive},
    )
    at_a_time: int = field(
        default=2, metadata={"help": "How many are made at the same time.", "check": positive}
    )
    mail_to: str = field(
        default="",
        metadata={
            "help": "Who gets an e-mail; several addresses with commas between. Needs `[smtp]`.",
            "check": _mail_addresses,
        },
    )
    webhook_url: str = field(
        default="",
        metadata={
            "help": "Address that gets a JSON notice, signed by the Standard Webhooks scheme.",
            "check": web_address,
        },
    )
    webhook_secret: str = field(
        default="",
        metadata={
            "help": "The key of its signature, `whsec_` and base64; needed with `webhook_url`.",
            "check": _webhook_secret,
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpSettings:
    """The server that sends our own e-mail."""

    __pydantic_config__: ClassVar[Mapping[str, str]] = STRICT

    host: str = field(default="", metadata={"help": "Its name or address; empty: no e-mail."})
    port: int = field(default=587, metadata={"help": "Its port.", "check": positive})
    security: Literal["starttls", "tls", "none"] = field(
        default="starttls",
        metadata={"help": "`starttls` (port 587), `tls` (port 465), or `none` on this machine."},
    )
    user: str = field(default="", metadata={"help": "Login; empty: none is made."})
    password: str = field(
        default="",
        metadata={
            "help": "Its password. Better kept by `mailtracer config smtp-password`, which "
            "stores it encrypted."
        },
    )
    sender: str = field(
        default="",
        metadata={
            "help": "The address that we write from; needed with `host`.",
            "check": _mail_addresses,
        },
    )


def signed(exports: ExportsSettings) -> str:
    """What is wrong with the table as a whole: nobody can trust a notice without signature."""
    if exports.webhook_url and not exports.webhook_secret:
        return "has webhook_url and lacks webhook_secret; make one: openssl rand -base64 32"
    return ""


def named(smtp: SmtpSettings) -> str:
    """What is wrong with the table as a whole: mail needs somebody it is from."""
    return (
        "has host and lacks sender, the address to write from"
        if smtp.host and not smtp.sender
        else ""
    )
