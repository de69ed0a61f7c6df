"""The shapes of the API's JSON as JSON Schema, made from the types that the answers are made of."""

from __future__ import annotations

from enum import Enum
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec

from tracer.exports import as_json
from tracer.model import Delivery, Event, Hop, Outcome, Row
from tracer.store.jobs import State

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "number"}
WHOLE: Schema = {"type": "integer"}
FLAG: Schema = {"type": "boolean"}
TIME: Schema = {"type": ["string", "null"], "format": "date-time"}
SOME_WHOLE: Schema = {"type": ["integer", "null"]}
SOME_NUMBER: Schema = {"type": ["number", "null"]}
SOME_TEXT: Schema = {"type": ["string", "null"]}
ANYTHING: Schema = {}

_PLAIN = {str: TEXT, int: WHOLE, float: NUMBER, bool: FLAG, bytes: TEXT}
_TYPES = {str: "string", int: "integer", float: "number", bool: "boolean"}


def named(name: str) -> Schema:
    """A reference to one of the shapes."""
    return {"$ref": f"#/components/schemas/{name}"}


def a_list(of: Schema) -> Schema:
    """A list of one shape."""
    return {"type": "array", "items": of}


def an_object(required: dict[str, Schema], **optional: Schema) -> Schema:
    """An object that always has the first fields; more may come with any version."""
    return {
        "type": "object",
        "properties": required | optional,
        "required": list(required),
    }


def of_struct(kind: type[msgspec.Struct], only: tuple[str, ...] = ()) -> Schema:
    """The object that `as_json.plain` makes of a struct: `…_us` is a time `…_at`."""
    fields: dict[str, Schema] = {}
    for name, hint in get_type_hints(kind).items():
        if name.endswith("_us"):
            fields["at" if name == "at_us" else f"{name.removesuffix('_us')}_at"] = TIME
        else:
            fields[name] = _of_type(hint)
    return an_object({name: fields[name] for name in only or fields if name in fields})


def _of_type(hint: Any) -> Schema:
    if get_origin(hint) in (Union, UnionType):
        kinds = [kind for kind in get_args(hint) if kind is not NoneType]
        return {"type": [_TYPES[kinds[0]], "null"]} if kinds[0] in _TYPES else ANYTHING
    if isinstance(hint, type) and issubclass(hint, Enum):
        return {"type": "string", "enum": [member.value for member in hint]}
    if get_origin(hint) in (tuple, list):
        return a_list(_of_type(get_args(hint)[0]))
    return _PLAIN.get(hint, ANYTHING)


def page_of(shape: Schema, **more: Schema) -> Schema:
    """`items`, `next`, `complete_until`."""
    return an_object(
        {"items": a_list(shape), "next": SOME_TEXT, "complete_until": TIME, **more},
    )


def shapes() -> dict[str, Schema]:
    """Every named shape."""
    return _of_mail() | _of_work() | _of_sources() | {
        "Problem": an_object(
            {"type": TEXT, "title": TEXT, "status": WHOLE, "detail": TEXT, "instance": TEXT},
            column=WHOLE, suggestion=TEXT, field=TEXT,
        ),
        "Health": an_object(
            {"status": {"type": "string", "enum": ["ok", "failing"]}, "checks": {"type": "object"}}
        ),
    }  # fmt: skip


def _of_mail() -> dict[str, Schema]:
    return {
        "Outcome": {"type": "string", "enum": [outcome.value for outcome in Outcome]},
        "Row": of_struct(Row, as_json.FIELDS),
        "Delivery": of_struct(Delivery),
        "Event": of_struct(Event),
        "Hop": _hop(),
        "Deliveries": page_of(named("Row")),
        "Facets": page_of(an_object({"key": TEXT, "value": TEXT, "count": WHOLE}), count=WHOLE),
        "Message": an_object(
            {
                "message": named("Row"), "deliveries": a_list(named("Row")),
                "hops": a_list(named("Hop")), "events": a_list(named("Event")),
                "explanation": named("Explanation"),
            }
        ),
        "Explanation": an_object(
            {
                "cause": TEXT, "severity": TEXT, "actor": TEXT, "facets": {"type": "object"},
                "headline": TEXT, "steps": a_list(an_object({"what": TEXT, "how": TEXT})),
                "tell_user": TEXT, "tell_their_admin": TEXT,
                "reference": a_list(an_object({"text": TEXT, "url": TEXT})),
            },
            id=TEXT, confidence=TEXT,
        ),
    }  # fmt: skip


def _of_work() -> dict[str, Schema]:
    return {
        "Diagnosis": an_object(
            {"id": TEXT, "state": {"type": "string", "enum": ["running", "done", "failed"]}},
            target={"type": "object"}, started_at=TIME, finished_at=TIME, summary=ANYTHING,
            findings=a_list(named("Finding")),
        ),
        "Finding": an_object(
            {
                "check": TEXT, "code": TEXT,
                "verdict": {
                    "type": "string", "enum": ["fail", "warning", "pass", "unknown", "na"]
                },
                "side": TEXT, "subject": TEXT, "params": {"type": "object"},
                "evidence": ANYTHING, "fix": ANYTHING,
            }
        ),
        "Export": _export(),
        "Exports": page_of(named("Export")),
    }  # fmt: skip


def _of_sources() -> dict[str, Schema]:
    return {
        "Lines": an_object(
            dict.fromkeys(("lines", "events", "unparsed", "duplicates", "messages"), WHOLE)
        ),
        "Receipt": an_object(
            {
                "id": TEXT, "source": TEXT, "provider": TEXT, "received_at": TIME, "octets": WHOLE,
                "sha256": TEXT, "auth": an_object({"scheme": TEXT, "key": TEXT}), "parser": TEXT,
                "events": WHOLE, "known_before": WHOLE, "repeats": WHOLE, "dead_letters": WHOLE,
            }
        ),
        "ReceiptEvents": an_object(
            {"items": a_list({"type": "object"}), "dead_letters": a_list({"type": "object"})}
        ),
        "Stored": an_object({"receipt": TEXT}, duplicate=FLAG),
    }  # fmt: skip


def _hop() -> Schema:
    shape = of_struct(Hop)
    shape["properties"] |= {"hop_id": TEXT, "deliveries": a_list(named("Delivery"))}
    shape["required"] += ["deliveries"]
    return shape


def _export() -> Schema:
    return an_object(
        {
            "id": TEXT, "state": {"type": "string", "enum": [state.value for state in State]},
            "query": TEXT, "since": TIME, "until": TIME, "format": TEXT, "columns": TEXT,
            "exact": FLAG, "asked_by": TEXT, "asked_at": TIME, "started_at": TIME,
            "finished_at": TIME, "expires_at": TIME, "rows": WHOLE, "total": SOME_WHOLE,
            "progress": SOME_NUMBER, "octets": SOME_WHOLE, "sha256": TEXT, "error": TEXT,
            "file": TEXT,
        }
    )  # fmt: skip
