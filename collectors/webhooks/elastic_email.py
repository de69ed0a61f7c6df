"""Elastic Email's web notifications: one event a request, in the address or as a form.

Source: help.elasticemail.com/en/articles/4804685-notification-settings (read 2026-11-22). Not
signed: the path's token is the proof, a password may be added. Entering the address makes
Elastic Email ask it once with nothing in it; after 1000 failures it stops sending. Times are
UTC, written as .NET writes them (`11/22/2025 10:00:05 AM`) or as ISO 8601.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from collectors.reported import Reason, Reported, Told
from collectors.webhooks.proving import password
from collectors.webhooks.reading import (
    Unreadable,
    first,
    form,
    json_body,
    record,
    text,
    time_us,
)
from collectors.webhooks.webhook import Answer, HookRequest, Item, Webhook
from tracer.model import micros

_TYPES = {
    "sent": Told.DELIVERED,
    "opened": Told.OPENED,
    "clicked": Told.CLICKED,
    "error": Told.BOUNCED,
    "abusereport": Told.COMPLAINED,
    "unsubscribed": Told.UNSUBSCRIBED,
}
_CATEGORIES: dict[str, tuple[Told, Reason]] = {
    "ignore": (Told.BOUNCED, Reason.OTHER),
    "spam": (Told.BOUNCED, Reason.SPAM),
    "blacklisted": (Told.BOUNCED, Reason.REPUTATION),
    "nomailbox": (Told.BOUNCED, Reason.INVALID),
    "greylisted": (Told.BOUNCED, Reason.GREYLISTED),
    "throttled": (Told.BOUNCED, Reason.POLICY),
    "timeout": (Told.BOUNCED, Reason.TIMED_OUT),
    "connectionproblem": (Told.BOUNCED, Reason.OTHER),
    "spfproblem": (Told.BOUNCED, Reason.AUTH_FAILED),
    "accountproblem": (Told.BOUNCED, Reason.OTHER),
    "dnsproblem": (Told.BOUNCED, Reason.DNS),
    "whitelistingproblem": (Told.BOUNCED, Reason.POLICY),
    "codeerror": (Told.FAILED, Reason.OTHER),
    "manualcancel": (Told.REJECTED, Reason.OTHER),
    "connectionterminated": (Told.BOUNCED, Reason.OTHER),
    "contentfilter": (Told.BOUNCED, Reason.CONTENT),
    "notdelivered": (Told.REJECTED, Reason.BLOCKED),
    "unknown": (Told.BOUNCED, Reason.OTHER),
}
_HARD = frozenset({"nomailbox", "dnsproblem", "notdelivered"})
_NET = ("%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %H:%M:%S")
_WORD = re.compile(r"[^a-z]")


def _split(request: HookRequest) -> list[Item]:
    """The parameters of the address and of the form, by lower-case name; nothing for a try-out."""
    fields = {name.lower(): value for name, value in form(request.query.encode("latin-1"))}
    body = request.body.strip()
    if body.startswith(b"{"):
        fields |= {name.lower(): text(said) for name, said in record(json_body(body)).items()}
    else:
        fields |= {name.lower(): value for name, value in form(body)}
    return [Item("", fields)] if any(fields.values()) else []


def _parse(item: Item, _request: HookRequest) -> list[Reported]:
    event = record(item.value)
    status, category = text(event.get("status")), text(event.get("category"))
    if not status:
        raise Unreadable("the parameter status is missing")
    told, reason = _told(status, category)
    return [
        Reported(
            told=told,
            subtype="/".join(filter(None, (status, category if reason else ""))),
            recipient=text(event.get("to")),
            occurred_us=_time(first(event, "date", "eventdate")),
            provider_message_id=first(event, "messageid", "transaction"),
            provider_ids=_ids(event),
            sender=text(event.get("from")),
            subject=text(event.get("subject")),
            reason=reason.value if reason else "",
            bounce_kind=_kind(told, category),
            bounce_class=category if reason else "",
            tags=(text(event.get("channel")),) if text(event.get("channel")) else (),
            metadata={"postback": event["postback"]} if event.get("postback") else {},
            click_url=text(event.get("target")),
        )
    ]


def _told(status: str, category: str) -> tuple[Told, Reason | None]:
    told = _TYPES.get(_plain(status), Told.UNKNOWN)
    if told is not Told.BOUNCED:
        return told, None
    return _CATEGORIES.get(_plain(category), (told, Reason.OTHER))


def _plain(word: str) -> str:
    return _WORD.sub("", word.lower())


def _kind(told: Told, category: str) -> str:
    if told is not Told.BOUNCED:
        return ""
    return "hard" if _plain(category) in _HARD else "soft"


def _ids(event: Mapping[str, object]) -> dict[str, str]:
    names = ("transaction", "messageid")
    return {name: found for name in names if (found := text(event.get(name)))}


def _time(said: str) -> int | None:
    for form_of_time in _NET:
        try:
            return micros(datetime.strptime(said.strip(), form_of_time).replace(tzinfo=UTC))
        except ValueError:
            continue
    return time_us(said)


def _somebody_is_there(_: HookRequest) -> Answer:
    return Answer(200)


WEBHOOK = Webhook(
    "elastic_email", "Elastic Email", password, _split, _parse, needs="",
    methods=("GET", "POST"), handshake=_somebody_is_there, header="the address itself",
)  # fmt: skip
