"""Explaining as JSON: what is asked, and the contract's answer with our fields behind its own."""

from __future__ import annotations

from typing import Any

import msgspec

from collectors.pasted import Explained, Given, Pasted
from tracer.exports.as_json import plain, time_text
from tracer.notices import Notice


class Line(msgspec.Struct):
    """What is asked as JSON; `id` comes back as it was given."""

    id: Any = ""
    text: str = ""
    reply_code: str | int | None = None
    enhanced: str | None = None
    command: str | None = None
    lang: str = ""

    def given(self) -> Given:
        """What is told beside the text."""
        code = "" if self.reply_code is None else str(self.reply_code)
        return Given(code.strip(), (self.enhanced or "").strip(), (self.command or "").strip())


def as_object(pasted: Pasted, id: Any = "") -> dict[str, Any]:
    """The first recipient's explanation, then every one, and what the text turned out to be."""
    told = {"id": id, **one(pasted.found[0]), "kind": pasted.kind}
    if len(pasted.found) > 1:
        told["explanations"] = [one(each) for each in pasted.found]
    if pasted.notice is not None:
        told["notice"] = notice(pasted.notice)
    return told | {"hints": list(pasted.hints)}


def one(explained: Explained) -> dict[str, Any]:
    """One explanation: the contract's fields, then the card's others."""
    card, told = explained.card, explained.told
    return {
        "cause": card.cause,
        "severity": card.severity,
        "actor": card.side,
        "confidence": card.confidence,
        "facets": card.facets,
        "headline": card.headline,
        "steps": [{"what": what, "how": how} for what, how in card.steps],
        "tell_user": card.tell_user,
        "tell_their_admin": card.tell_their_admin,
        "reference": [{"text": text, "url": url} for text, url in card.reference],
        "title": card.title,
        "why": card.why,
        "urgency": card.urgency,
        "status": told.outcome.value,
        "recipient": told.recipient,
        "reply": told.reply,
        "enhanced_status": told.status,
        "likeliest": [plain(likely) for likely in card.likeliest],
        "marks": [list(span) for span in card.marks],
    }


def notice(value: Notice) -> dict[str, Any]:
    """What a notice or a message says of itself."""
    return {
        "reporting_mta": value.reporting_mta,
        "envelope_id": value.envelope_id,
        "queue_ids": list(value.queue_ids),
        "arrival_at": time_text(value.arrival_us),
        "verp": value.verp,
        "headers": plain(value.headers),
        "returned": plain(value.returned),
        "complaint": plain(value.complaint) if value.complaint else None,
        "recipients": [
            plain(each) | {"status": each.outcome.value, "enhanced_status": each.status}
            for each in value.recipients
        ],
        "trail": [plain(hop) for hop in value.trail],
    }
