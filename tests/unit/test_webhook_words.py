"""The words of django-anymail for what these providers say, beside our finer ones."""

from __future__ import annotations

from typing import Any

import pytest

from collectors.reported import Reported, Told, basic_reason, basic_type
from collectors.webhooks import BY_NAME
from collectors.webhooks.understanding import understand
from tests.unit.webhook_signing import SIGNERS


def told(provider: str, body: Any) -> Reported:
    found = understand(BY_NAME[provider], SIGNERS[provider](body).request)
    assert not found.dead_letters
    ((_, record),) = found.records
    return record


@pytest.mark.parametrize(
    ("error", "basic", "ours"),
    [
        ("user unknown", "bounced", "invalid"),
        ("mailbox inactive", "bounced", "invalid"),
        ("quota exceeded", "bounced", "mailbox_full"),
        ("blacklisted", "blocked", "blocked"),
        ("spam reporter", "spam", "spam"),
        ("invalid domain", "bounced", "dns"),
        ("no mail host", "bounced", "dns"),
        ("relay/access denied", "bounced", "relay_denied"),
        ("greylisted", "other", "greylisted"),
        ("typofix", "invalid", "invalid"),
        ("sender blocked", "blocked", "reputation"),
        ("content blocked", "blocked", "content"),
        ("policy issue", "blocked", "policy"),
        ("preblocked", "blocked", "blocked"),
        ("duplicate in campaign", "other", "other"),
        ("a word of tomorrow", "other", "other"),
    ],
)
def test_reasons_of_mailjet(error: str, basic: str, ours: str) -> None:
    record = told("mailjet", {"event": "bounce", "hard_bounce": True, "error": error})
    assert (basic_type(record), basic_reason(record), record.reason) == ("bounced", basic, ours)


@pytest.mark.parametrize(
    ("status", "basic", "ours"),
    [
        ("err_user_unknown", "bounced", "invalid"),
        ("err_user_inactive", "bounced", "invalid"),
        ("err_will_retry", "", ""),
        ("err_mailbox_discarded", "bounced", "invalid"),
        ("err_mailbox_full", "bounced", "mailbox_full"),
        ("err_spam_rejected", "spam", "content"),
        ("err_blacklisted", "blocked", "blocked"),
        ("err_too_large", "bounced", "too_large"),
        ("err_unsubscribed", "unsubscribed", "unsubscribed"),
        ("err_unreachable", "bounced", "other"),
        ("err_skip_letter", "bounced", "invalid"),
        ("err_domain_inactive", "bounced", "dns"),
        ("err_destination_misconfigured", "bounced", "dns"),
        ("err_delivery_failed", "other", "other"),
        ("err_spam_skipped", "spam", "spam"),
        ("err_lost", "other", "other"),
        ("err_of_tomorrow", "other", "other"),
        ("ok_sent", "", ""),
    ],
)
def test_reasons_of_unisender_go(status: str, basic: str, ours: str) -> None:
    info = {"delivery_status": status}
    data = {"status": "hard_bounced", "email": "bob@fabrikam.example", "delivery_info": info}
    event = {"event_name": "transactional_email_status", "event_data": data}
    record = told("unisender_go", {"events_by_user": [{"events": [event]}]})
    assert (basic_type(record), basic_reason(record), record.reason) == ("bounced", basic, ours)
    data["status"] = "soft_bounced"  # it is tried again, whatever the reason
    assert told("unisender_go", {"events_by_user": [{"events": [event]}]}).told is Told.DEFERRED


@pytest.mark.parametrize(
    ("message", "subtype", "basic", "ours"),
    [
        ("… sent a hard bounce message, but …", "", "bounced", "bounced"),
        ("… sent a bounce message because the inbox was full.", "MailboxFull", "bounced",
         "mailbox_full"),
        ("Resend has suppressed sending to this address", "", "blocked", "blocked"),
        ("something else", "", "other", "other"),
        ("something else", "MessageTooLarge", "other", "too_large"),
        ("", "Suppressed", "blocked", "blocked"),
    ],
)  # fmt: skip
def test_reasons_of_resend(message: str, subtype: str, basic: str, ours: str) -> None:
    bounce = {"message": message, "subType": subtype}
    record = told("resend", {"type": "email.bounced", "data": {"bounce": bounce}})
    assert (basic_type(record), basic_reason(record), record.reason) == ("bounced", basic, ours)


@pytest.mark.parametrize(
    ("event", "basic", "reason"),
    [
        ("delivery", "delivered", ""),
        ("open", "opened", ""),
        ("click", "clicked", ""),
        ("bounce", "bounced", "bounced"),
        ("soft bounce", "deferred", "other"),
        ("suspension", "deferred", "other"),
        ("reject", "rejected", "blocked"),
        ("spam", "complained", "spam"),
        ("unsubscribe", "unsubscribed", "unsubscribed"),
        ("a word of tomorrow", "unknown", ""),
    ],
)
def test_words_of_mailtrap(event: str, basic: str, reason: str) -> None:
    record = told("mailtrap", {"events": [{"event": event}]})
    assert (basic_type(record), basic_reason(record)) == (basic, reason)


@pytest.mark.parametrize(
    ("event", "basic"),
    [
        ("send", "sent"),
        ("deferral", "deferred"),
        ("hard_bounce", "bounced"),
        ("soft_bounce", "bounced"),
        ("open", "opened"),
        ("click", "clicked"),
        ("spam", "complained"),
        ("unsub", "unsubscribed"),
        ("reject", "rejected"),
        ("delivered", "unknown"),
        ("inbound", "inbound"),
    ],
)
def test_words_of_mandrill(event: str, basic: str) -> None:
    assert basic_type(told("mandrill", [{"event": event, "msg": {}}])) == basic


@pytest.mark.parametrize("form", [{"email": {}}, {"recipient": "bob@fabrikam.example"}])
@pytest.mark.parametrize(
    ("kind", "basic"),
    [
        ("sent", "sent"),
        ("delivered", "delivered"),
        ("soft_bounced", "bounced"),
        ("hard_bounced", "bounced"),
        ("deferred", "deferred"),
        ("opened", "opened"),
        ("clicked", "clicked"),
        ("unsubscribed", "unsubscribed"),
        ("spam_complaint", "complained"),
        ("spam_complaints", "complained"),
        ("suppressed", "rejected"),
        ("survey_submitted", "unknown"),
    ],
)
def test_words_of_mailersend(form: dict[str, Any], kind: str, basic: str) -> None:
    record = told("mailersend", {"type": f"activity.{kind}", "data": {"type": kind, **form}})
    assert basic_type(record) == basic
