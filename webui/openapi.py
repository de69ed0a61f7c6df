"""`/api/openapi.json`: the API as OpenAPI 3.1, made from the routes and their types.

What a route is for is the first line of its view's docstring; what it takes and gives stands in
`OPERATIONS`, by endpoint and method. A test asks that no route of the API is missing there.
"""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, Flask, current_app, jsonify
from flask.typing import ResponseReturnValue
from werkzeug.routing import Rule

from tracer import release
from webui.openapi_shapes import FLAG, TEXT, WHOLE, Schema, a_list, an_object, named, shapes

pages = Blueprint("openapi", __name__)

JSON, PROBLEM = "application/json", "application/problem+json"
TOKEN: Schema = {"token": []}
_VARIABLE = re.compile(r"<(?:\w+:)?(\w+)>")


@dataclass(frozen=True, slots=True)
class Operation:
    """What a route takes and gives: `gives` is (status, content type, shape or nothing)."""

    tag: str
    gives: tuple[int, str, Schema | None]
    query: dict[str, str] = field(default_factory=dict)
    body: Schema | None = None
    scope: str = ""
    problems: tuple[int, ...] = ()


_SEARCH = {
    "q": "The query, as in the search box.",
    "since": "Oldest time: `48h` (the default), `7d`, an RFC 3339 time, `all`.",
    "until": "Newest time, in the same forms.",
}
_PAGED = _SEARCH | {"after": "`next` of the page before.", "limit": "Rows a page: 1 to 500."}
_TARGET = an_object(
    {}, sender=TEXT, recipient=TEXT, ips=a_list(TEXT), helo=TEXT, selectors=a_list(TEXT),
    header_from=TEXT, probe_recipient=FLAG, probe_catch_all=FLAG, second_opinion=FLAG,
    checks=a_list(TEXT),
)  # fmt: skip
_ORDER = an_object(
    {}, query=TEXT, since=TEXT, until=TEXT, exact=FLAG, lang=TEXT, tell=FLAG,
    format={"type": "string", "enum": ["csv", "excel", "ndjson", "xlsx", "parquet"]},
    columns={"type": "string", "enum": ["summary", "enhanced", "extended", "all"]},
)  # fmt: skip
_EXPLAIN = an_object({"text": TEXT}, lang=TEXT)
_OK = (200, JSON)

OPERATIONS: dict[tuple[str, str], Operation] = {
    ("api.list_deliveries", "GET"): Operation(
        "search", (*_OK, named("Deliveries")), _PAGED, problems=(400,)
    ),
    ("api.one_message", "GET"): Operation(
        "search", (*_OK, named("Message")), {"lang": "`en` or `ru`."}, problems=(404,)
    ),
    ("api.facets", "GET"): Operation(
        "search", (*_OK, named("Facets")), _SEARCH, problems=(400,)
    ),
    ("explaining_api.explain", "POST"): Operation(
        "explain", (*_OK, named("Explanation")), body=_EXPLAIN, problems=(400, 413, 415)
    ),
    ("diagnoses_api.start", "POST"): Operation(
        "diagnose", (202, JSON, named("Diagnosis")), body=_TARGET, problems=(400, 429)
    ),
    ("diagnoses_api.one", "GET"): Operation(
        "diagnose", (*_OK, named("Diagnosis")), problems=(404,)
    ),
    ("exports_api.start", "POST"): Operation(
        "export", (202, JSON, named("Export")), body=_ORDER, problems=(400,)
    ),
    ("exports_api.every", "GET"): Operation("export", (*_OK, named("Exports"))),
    ("exports_api.one", "GET"): Operation("export", (*_OK, named("Export")), problems=(404,)),
    ("exports_api.file", "GET"): Operation(
        "export", (200, "application/octet-stream", {}), problems=(404, 409)
    ),
    ("exports_api.cancel", "POST"): Operation("export", (*_OK, named("Export")), problems=(404,)),
    ("exports_api.delete", "DELETE"): Operation("export", (204, "", None), problems=(404,)),
    ("shipping.take_lines", "POST"): Operation(
        "collect", (*_OK, named("Lines")),
        {
            "source": "Name of the source.", "host": "Host of lines that name none.",
            "timezone": "Zone of stamps that name none.",
        },
        body=a_list(TEXT), scope="events:write", problems=(400, 401, 403),
    ),
    ("receipts.one_receipt", "GET"): Operation(
        "webhooks", (*_OK, named("Receipt")), scope="receipts:read", problems=(401, 403, 404)
    ),
    ("receipts.events_of_receipt", "GET"): Operation(
        "webhooks", (*_OK, named("ReceiptEvents")), scope="receipts:read", problems=(401, 403, 404)
    ),
    ("health.livez", "GET"): Operation("probes", (*_OK, named("Health"))),
    ("health.healthz", "GET"): Operation("probes", (*_OK, named("Health"))),
    ("metrics.metrics", "GET"): Operation("probes", (200, "text/plain", TEXT)),
}  # fmt: skip


@pages.get("/api/openapi.json")
def openapi() -> ResponseReturnValue:
    """This description."""
    return jsonify(document(current_app))


def document(app: Flask) -> dict[str, Any]:
    """The description of an application's API."""
    paths: dict[str, Any] = {}
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            operation = OPERATIONS.get((rule.endpoint, method))
            if operation is not None:
                path = paths.setdefault(_VARIABLE.sub(r"{\1}", rule.rule), {})
                path[method.lower()] = _described(app, rule, method, operation)
    paths["/hooks/{source}/{token}"] = {"post": _HOOK}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Mailtracer",
            "version": release.version(),
            "description": "Times are RFC 3339 in UTC. Absent text is an empty string, absent "
            "numbers and times are null. Fields may be added; none is renamed or removed.",
        },
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": shapes(),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _described(app: Flask, rule: Rule, method: str, operation: Operation) -> dict[str, Any]:
    words = inspect.getdoc(app.view_functions[rule.endpoint]) or ""
    status, content, shape = operation.gives
    told: dict[str, Any] = {
        "operationId": f"{method.lower()}_{_name(rule)}",
        "tags": [operation.tag],
        "summary": words.partition("\n")[0],
        "parameters": [*_in_path(rule), *_in_query(operation.query)],
        "responses": {str(status): _answer(content, shape)}
        | {str(code): _answer(PROBLEM, named("Problem")) for code in operation.problems},
    }
    if operation.body is not None:
        told["requestBody"] = {"required": True, "content": {JSON: {"schema": operation.body}}}
    if operation.scope:
        told["security"] = [TOKEN]
        told["description"] = f"Needs a token with the scope `{operation.scope}`."
    return told


def _name(rule: Rule) -> str:
    return re.sub(r"\W+", "_", _VARIABLE.sub(r"by_\1", rule.rule)).strip("_")


def _answer(content: str, shape: Schema | None) -> dict[str, Any]:
    told: dict[str, Any] = {"description": "A problem." if content == PROBLEM else "Done."}
    return told if shape is None else told | {"content": {content: {"schema": shape}}}


def _in_path(rule: Rule) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": TEXT}
        for name in _VARIABLE.findall(rule.rule)
    ]


def _in_query(query: dict[str, str]) -> list[dict[str, Any]]:
    return [
        {
            "name": name, "in": "query", "description": words,
            "schema": WHOLE if name == "limit" else TEXT,
        }
        for name, words in query.items()
    ]  # fmt: skip


_HOOK: dict[str, Any] = {
    "operationId": "post_hook",
    "tags": ["webhooks"],
    "summary": "A provider's webhook: answered once what came is durably stored.",
    "parameters": [
        {"name": name, "in": "path", "required": True, "schema": TEXT}
        for name in ("source", "token")
    ],
    "requestBody": {"required": True, "content": {"*/*": {"schema": {}}}},
    "responses": {
        "200": _answer(JSON, named("Stored")),
        "401": {"description": "The request does not prove who sent it."},
        "404": {"description": "No webhook has this address."},
    },
}
