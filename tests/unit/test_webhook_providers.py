"""Each provider's webhook: proof, replay, batches."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.unit.webhook_cases import WebhookCases
from tests.unit.webhook_signing import Signed


class TestSendgrid(WebhookCases):
    provider = "sendgrid"


class TestMailgun(WebhookCases):
    provider = "mailgun"
    covers_body = False


class TestSes(WebhookCases):
    provider = "ses"

    def wrong_keys(self, signed: Signed) -> list[Any]:
        return [replace(signed.keys, topic_arns=("arn:aws:sns:eu-west-1:1:other",))]


class TestPostmark(WebhookCases):
    provider = "postmark"
    covers_body = False
    is_timed = False


class TestSparkpost(WebhookCases):
    provider = "sparkpost"
    covers_body = False
    is_timed = False


class TestBrevo(WebhookCases):
    provider = "brevo"
    covers_body = False
    is_timed = False


class TestStandard(WebhookCases):
    provider = "standard"


class TestCloudevents(WebhookCases):
    provider = "cloudevents"
    covers_body = False
    is_timed = False
