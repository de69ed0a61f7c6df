"""Cases in the shape of the public SPF test suite, run at a name server on loopback.

A scenario is `{description, tests: {id: {helo, host, mailfrom, result, explanation}},
zonedata: {name: [{TYPE: value} | "TIMEOUT"]}}`. A record of type SPF stands for TXT too,
unless the name has TXT of its own; `TXT: NONE` prevents that. TIMEOUT means silence for
every type that the name does not list.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import yaml
from dns.rdtypes.ANY.TXT import TXT

from tests.zone_text import Records

ADDRESSES = ("A", "AAAA", "MX", "PTR", "TXT", "SPF", "CNAME")


def scenarios(path: Path) -> list[dict[str, Any]]:
    """The scenarios of a suite, JSON or YAML."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".json":
        found: list[dict[str, Any]] = json.loads(text)
        return found
    return [scenario for scenario in yaml.safe_load_all(text) if scenario]


def records_of(zonedata: dict[str, list[Any]]) -> Records:
    """The scenario's names as records with faults."""
    records = Records()
    for name, rows in zonedata.items():
        _add_name(records, _escaped(str(name).lower().rstrip(".")), rows)
    return records


def _escaped(name: str) -> str:
    """The name as a zone file has it; a suite writes a space as it is."""
    labels = [label.encode("utf-8") for label in name.split(".")]
    return dns.name.Name([*labels, b""] if name else [b""]).to_text(omit_final_dot=True)


def _add_name(records: Records, name: str, rows: list[Any]) -> None:
    listed = [next(iter(row.items())) for row in rows if isinstance(row, dict)]
    kinds = {kind for kind, _ in listed}
    for kind, value in listed:
        if value == "NONE":
            continue
        records.rows.setdefault((name, kind), []).append((60, _rdata(kind, value)))
        if kind == "SPF" and "TXT" not in kinds:
            records.rows.setdefault((name, "TXT"), []).append((60, _rdata("TXT", value)))
    if "TIMEOUT" in rows:
        for kind in ADDRESSES:
            if (name, kind) not in records.rows:
                records.faults[name, kind] = "TIMEOUT"


def _rdata(kind: str, value: Any) -> dns.rdata.Rdata:
    if kind in ("TXT", "SPF"):
        strings = [value] if isinstance(value, str) else value
        octets = [piece for text in strings or [""] for piece in _pieces(str(text))]
        rdtype = dns.rdatatype.from_text(kind)
        return TXT(dns.rdataclass.IN, rdtype, octets)
    if kind == "MX":
        value = f"{value[0]} {_absolute(value[1])}"
    elif kind in ("PTR", "CNAME"):
        value = _absolute(value)
    return dns.rdata.from_text("IN", kind, str(value), relativize=False)


def _absolute(name: str) -> str:
    return name.rstrip(".") + "."


def _pieces(text: str) -> Iterator[bytes]:
    octets = text.encode("utf-8")
    for start in range(0, len(octets) or 1, 255):
        yield octets[start : start + 255]
