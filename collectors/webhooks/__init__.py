"""The providers' webhooks: each one file with a `WEBHOOK`, listed here.

Adding one is written down in docs/adding-a-webhook.md.
"""

from __future__ import annotations

from collectors.webhooks import (
    brevo,
    cloudevents,
    elastic_email,
    kumomta,
    mailersend,
    mailgun,
    mailjet,
    mailtrap,
    mandrill,
    postal,
    postmark,
    resend,
    rspamd,
    scaleway,
    sendgrid,
    ses,
    ses_eventbridge,
    sparkpost,
    stalwart,
    standard,
    unisender_go,
)
from collectors.webhooks.webhook import Webhook

WEBHOOKS: tuple[Webhook, ...] = (
    sendgrid.WEBHOOK,
    mailgun.WEBHOOK,
    ses.WEBHOOK,
    postmark.WEBHOOK,
    sparkpost.WEBHOOK,
    brevo.WEBHOOK,
    mailjet.WEBHOOK,
    mandrill.WEBHOOK,
    resend.WEBHOOK,
    mailersend.WEBHOOK,
    mailtrap.WEBHOOK,
    unisender_go.WEBHOOK,
    ses_eventbridge.WEBHOOK,
    scaleway.WEBHOOK,
    postal.WEBHOOK,
    elastic_email.WEBHOOK,
    kumomta.WEBHOOK,
    stalwart.WEBHOOK,
    rspamd.WEBHOOK,
    standard.WEBHOOK,
    cloudevents.WEBHOOK,
)

BY_NAME = {webhook.name: webhook for webhook in WEBHOOKS}
