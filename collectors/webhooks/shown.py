"""A record as scripts see it: the receipts API's words for one event."""

from __future__ import annotations

from typing import Any

from collectors.reported import Reported, basic_reason, basic_type, enhanced, plain_id, smtp_code
from tracer.exports.as_json import time_text


def event_fields(r: Reported) -> dict[str, Any]:
    """The fields of one event; absent text is "", what has no value is None."""
    return {
        "event_type": r.told.value,
        "event_type_basic": basic_type(r),
        "subtype": r.subtype,
        "recipient": r.recipient,
        "occurred_at": time_text(r.occurred_us),
        "rfc_message_id": plain_id(r.message_id),
        "provider_message_id": r.provider_message_id,
        "provider_event_id": r.provider_event_id,
        "provider_ids": r.provider_ids,
        "sender": r.sender,
        "subject": r.subject,
        "size": r.size,
        "reject_reason": r.reason or None,
        "reject_reason_basic": basic_reason(r) or None,
        "mta_response": r.reply,
        "description": r.description,
        "smtp": {"code": smtp_code(r), "enhanced": enhanced(r), "text": r.reply, "relay": r.relay},
        "bounce": {"kind": r.bounce_kind, "class_raw": r.bounce_class},
        "attempt": r.attempt,
        "tags": list(r.tags),
        "metadata": r.metadata,
        "click_url": r.click_url,
        "user_agent": r.user_agent,
        "engagement": {"ip": r.ip, "machine": r.is_machine},
    }
