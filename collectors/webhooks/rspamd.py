"""rspamd's metadata exporter: one scan a request, told for each recipient.

Source: rspamd.com/doc/modules/metadata_exporter.html and src/plugins/lua/metadata_exporter.lua
in github.com/rspamd/rspamd (read 2026-11-22). The formatters json, json_with_message, multipart
and msgpack are read; of a whole message (default) the headers `X-Rspamd-…` that `meta_headers`
adds and the message's own Message-ID and subject. Sent once, never again; proven by user and
password. There is no time: that of the arrival stands in.

A scan is a remark on the mail, not its fate: what became of it only the mail server's log
tells, so no scan is counted as a delivery.
"""

from __future__ import annotations

from collections.abc import Mapping
from email import message_from_bytes, policy
from email.parser import BytesHeaderParser
from typing import Any

import msgspec

from collectors.reported import NO_OUTCOME, Reason, Reported, Told
from collectors.webhooks.proving import password
from collectors.webhooks.reading import (
    Unreadable,
    json_body,
    number,
    plain_id,
    record,
    text,
    texts,
)
from collectors.webhooks.webhook import HookRequest, Item, Webhook

_ACTIONS: dict[str, tuple[Told, Reason | None]] = {
    "no action": (Told.UNKNOWN, None),
    "greylist": (Told.DEFERRED, Reason.GREYLISTED),
    "soft reject": (Told.DEFERRED, None),
    "add header": (Told.FILTERED, None),
    "rewrite subject": (Told.FILTERED, None),
    "quarantine": (Told.HELD, None),
    "reject": (Told.REJECTED, Reason.SPAM),
    "discard": (Told.REJECTED, Reason.SPAM),
}
_PREFIX = "x-rspamd-"
_ABSENT = "unknown"  # rspamd's word for what it does not know
_MESSAGE = 65_536  # octets of a whole message in which its headers are looked for
_SYMBOLS = 12
_PACKED_MAPS = (*range(0x80, 0x90), 0xDE, 0xDF)


def _split(request: HookRequest) -> list[Item]:
    body = request.body
    if request.media_type == "multipart/form-data":
        return [Item("/metadata", _of_parts(request))]
    if body.lstrip()[:1] in (b"{", b"["):
        return [Item("", json_body(body))]
    told = _of_headers(request)
    if told:
        return [Item("", _of_message(body) | told)]
    if body[:1] and body[0] in _PACKED_MAPS:
        return [Item("", _unpacked(body))]
    raise Unreadable("neither JSON nor headers X-Rspamd-…: set formatter = json or meta_headers")


def _of_parts(request: HookRequest) -> Any:
    head = f"Content-Type: {request.header('content-type')}\r\n\r\n".encode("utf-8", "replace")
    found = message_from_bytes(head + request.body, policy=policy.compat32)
    for one in found.walk():
        if one.get_param("name", header="content-disposition") == "metadata":
            content = one.get_payload(decode=True)
            return json_body(content if isinstance(content, bytes) else b"")
    raise Unreadable("the part named metadata is missing")


def _of_headers(request: HookRequest) -> dict[str, Any]:
    named = {
        name.removeprefix(_PREFIX).replace("-", "_"): said  # a web server may spell it so
        for name, said in request.headers.items()
        if name.startswith(_PREFIX)
    }
    return {name: _list_or_text(said) for name, said in named.items()} if "action" in named else {}


def _list_or_text(said: str) -> Any:
    if not said.startswith(("[", "{")):
        return said
    try:
        return json_body(said.encode("utf-8", "replace"))
    except Unreadable:
        return said


def _of_message(body: bytes) -> dict[str, Any]:
    mail = BytesHeaderParser(policy=policy.compat32).parsebytes(body[:_MESSAGE])
    return {
        "message_id": str(mail.get("Message-ID", "")),
        "header_subject": [str(mail.get("Subject", ""))],
    }


def _unpacked(body: bytes) -> Any:
    try:
        return msgspec.msgpack.decode(body, strict=False)
    except (msgspec.DecodeError, UnicodeError, RecursionError, ValueError) as error:
        raise Unreadable(f"not msgpack: {error}") from error


def _parse(item: Item, _request: HookRequest) -> list[Reported]:
    scan = record(item.value)
    action = text(scan.get("action"))
    if not action:
        raise Unreadable("the field action is missing; this is no scan of rspamd")
    recipients = _recipients(scan.get("rcpt"))
    return [_one(scan, action, recipient) for recipient in recipients or ("",)]


def _one(scan: Mapping[str, Any], action: str, recipient: str) -> Reported:
    told, reason = _ACTIONS.get(action, (Told.UNKNOWN, None))
    return Reported(
        told=told,
        subtype=action,
        outcome=NO_OUTCOME,
        recipient=recipient,
        message_id=plain_id(_known(scan.get("message_id"))),
        provider_message_id=_known(scan.get("qid")),
        provider_ids=_ids(scan),
        sender=_known(scan.get("from")),
        subject=_subject(scan),
        size=number(scan.get("size")),
        reason=reason.value if reason else "",
        description=_description(scan, action),
        metadata=_facts(scan),
        ip=_known(scan.get("ip")),
    )


def _known(value: Any) -> str:
    found = text(value).strip()
    return "" if found in (_ABSENT, "undef") else found


def _recipients(value: Any) -> tuple[str, ...]:
    """A list, or one text with commas between."""
    named = value.split(",") if isinstance(value, str) else texts(value)
    return tuple(dict.fromkeys(found for one in named if (found := _known(one))))


def _subject(scan: Mapping[str, Any]) -> str:
    decoded = texts(scan.get("header_subject"))
    return _known(scan.get("subject")) or next(map(_known, decoded), "")


def _description(scan: Mapping[str, Any], action: str) -> str:
    """`add header, score 8.4: BAYES_SPAM(5.1), …`: what weighed most comes first."""
    score = text(scan.get("score"))
    weights = sorted(_weights(scan.get("symbols")), key=lambda one: -abs(one[1]))
    named = ", ".join(f"{name}({weight:g})" for name, weight in weights[:_SYMBOLS] if weight)
    said = f"{action}, score {score}" if score else action
    return f"{said}: {named}" if named else said


def _weights(value: Any) -> list[tuple[str, float]]:
    symbols = value if isinstance(value, list) else []
    return [
        (text(one.get("name")), float(score))
        for one in symbols
        if isinstance(one, dict) and isinstance(score := one.get("score"), int | float)
    ]


def _facts(scan: Mapping[str, Any]) -> dict[str, Any]:
    names = ("score", "user", "rspamd_server", "scan_time")
    return {name: scan[name] for name in names if text(scan.get(name)) not in ("", _ABSENT)}


def _ids(scan: Mapping[str, Any]) -> dict[str, str]:
    return {name: found for name in ("qid", "uuid") if (found := _known(scan.get(name)))}


WEBHOOK = Webhook("rspamd", "rspamd", password, _split, _parse, needs="", header="Authorization")
