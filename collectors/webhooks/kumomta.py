"""KumoMTA's log records, posted by a log hook: one JSON record, a list, or one a line.

Source: docs.kumomta.com/reference/log_record and …/userguide/operation/webhooks (read
2026-11-22). Nothing is signed: the hook sets a header of one's own (docs/webhooks/kumomta.md
has the Lua, which also makes KumoMTA try again: the stock hook gives up on any refusal). The
Message-ID is there only if the hook asks for it: `log_parameters.headers`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from collectors.reported import Reason, Reported, Told
from collectors.webhooks.proving import password
from collectors.webhooks.reading import (
    Unreadable,
    epoch_us,
    first,
    json_body,
    listed,
    number,
    part,
    plain_id,
    record,
    text,
    texts,
    time_us,
)
from collectors.webhooks.webhook import HookRequest, Item, Webhook

_TYPES = {
    "Reception": Told.ACCEPTED,
    "Delivery": Told.DELIVERED,
    "TransientFailure": Told.DEFERRED,
    "Delayed": Told.DEFERRED,
    "Bounce": Told.BOUNCED,
    "OOB": Told.BOUNCED,
    "Expiration": Told.BOUNCED,
    "AdminBounce": Told.BOUNCED,
    "Feedback": Told.COMPLAINED,
    "Rejection": Told.REJECTED,
}
_OUTCOMES = {"Expiration": "expired", "AdminBounce": "removed"}
_KINDS = {
    "Bounce": "hard",
    "OOB": "out_of_band",
    "Expiration": "soft",
    "AdminBounce": "undetermined",
}
_CLASSES = {  # of the classifier that KumoMTA ships
    "invalidrecipient": Reason.INVALID,
    "inactivemailbox": Reason.INVALID,
    "baddomain": Reason.DNS,
    "dnsfailure": Reason.DNS,
    "routingerrors": Reason.DNS,
    "quotaissues": Reason.MAILBOX_FULL,
    "spamblock": Reason.REPUTATION,
    "spamcontent": Reason.CONTENT,
    "contentrelated": Reason.CONTENT,
    "virusdetected": Reason.CONTENT,
    "policyrelated": Reason.POLICY,
    "authenticationfailed": Reason.AUTH_FAILED,
    "relaydenied": Reason.RELAY_DENIED,
    "messageexpired": Reason.TIMED_OUT,
    "noanswerfromhost": Reason.TIMED_OUT,
}
_HAS_A_REASON = frozenset({Told.BOUNCED, Told.REJECTED, Told.DEFERRED})
_TAKEN_IN = frozenset({"Reception", "Rejection", "OOB", "Feedback"})  # the peer is who sent it
_MESSAGE_ID = re.compile(r"^message-id:\s*<?([^\s<>]+)>?", re.IGNORECASE | re.MULTILINE)


def _split(request: HookRequest) -> list[Item]:
    """One record, a list of them, or one on each line."""
    lines = request.body.split(b"\n")
    if request.body.lstrip().startswith(b"{") and sum(map(bool, map(bytes.strip, lines))) > 1:
        try:
            return listed([json_body(line) for line in lines if line.strip()], "")
        except Unreadable:
            pass  # one record that somebody printed over several lines
    return listed(json_body(request.body), "")


def _parse(item: Item, _request: HookRequest) -> list[Reported]:
    event = record(item.value)
    word = text(event.get("type"))
    if not word:
        raise Unreadable("the field type is missing; this is no log record")
    return [_one(event, word, recipient) for recipient in _recipients(event)]


def _one(event: Mapping[str, Any], word: str, recipient: str) -> Reported:
    told = _TYPES.get(word, Told.UNKNOWN)
    headers = {name.lower(): said for name, said in part(event, "headers").items()}
    response = part(event, "response")
    failure = text(event.get("bounce_classification"))
    return Reported(
        told=told,
        subtype=word,
        outcome=_OUTCOMES.get(word, ""),
        recipient=recipient,
        occurred_us=_occurred(event),
        message_id=plain_id(_header(headers, "message-id")) or _of_report(event),
        provider_message_id=text(event.get("id")),
        provider_ids=_ids(event),
        sender=text(event.get("sender")),
        subject=_header(headers, "subject"),
        size=number(event.get("size")),
        reason=_reason(told, word, failure),
        reply=_reply(response),
        description=text(part(event, "feedback_report").get("feedback_type")),
        relay="" if word in _TAKEN_IN else _relay(part(event, "peer_address")),
        smtp_code=number(response.get("code")),
        enhanced=_enhanced(part(response, "enhanced_code")),
        bounce_kind=_KINDS.get(word, ""),
        bounce_class=failure if told in _HAS_A_REASON else "",
        attempt=number(event.get("num_attempts")),
        metadata=dict(part(event, "meta")),
        user_agent=text(part(event, "feedback_report").get("user_agent")),
    )


def _recipients(event: Mapping[str, Any]) -> tuple[str, ...]:
    """Who it is about; of a complaint, whom its trace or the report names."""
    report = part(event, "feedback_report")
    named = report.get("original_rcpt_to") or report.get("original_rcpto_to")
    traced = text(part(report, "supplemental_trace").get("recipient"))
    found = (traced,) if traced else texts(named) or texts(event.get("recipient"))
    return tuple(dict.fromkeys(plain_id(one) for one in found)) or ("",)


def _of_report(event: Mapping[str, Any]) -> str:
    """The Message-ID of the mail that a complaint encloses."""
    found = _MESSAGE_ID.search(text(part(event, "feedback_report").get("original_message")))
    return found[1] if found else ""


def _header(headers: Mapping[str, Any], name: str) -> str:
    said = headers.get(name)
    return text(said[0] if isinstance(said, list) and said else said)


def _occurred(event: Mapping[str, Any]) -> int | None:
    at_us = time_us(event.get("event_time"))
    return epoch_us(event.get("timestamp")) if at_us is None else at_us


def _reason(told: Told, word: str, failure: str) -> str:
    if told not in (Told.BOUNCED, Told.REJECTED):
        return ""
    if word == "Expiration":
        return Reason.TIMED_OUT.value
    usual = Reason.BOUNCED if word in ("Bounce", "OOB") else Reason.OTHER
    return _CLASSES.get(failure.lower(), usual).value


def _reply(response: Mapping[str, Any]) -> str:
    """What the next server said, as it stood on the wire."""
    code = number(response.get("code"))
    words = (str(code) if code else "", _enhanced(part(response, "enhanced_code")))
    return " ".join(filter(None, (*words, text(response.get("content")).strip())))


def _enhanced(code: Mapping[str, Any]) -> str:
    digits = [number(code.get(name)) for name in ("class", "subject", "detail")]
    return "" if None in digits else ".".join(map(str, digits))


def _relay(peer: Mapping[str, Any]) -> str:
    name, at = text(peer.get("name")).rstrip("."), first(peer, "addr", "address")
    return f"{name}[{at}]" if name and at else name or at


def _ids(event: Mapping[str, Any]) -> dict[str, str]:
    names = ("nodeid", "session_id")
    return {name: found for name in names if (found := text(event.get(name)))}


WEBHOOK = Webhook("kumomta", "KumoMTA", password, _split, _parse, needs="", header="Authorization")
