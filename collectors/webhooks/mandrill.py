"""Mandrill (Mailchimp Transactional): a form whose one field is a JSON list of events.

Source: mailchimp.com/developer/transactional/guides/track-respond-activity-webhooks and
mandrill.zendesk.com, "Message Event Webhook Format", "How to Authenticate Webhook Requests",
"Why can't my webhook … be verified" (read 2026-11-22). Signed is the address exactly as it was
entered there, then every field in order of its name; HMAC-SHA1 in base64.

The key is told only after the address answered a HEAD, or a POST of no events that is signed
with a key known to everybody: both are answered before there is a key.
"""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from collectors.reported import Reason, Reported, Told
from collectors.webhooks.proving import matching
from collectors.webhooks.reading import (
    Unreadable,
    epoch_us,
    first,
    form_fields,
    json_body,
    listed,
    metadata,
    part,
    record,
    text,
    texts,
)
from collectors.webhooks.webhook import Answer, HookRequest, Item, Keys, Proof, Webhook
from tracer.errors import WebhookRejected

_SIGNATURE = "x-mandrill-signature"
_EVENTS = "mandrill_events"
_SETUP_KEY = "test-webhook"
_TYPES = {
    "send": Told.SENT,
    "delivered": Told.DELIVERED,
    "deferral": Told.DEFERRED,
    "hard_bounce": Told.BOUNCED,
    "soft_bounce": Told.BOUNCED,
    "open": Told.OPENED,
    "click": Told.CLICKED,
    "spam": Told.COMPLAINED,
    "unsub": Told.UNSUBSCRIBED,
    "reject": Told.REJECTED,
    "inbound": Told.INBOUND,
}
_NOT_THEIRS = ("delivered",)  # a word that django-anymail does not know
_REASONS = {
    "bad_mailbox": Reason.INVALID,
    "invalid_domain": Reason.DNS,
    "mailbox_full": Reason.MAILBOX_FULL,
    "message_too_big": Reason.TOO_LARGE,
    "policy_related": Reason.POLICY,
    "content_related": Reason.CONTENT,
    "hard-bounce": Reason.BOUNCED,
    "soft-bounce": Reason.BOUNCED,
    "spam": Reason.SPAM,
    "unsub": Reason.UNSUBSCRIBED,
    "custom": Reason.BLOCKED,
    "rule": Reason.BLOCKED,
    "invalid": Reason.INVALID,
}


def _verify(request: HookRequest, keys: Keys) -> Proof:
    given, fields = request.header(_SIGNATURE).strip(), _fields(request)
    if not given:
        raise WebhookRejected(f"the header {_SIGNATURE} is missing")
    said = "".join(name + fields[name] for name in sorted(fields))
    possible = [address + said for address in _addresses(request, keys.public_url)]
    if secret := _secret(given, keys.secrets, possible):
        return Proof("mandrill", secret)
    if fields.get(_EVENTS, "").strip() == "[]" and _secret(given, (_SETUP_KEY,), possible):
        return Proof("mandrill-setup")
    if not keys.secrets:
        raise WebhookRejected("the key of this webhook is not known here yet; add it as a secret")
    raise WebhookRejected(
        f"{_SIGNATURE} does not match: is the key right, and public_url the address as entered?"
    )


def _secret(given: str, secrets: Iterable[str], possible: Iterable[str]) -> str:
    """The secret that one of the possible texts was signed with; all are tried."""
    found = [matching(given, secrets, partial(_signed, said=said)) for said in possible]
    return next(filter(None, found), "")


def _signed(key: str, said: str) -> str:
    made = hmac.new(key.encode("utf-8", "surrogatepass"), said.encode("utf-8", "replace"), "sha1")
    return b64encode(made.digest()).decode()


def _fields(request: HookRequest) -> Mapping[str, str]:
    try:
        return {name: values[-1] for name, values in form_fields(request).items()}
    except (ValueError, LookupError) as error:
        raise WebhookRejected("the body is no form") from error


def _addresses(request: HookRequest, public_url: str) -> Iterator[str]:
    """The addresses under which we may be entered there.

    `public_url` is the whole address or its beginning. Without it the name in the request is
    taken: a wrong one only makes the signature not match.
    """
    path = request.path + (f"?{request.query}" if request.query else "")
    host, user = request.header("host"), _user(request)
    named = (public_url, public_url.rstrip("/") + path)
    for address in named if public_url else (f"https://{host}{path}", f"http://{host}{path}"):
        yield address
        if user:
            yield address.replace("://", f"://{user}@", 1)


def _user(request: HookRequest) -> str:
    """`user:password` of the address, which a request carries in a header instead."""
    scheme, _, given = request.header("authorization").partition(" ")
    try:
        found = b64decode(given.encode("ascii", "replace")) if scheme.lower() == "basic" else b""
    except (NotBase64, ValueError):
        return ""
    return found.decode("utf-8", "replace")


def _split(request: HookRequest) -> list[Item]:
    """The events; a pointer is into the list in the form's field."""
    told = _fields(request).get(_EVENTS)
    if told is None:
        raise Unreadable(f"the form has no field {_EVENTS}")
    return listed(json_body(told.encode("utf-8", "replace")), "")


def _parse(item: Item, _request: HookRequest) -> list[Reported]:
    event = record(item.value)
    word = first(event, "event", "type")
    told = _TYPES.get(word, Told.UNKNOWN)
    message, rejected = part(event, "msg"), part(event, "reject")
    attached = metadata(message.get("metadata"))
    why = first(message, "bounce_description") or first(rejected, "reason")
    return [
        Reported(
            told=told,
            basic="unknown" if word in _NOT_THEIRS else "",
            subtype="/".join(filter(None, (word, text(event.get("action"))))),
            recipient=_recipient(message, rejected, part(event, "entry")),
            occurred_us=epoch_us(event.get("ts")),
            provider_message_id=text(event.get("_id")) or text(message.get("_id")),
            sender=text(message.get("sender")),
            subject=text(message.get("subject")),
            reason=_reason(told, why),
            reply=_reply(message, told),
            description=first(rejected, "detail", "reason"),
            bounce_kind=_kind(word),
            bounce_class=why,
            tags=texts(message.get("tags")),
            metadata=attached,
            click_url=text(event.get("url")),
            user_agent=text(event.get("user_agent")),
            ip=text(event.get("ip")),
        )
    ]


def _recipient(*parts: Mapping[str, Any]) -> str:
    """Of a mail, or of an entry in one of the account's lists."""
    return next((found for one in parts if (found := text(one.get("email")))), "")


def _reason(told: Told, why: str) -> str:
    if told not in (Told.BOUNCED, Told.REJECTED):
        return ""
    return _REASONS.get(why, Reason.BOUNCED if told is Told.BOUNCED else Reason.BLOCKED).value


def _reply(message: Mapping[str, Any], told: Told) -> str:
    """What the next server said: of a bounce, or the last of a mail that is being tried."""
    if found := text(message.get("diag")):
        return found
    tries = message.get("smtp_events")
    if told not in (Told.DEFERRED, Told.DELIVERED) or not isinstance(tries, list) or not tries:
        return ""
    return text(part(tries[-1]).get("diag"))


def _kind(word: str) -> str:
    return {"hard_bounce": "hard", "soft_bounce": "soft"}.get(word, "")


def _there(_: HookRequest) -> Answer:
    return Answer(200)


WEBHOOK = Webhook(
    "mandrill", "Mailchimp Transactional (Mandrill)", _verify, _split, _parse, needs="",
    handshake=_there, header=_SIGNATURE,
)  # fmt: skip
