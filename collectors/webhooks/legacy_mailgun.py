"""Mailgun's webhooks of before 2018: a form of fields, the sender's variables among them.

Source: Mailgun's user manual, "Tracking", of that time. A field that comes twice is the
event's own first and the sender's variable after it; of the signature it is the other way
round. Error codes of 600 and more are Mailgun's own.
"""

from __future__ import annotations

from typing import Any

import msgspec

from collectors.reported import Reason, Reported, Told
from collectors.webhooks.reading import (
    Fields,
    Unreadable,
    epoch_us,
    metadata,
    number,
    plain_id,
)
from collectors.webhooks.webhook import HookRequest

_TYPES = {
    "delivered": Told.DELIVERED,
    "dropped": Told.REJECTED,
    "bounced": Told.BOUNCED,
    "complained": Told.COMPLAINED,
    "unsubscribed": Told.UNSUBSCRIBED,
    "opened": Told.OPENED,
    "clicked": Told.CLICKED,
}
_CODES = {499: Reason.TIMED_OUT, 605: Reason.BOUNCED, 607: Reason.SPAM}
_SIGNED = ("signature", "timestamp", "token")
_OWN_FIELDS = frozenset(
    "event recipient domain ip country region city user-agent device-type client-type client-name "
    "client-os campaign-id campaign-name tag mailing-list timestamp token signature body-plain h "
    "message-id url".split()
)
_WITH_VARIABLES = ("opened", "clicked", "unsubscribed")


def is_legacy(request: HookRequest) -> bool:
    """Whether a request is a form, not JSON."""
    return request.media_type in ("application/x-www-form-urlencoded", "multipart/form-data")


def parse_legacy(fields: Fields) -> Reported:
    """The one event of a form."""
    if "event" not in fields:
        raise Unreadable("the form has no field `event`; is this an inbound route?")
    only = {name: values[0] for name, values in fields.items()}
    told = _TYPES.get(only["event"], Told.UNKNOWN)
    code = only.get("code", "")
    smtp_code = number(code) if "." not in code else None
    return Reported(
        told=told,
        subtype="/".join(filter(None, (only["event"], only.get("reason", "")))),
        recipient=only.get("recipient", ""),
        occurred_us=epoch_us(fields.get("timestamp", [""])[-1]),
        message_id=plain_id(only.get("Message-Id") or only.get("message-id")),
        provider_event_id=fields.get("token", [""])[-1],
        reason=_reason(code),
        reply=only.get("error") or only.get("notification") or "",
        description=only.get("description", ""),
        smtp_code=smtp_code if smtp_code and 200 <= smtp_code < 600 else None,
        enhanced=code if "." in code else "",
        bounce_kind="hard" if told is Told.BOUNCED else "",
        tags=tuple(fields.get("tag") or fields.get("X-Mailgun-Tag") or ()),
        metadata=_variables(fields, only),
        click_url=only.get("url", ""),
        user_agent=only.get("user-agent", ""),
        ip=only.get("ip", ""),
    )


def _reason(code: str) -> str:
    if "." in code:
        return (Reason.BOUNCED if code[:1] in ("4", "5") else Reason.OTHER).value
    known = number(code)
    if known is None:
        return ""
    usual = Reason.BOUNCED if 400 <= known < 600 else Reason.OTHER
    return _CODES.get(known, usual).value


def _variables(fields: Fields, only: dict[str, str]) -> dict[str, Any]:
    """The sender's variables: from the message's headers, or from the fields that are not ours."""
    if "message-headers" in only:
        found: dict[str, Any] = {}
        for header in _headers(only["message-headers"]):
            if isinstance(header, list) and len(header) == 2 and header[0] == "X-Mailgun-Variables":
                found |= metadata(header[1])
        return found
    if only["event"] not in _WITH_VARIABLES:
        return {}
    foreign = {name: values[-1] for name, values in fields.items() if name not in _OWN_FIELDS}
    for name, values in fields.items():
        if name in _OWN_FIELDS and len(values) > 1 and name != "tag":
            foreign[name] = values[0] if name in _SIGNED else values[-1]
    return foreign


def _headers(said: str) -> list[Any]:
    try:
        found = msgspec.json.decode(said)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return []
    return found if isinstance(found, list) else []
