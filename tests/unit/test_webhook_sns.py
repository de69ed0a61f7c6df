"""The envelope of Amazon SNS: nothing that somebody else could have made is taken."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from collectors.webhooks.confirming import after
from collectors.webhooks.ses import WEBHOOK
from collectors.webhooks.sns import certificate_place
from collectors.webhooks.understanding import understand
from tests.unit.webhook_signing import CERTIFICATE, TOPIC, sns, write_certificate
from tracer.errors import WebhookRejected

BODY = {"eventType": "Send", "mail": {"messageId": "1", "destination": ["bob@fabrikam.example"]}}
HOST = "https://sns.eu-west-1.amazonaws.com"


@pytest.mark.parametrize("version", ["1", "2"])
def test_both_versions_of_the_signature_are_taken(tmp_path: Path, version: str) -> None:
    signed = sns(BODY, folder=tmp_path, version=version)
    assert WEBHOOK.verify(signed.request, signed.keys).secret == TOPIC


def test_a_topic_that_is_not_listed_is_refused_though_it_signs_validly(tmp_path: Path) -> None:
    signed = sns(BODY, folder=tmp_path, fields={"TopicArn": TOPIC.replace("mail", "other")})
    with pytest.raises(WebhookRejected, match="other is not among topic_arns"):
        WEBHOOK.verify(signed.request, signed.keys)


@pytest.mark.parametrize(
    "url",
    [
        f"http://sns.eu-west-1.amazonaws.com/{CERTIFICATE}",
        f"https://sns.eu-west-1.amazonaws.com.evil.example/{CERTIFICATE}",
        f"https://evil.example/sns.eu-west-1.amazonaws.com/{CERTIFICATE}",
        f"https://s3.amazonaws.com/bucket/{CERTIFICATE}",
        f"https://user@sns.eu-west-1.amazonaws.com/{CERTIFICATE}",
        f"https://sns.eu-west-1.amazonaws.com:444/{CERTIFICATE}",
        f"{HOST}/{CERTIFICATE}?x=1",
        f"{HOST}/{CERTIFICATE}#x",
        f"{HOST}/../{CERTIFICATE}",
        f"{HOST}/sub/{CERTIFICATE}",
        f"{HOST}/other.pem",
        f"https://sns.us-east-1.amazonaws.com/{CERTIFICATE}",
        "https://[::1",
        "",
    ],
)
def test_a_certificate_from_elsewhere_is_never_asked_for(url: str) -> None:
    with pytest.raises(WebhookRejected):
        certificate_place(url, TOPIC)


def test_the_certificate_of_the_topics_own_region_is_taken() -> None:
    ours = f"{HOST}/{CERTIFICATE}"
    assert certificate_place(ours, TOPIC) == (ours, CERTIFICATE)
    china = "arn:aws-cn:sns:cn-north-1:123456789012:mail"
    url = f"https://sns.cn-north-1.amazonaws.com.cn/{CERTIFICATE}"
    assert certificate_place(url, china)[0] == url


def test_an_expired_certificate_is_refused(tmp_path: Path) -> None:
    write_certificate(tmp_path, days=30)
    signed = sns(BODY, folder=tmp_path)
    with pytest.raises(WebhookRejected, match="not valid at this time"):
        WEBHOOK.verify(signed.request, signed.keys)


def test_an_unknown_certificate_is_refused_where_nothing_may_be_fetched(tmp_path: Path) -> None:
    signed = sns(BODY, folder=tmp_path)
    (tmp_path / CERTIFICATE).unlink()
    with pytest.raises(WebhookRejected, match="put it there"):
        WEBHOOK.verify(signed.request, signed.keys)


@pytest.mark.parametrize("field", ["Message", "MessageId", "Timestamp", "TopicArn", "Subject"])
def test_every_signed_field_is_covered(tmp_path: Path, field: str) -> None:
    signed = sns(BODY, folder=tmp_path)
    changed = _with_field(signed.request.body, field)
    headers = {k: v for k, v in signed.request.headers.items() if "message-id" not in k}
    request = replace(signed.request, body=changed, headers=headers)
    with pytest.raises(WebhookRejected):
        WEBHOOK.verify(request, signed.keys)


def _with_field(body: bytes, field: str) -> bytes:
    message: dict[str, Any] = json.loads(body)
    message[field] += " "
    return json.dumps(message).encode()


def test_raw_delivery_is_refused_for_it_is_not_signed(tmp_path: Path) -> None:
    signed = sns(BODY, folder=tmp_path)
    headers = dict(signed.request.headers) | {"x-amz-sns-rawdelivery": "true"}
    with pytest.raises(WebhookRejected, match="switch it off"):
        WEBHOOK.verify(replace(signed.request, headers=headers), signed.keys)


def test_a_header_that_differs_from_the_body_is_refused(tmp_path: Path) -> None:
    signed = sns(BODY, folder=tmp_path)
    headers = dict(signed.request.headers) | {"x-amz-sns-message-type": "SubscriptionConfirmation"}
    with pytest.raises(WebhookRejected, match="does not agree"):
        WEBHOOK.verify(replace(signed.request, headers=headers), signed.keys)


def test_a_password_is_asked_for_beside_the_signature(tmp_path: Path) -> None:
    signed = sns(BODY, folder=tmp_path)
    keys = replace(signed.keys, secrets=("user:secret",))
    with pytest.raises(WebhookRejected, match="Authorization header is missing"):
        WEBHOOK.verify(signed.request, keys)


def test_a_confirmation_of_a_listed_topic_tells_no_event(tmp_path: Path) -> None:
    fields = {
        "Type": "SubscriptionConfirmation", "Token": "tok",
        "SubscribeURL": "https://evil.example/",
    }  # fmt: skip
    signed = sns(BODY, folder=tmp_path, fields=fields)
    WEBHOOK.verify(signed.request, signed.keys)
    found = understand(WEBHOOK, signed.request)
    assert found.records == found.dead_letters == ()


def test_the_greeting_of_ses_tells_no_event(tmp_path: Path) -> None:
    greeting = "Successfully validated SNS topic for Amazon SES event publishing."
    signed = sns(BODY, folder=tmp_path, fields={"Message": greeting})
    found = understand(WEBHOOK, signed.request)
    assert found.records == found.dead_letters == ()


def test_a_subscription_is_confirmed_at_the_topics_own_address_only(tmp_path: Path) -> None:
    fields = {
        "Type": "SubscriptionConfirmation", "Token": "tok&en",
        "SubscribeURL": "https://evil.example/",
    }  # fmt: skip
    signed = sns(BODY, folder=tmp_path, fields=fields)
    said = after(signed.request, signed.keys)  # the keys of the tests allow no fetching
    assert said.partition("yourself: ")[2].startswith(f"{HOST}/?Action=ConfirmSubscription&")
    assert "tok%26en" in said and "evil" not in said


def test_an_ended_subscription_is_told_and_a_notification_is_not(tmp_path: Path) -> None:
    ended = sns(BODY, folder=tmp_path, fields={"Type": "UnsubscribeConfirmation", "Token": "t"})
    assert "subscribe again" in after(ended.request, ended.keys)
    plain = sns(BODY, folder=tmp_path)
    assert after(plain.request, plain.keys) == ""
