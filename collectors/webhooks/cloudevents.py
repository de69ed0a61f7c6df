"""CloudEvents 1.0 over HTTP: binary, structured and batched.

Source: github.com/cloudevents/spec, http-protocol-binding.md and http-webhook.md 1.0.2 (read
2026-11-22). Proof is a bearer token. The hand-shake answers `WebHook-Request-Origin`; the
address in `WebHook-Request-Callback` is never called, it may be anybody's. The event's data is
the object of collectors/webhooks/generic.py.
"""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as NotBase64
from typing import Any

from collectors.reported import Reported
from collectors.webhooks.generic import reported
from collectors.webhooks.proving import password
from collectors.webhooks.reading import Unreadable, json_body, listed, record, text, time_us
from collectors.webhooks.webhook import Answer, HookRequest, Item, Webhook

_BATCH = "application/cloudevents-batch+json"
_ONE = "application/cloudevents+json"


def _split(request: HookRequest) -> list[Item]:
    body = json_body(request.body)
    if request.media_type == _BATCH:
        return listed(body, "")
    if request.media_type == _ONE or (isinstance(body, dict) and "specversion" in body):
        return [Item("", body)]
    if not request.header("ce-type"):
        return listed(body, "")
    attributes: dict[str, Any] = {
        name[3:]: value for name, value in request.headers.items() if name.startswith("ce-")
    }
    return [Item("", attributes | {"data": body})]


def _parse(item: Item, _request: HookRequest) -> list[Reported]:
    event = record(item.value)
    if not text(event.get("type")):
        raise Unreadable("a CloudEvent without a type")
    event_id = "/".join(filter(None, (text(event.get("source")), text(event.get("id")))))
    at = time_us(event.get("time"))
    return [reported(_data(event), text(event["type"]), event_id=event_id, occurred_us=at)]


def _data(event: Any) -> Any:
    packed = text(event.get("data_base64"))
    if not packed:
        return event.get("data")
    try:
        return json_body(b64decode(packed.encode("ascii", "replace")))
    except NotBase64 as error:
        raise Unreadable("data_base64 is not base64") from error


def _handshake(request: HookRequest) -> Answer:
    origin = request.header("webhook-request-origin")
    if request.method != "OPTIONS" or not origin:
        return Answer(204)
    return Answer(200, {"WebHook-Allowed-Origin": origin, "Allow": "POST"})


WEBHOOK = Webhook(
    "cloudevents", "CloudEvents", password, _split, _parse, handshake=_handshake,
    header="Authorization: Bearer",
)  # fmt: skip
