"""Reading MTA-STS: the record in DNS and the policy (RFC 8461, 3.1 and 3.2). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_ID = re.compile(r"[A-Za-z0-9]{1,32}")
_MX = re.compile(r"(\*\.)?([a-z0-9_-]+\.)*[a-z0-9_-]+\.?")
_LONGEST_AGE_S = 31_557_600
MODES = ("enforce", "testing", "none")


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy as it stands; `faults` are the keys that are wrong, each once."""

    mode: str
    mx: tuple[str, ...]
    max_age_s: int | None
    faults: tuple[str, ...] = ()

    def covers(self, host: str) -> bool:
        """Whether a mail host is named; `*` stands for one label (RFC 8461, 4.1)."""
        name = host.lower().rstrip(".")
        return any(pattern in (name, f"*.{name.partition('.')[2]}") for pattern in self.mx)


def sts_records(records: Iterable[str]) -> list[str]:
    """Those TXT records that are of MTA-STS; others at the name do no harm."""
    return [record for record in records if re.match(r"v=STSv1[ \t]*(;|$)", record)]


def has_id(record: str) -> bool:
    """Whether the record says which policy is in force: 1 to 32 letters and digits."""
    fields = {
        name.strip(): value.strip()
        for name, equals, value in (part.partition("=") for part in record.split(";"))
        if equals
    }
    return bool(_ID.fullmatch(fields.get("id", "")))


def read_policy(text: str) -> Policy:
    """A policy file; of keys given twice the first counts, all `mx` do, unknown ones do not."""
    fields: dict[str, str] = {}
    mx: list[str] = []
    faults: dict[str, None] = {}
    for line in text.splitlines():
        name, colon, value = line.partition(":")
        name, value = name.strip(), value.strip()
        if line.strip() and not colon:
            faults["syntax"] = None
        elif name == "mx":
            mx.append(value.lower().rstrip("."))
        elif colon:
            fields.setdefault(name, value)
    age = fields.get("max_age", "")
    if fields.get("version") != "STSv1":
        faults["version"] = None
    if fields.get("mode") not in MODES:
        faults["mode"] = None
    if not (age.isascii() and age.isdigit() and len(age) <= 10 and int(age) <= _LONGEST_AGE_S):
        faults["max_age"] = None
    if not all(map(_MX.fullmatch, mx)) or (not mx and fields.get("mode") != "none"):
        faults["mx"] = None
    seconds = None if "max_age" in faults else int(age)
    return Policy(fields.get("mode", ""), tuple(mx), seconds, tuple(faults))
