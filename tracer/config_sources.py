"""The settings of sources: the logs that are read, the webhooks that are answered."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_STRICT: Mapping[str, str] = {"extra": "forbid"}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_OFFSET = re.compile(r"[+-]\d\d:\d\d")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,128}")


def _positive(number: int) -> str:
    return "" if number > 0 else "must be 1 or more"


def _not_negative(number: int) -> str:
    return "" if number >= 0 else "must be 0 or more"


def _token(text: str) -> str:
    if not text or _TOKEN.fullmatch(text):
        return ""
    return "must be 16 to 128 letters, digits, - and _; `mailtracer source add` makes one"


def _zone(name: str) -> str:
    if not name or _OFFSET.fullmatch(name):
        return ""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return "must be a time zone's name or an offset, like Europe/Moscow or +03:00"
    return ""


def _address(text: str) -> str:
    fits = not text or text.startswith(("https://", "http://"))
    return "" if fits else "must begin with https:// or http://"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSettings:
    """One place that facts come from: a log that is read, or a webhook that is answered."""

    __pydantic_config__: ClassVar[Mapping[str, str]] = _STRICT

    name: str = field(metadata={"help": "Your word for it, shown on the pages."})
    path: str = field(
        default="", metadata={"help": "File, folder or pattern, like `/var/log/mail.log*`."}
    )
    kind: Literal["file", "webhook", "api"] = field(
        default="file",
        metadata={"help": "What it is: `file`, `webhook` of a provider, or only its `api`."},
    )
    format: str = field(
        default="auto",
        metadata={"help": "Whose lines these are; `auto` looks at each line's program."},
    )
    host: str = field(default="", metadata={"help": "Host to note where lines name none."})
    timezone: str = field(
        default="",
        metadata={
            "help": "Zone of stamps that name none, like `Europe/Moscow`; empty: this machine's.",
            "check": _zone,
        },
    )
    provider: str = field(
        default="",
        metadata={"help": "Whose webhook it is; `mailtracer source add --help` lists them."},
    )
    token: str = field(
        default="",
        metadata={
            "help": "The last part of the webhook's address, not to be guessed: "
            "`/hooks/NAME/TOKEN`.",
            "check": _token,
        },
    )
    secrets: tuple[str, ...] = field(
        default=(),
        metadata={
            "help": "What the provider proves itself with: an HMAC key, a public key (PEM or "
            "base64), or `user:password`. All of them are valid at once."
        },
    )
    secrets_file: str = field(
        default="", metadata={"help": "A file with the same, one a line; PEM keys as they are."}
    )
    topic_arns: tuple[str, ...] = field(
        default=(), metadata={"help": "Amazon SNS: the topics that are listened to."}
    )
    cert_dir: str = field(
        default="",
        metadata={
            "help": "Amazon SNS: a folder of certificates by the file name in their address, "
            "used before any is fetched."
        },
    )
    public_url: str = field(
        default="",
        metadata={
            "help": "The address that the provider was given, for schemes that sign it.",
            "check": _address,
        },
    )
    may_fetch: bool = field(
        default=True,
        metadata={"help": "`false`: nothing is fetched from or confirmed to Amazon."},
    )
    may_be_packed: bool = field(
        default=False, metadata={"help": "Whether bodies may come packed (`gzip`)."}
    )
    most_octets: int = field(
        default=10 * 1024 * 1024,
        metadata={"help": "The largest body that is taken.", "check": _positive},
    )
    most_per_second: int = field(
        default=0,
        metadata={
            "help": "More requests a second than this are asked to come again; 0: as many as "
            "come. Twice as many at once are let through.",
            "check": _not_negative,
        },
    )
    silent_hours: int = field(
        default=0,
        metadata={"help": "Say so when nothing has come for this long; 0: never."},
    )
    api_key: str = field(
        default="",
        metadata={"help": "Key of the provider's event API, for `mailtracer source repair`."},
    )
    api_key_file: str = field(
        default="", metadata={"help": "A file that holds this key and nothing else."}
    )
    api_account: str = field(
        default="",
        metadata={"help": "Mailgun: the sending domain. Microsoft 365: `TENANT/CLIENT-ID`."},
    )
    api_url: str = field(
        default="",
        metadata={
            "help": "Where the API is, if not where it usually is: `https://api.eu.mailgun.net`.",
            "check": _address,
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptsSettings:
    """What webhooks sent, kept beside the traces."""

    __pydantic_config__: ClassVar[Mapping[str, str]] = _STRICT

    keep_days: int = field(
        default=30,
        metadata={
            "help": "For how many days requests of webhooks are kept whole, to be read again; "
            "what they told stays in the traces. 0 keeps them for ever.",
            "check": _not_negative,
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectSettings:
    """How the logs of the sources are followed."""

    __pydantic_config__: ClassVar[Mapping[str, str]] = _STRICT

    in_serve: bool = field(
        default=True,
        metadata={
            "help": "Whether `mailtracer serve` follows them too; `false` where "
            "`mailtracer collect` runs by itself."
        },
    )


def lacking(source: SourceSettings) -> tuple[str, str]:
    """The key that a source lacks, and what is wrong with it; two empty texts if it is whole."""
    if source.kind == "file":
        if source.provider and not source.path:
            return "kind", 'is missing; a provider\'s webhook needs kind = "webhook"'
        return ("", "") if source.path else ("path", "is missing")
    if not _NAME.fullmatch(source.name):
        return "name", f"of a source of kind {source.kind} must be letters, digits, dots, - and _"
    for key in ("provider", "token") if source.kind == "webhook" else ("provider",):
        if not getattr(source, key):
            return key, f'is missing; a source of kind = "{source.kind}" needs {key} = "…"'
    return "", ""


def secrets_of(source: SourceSettings) -> tuple[str, ...]:
    """The secrets, those of the file too.  Raises OSError if the file cannot be read."""
    if not source.secrets_file:
        return source.secrets
    text = Path(source.secrets_file).read_text(encoding="utf-8")
    found, frame = [], list[str]()
    for line in (line.strip() for line in text.splitlines()):
        if frame or line.startswith("-----BEGIN"):
            frame.append(line)
            if line.startswith("-----END"):
                found.append("\n".join(frame))
                frame = []
        elif line and not line.startswith("#"):
            found.append(line)
    return (*source.secrets, *found)
