"""The providers' webhooks: each one file with a `WEBHOOK`, listed here.

Adding one is written down in docs/adding-a-webhook.md.
"""

from __future__ import annotations

from collectors.webhooks import (
    brevo,
    cloudevents,
    mailgun,
    postmark,
    sendgrid,
    ses,
    sparkpost,
    standard,
)
from collectors.webhooks.webhook import Webhook

WEBHOOKS: tuple[Webhook, ...] = (
    sendgrid.WEBHOOK,
    mailgun.WEBHOOK,
    ses.WEBHOOK,
    postmark.WEBHOOK,
    sparkpost.WEBHOOK,
    brevo.WEBHOOK,
    standard.WEBHOOK,
    cloudevents.WEBHOOK,
)

BY_NAME = {webhook.name: webhook for webhook in WEBHOOKS}
