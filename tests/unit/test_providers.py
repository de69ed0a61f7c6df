"""Which provider has a message: by the host that took it from us, or by its reports."""

from __future__ import annotations

import pytest

from collectors.webhooks import WEBHOOKS
from tracer.explain import Told, explanation
from tracer.model import Outcome
from tracer.providers import provider_of


@pytest.mark.parametrize(
    ("relay", "title"),
    [
        ("smtp.sendgrid.net[192.0.2.1]:587", "Twilio SendGrid"),
        ("email-smtp.eu-west-1.amazonaws.com[192.0.2.1]:587", "Amazon SES"),
        ("SMTP.EU.mailgun.org[192.0.2.1]:587", "Mailgun"),
        ("in-v3.mailjet.com[192.0.2.1]:587", "Mailjet"),
        ("smtp.go2.unisender.ru[192.0.2.1]:587", "Unisender Go"),
        ("bulk.smtp.mailtrap.io", "Mailtrap"),
        ("mxa.mailgun.org[192.0.2.1]:25", ""),
        ("inbound-smtp.eu-west-1.amazonaws.com[192.0.2.1]:25", ""),
        ("smtp.sendgrid.net.evil.example[192.0.2.1]:25", ""),
        ("mail.corp.example[192.0.2.1]:25", ""),
        ("none", ""),
        ("", ""),
    ],
)
def test_a_host_for_handing_over_names_its_provider_and_no_mx_does(relay: str, title: str) -> None:
    assert provider_of(relay) == title


def test_reports_name_the_provider_whatever_its_host() -> None:
    senders = {one.name for one in WEBHOOKS} - {"standard", "cloudevents", "rspamd"}
    assert all(provider_of("", f"webhook/{name}") for name in senders)
    assert provider_of("smtp.resend.com", "webhook/standard") == ""
    assert provider_of("smtp.resend.com", "postfix/smtp") == "Resend"


@pytest.mark.parametrize(
    ("outcome", "is_unconfirmed"),
    [(Outcome.RELAYED, True), (Outcome.PENDING, True), (Outcome.DELIVERED, False)],
)
def test_the_card_says_unconfirmed_until_the_provider_has_told(
    outcome: Outcome, is_unconfirmed: bool
) -> None:
    told = Told(outcome, "250 ok", program="webhook/resend", recipient="bob@fabrikam.example")
    english, russian = explanation(told, "en"), explanation(told, "ru")
    assert ("Handed over to Resend, unconfirmed" in english.headline) is is_unconfirmed
    assert ("передано в Resend, доставка не подтверждена" in russian.headline) is is_unconfirmed
    if is_unconfirmed:
        assert "Sources" in english.steps[-1][0] and "Источники" in russian.steps[-1][0]
        assert "tried again" not in english.acts
