"""SparkPost's (Bird's) webhooks: a JSON list of `{"msys": {CLASS: event}}`.

Source: developers.sparkpost.com/api/webhooks and support.sparkpost.com, "Bounce classification
codes" (read 2026-11-22). Not signed: a password, OAuth token or header of one's own. An empty
`msys` is a ping. The Message-ID is not told; `transmission_id` is what the API answered with.
"""

from __future__ import annotations

from typing import Any

from collectors.reported import Reason, Reported, Told
from collectors.webhooks.proving import password
from collectors.webhooks.reading import (
    Unreadable,
    epoch_us,
    first,
    json_items,
    metadata,
    number,
    record,
    text,
    texts,
    time_us,
)
from collectors.webhooks.webhook import HookRequest, Item, Webhook
from tracer.model import Outcome

_TYPES = {
    "injection": Told.ACCEPTED,
    "delivery": Told.DELIVERED,
    "delay": Told.DEFERRED,
    "bounce": Told.BOUNCED,
    "out_of_band": Told.BOUNCED,
    "policy_rejection": Told.REJECTED,
    "generation_failure": Told.FAILED,
    "generation_rejection": Told.REJECTED,
    "spam_complaint": Told.COMPLAINED,
    "list_unsubscribe": Told.UNSUBSCRIBED,
    "link_unsubscribe": Told.UNSUBSCRIBED,
    "open": Told.OPENED,
    "initial_open": Told.OPENED,
    "amp_open": Told.OPENED,
    "amp_initial_open": Told.OPENED,
    "click": Told.CLICKED,
    "amp_click": Told.CLICKED,
}
_NOT_THEIRS = frozenset({"initial_open", "amp_initial_open"})
_CLASSES: dict[str, tuple[Reason, str, Told | None]] = {  # ours, django-anymail's, changed type
    "1": (Reason.OTHER, "other", None),
    "10": (Reason.INVALID, "invalid", None),
    "20": (Reason.BOUNCED, "bounced", None),
    "21": (Reason.DNS, "bounced", None),
    "22": (Reason.MAILBOX_FULL, "bounced", None),
    "23": (Reason.TOO_LARGE, "bounced", None),
    "24": (Reason.TIMED_OUT, "timed_out", None),
    "25": (Reason.POLICY, "blocked", None),
    "30": (Reason.BOUNCED, "bounced", None),
    "40": (Reason.BOUNCED, "bounced", None),
    "50": (Reason.BLOCKED, "blocked", None),
    "51": (Reason.REPUTATION, "spam", None),
    "52": (Reason.CONTENT, "spam", None),
    "53": (Reason.CONTENT, "other", None),
    "54": (Reason.RELAY_DENIED, "blocked", None),
    "60": (Reason.OTHER, "other", Told.AUTORESPONDED),
    "70": (Reason.BOUNCED, "bounced", None),
    "80": (Reason.OTHER, "other", Told.SUBSCRIBED),
    "90": (Reason.UNSUBSCRIBED, "unsubscribed", Told.UNSUBSCRIBED),
    "100": (Reason.OTHER, "other", Told.AUTORESPONDED),
}
_SOFT = frozenset({"20", "21", "22", "23", "24", "40", "70"})


def _parse(item: Item, _request: HookRequest) -> list[Reported]:
    classes = record(record(item.value).get("msys"))
    if not classes:
        return []
    if len(classes) > 1:
        raise Unreadable(f"msys has several classes: {', '.join(map(str, classes))}")
    ((name, event),) = classes.items()
    return [_relayed(record(event)) if name == "relay_message" else _event(record(event))]


def _event(event: Any) -> Reported:
    word, number_of_class = text(event.get("type")), text(event.get("bounce_class"))
    told = _TYPES.get(word, Told.UNKNOWN)
    reason, basic, changed = _CLASSES.get(number_of_class, (Reason.OTHER, "other", None))
    is_suppressed = word == "generation_rejection" and "suppressed" in first(event, "raw_reason")
    code = number(event.get("error_code"))
    return Reported(
        told=changed or told,
        basic="unknown" if word in _NOT_THEIRS else "",
        subtype=word,
        outcome=Outcome.SUPPRESSED.value if is_suppressed else "",
        recipient=first(event, "raw_rcpt_to", "rcpt_to"),
        occurred_us=_occurred(event.get("timestamp")),
        provider_message_id=first(event, "transmission_id", "message_id"),
        provider_event_id=text(event.get("event_id")),
        provider_ids=_ids(event),
        sender=first(event, "msg_from", "friendly_from"),
        subject=text(event.get("subject")),
        size=number(event.get("msg_size")),
        reason=reason.value if number_of_class else "",
        reason_basic=basic if number_of_class else "",
        reply=first(event, "raw_reason", "reason"),
        relay=first(event, "ip_address", "routing_domain"),
        smtp_code=code if code and 200 <= code < 600 else None,
        bounce_kind=_kind(changed or told, word, number_of_class),
        bounce_class=number_of_class,
        attempt=number(event.get("num_retries")),
        tags=texts(event.get("campaign_id")),
        metadata=metadata(event.get("rcpt_meta")),
        click_url=text(event.get("target_link_url")),
        user_agent=text(event.get("user_agent")),
        ip=text(event.get("ip_address")) if told in (Told.OPENED, Told.CLICKED) else "",
    )


def _relayed(event: Any) -> Reported:
    """Mail that SparkPost took in for somebody and hands on by webhook."""
    return Reported(
        told=Told.INBOUND,
        subtype="relay_message",
        recipient=text(event.get("rcpt_to")),
        sender=text(event.get("msg_from")),
        provider_message_id=text(event.get("webhook_id")),
    )


def _occurred(value: Any) -> int | None:
    found = epoch_us(value)
    return found if found is not None else time_us(value)


def _ids(event: Any) -> dict[str, str]:
    return {
        name: found for name in ("message_id", "transmission_id") if (found := first(event, name))
    }


def _kind(told: Told, word: str, number_of_class: str) -> str:
    if told is not Told.BOUNCED:
        return ""
    if word == "out_of_band":
        return word
    if number_of_class in ("", "1"):
        return "undetermined"
    return "soft" if number_of_class in _SOFT else "hard"


WEBHOOK = Webhook("sparkpost", "SparkPost", password, json_items, _parse, needs="")
