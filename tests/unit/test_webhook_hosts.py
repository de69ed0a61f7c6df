"""The webhooks of mail servers one runs oneself, and of Scaleway and Elastic Email."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from collectors.reported import Told, event_of, line_of
from collectors.webhooks import BY_NAME
from collectors.webhooks.scaleway import certificate_name, confirmation_address
from collectors.webhooks.understanding import understand
from tests.unit.webhook_cases import WebhookCases
from tests.unit.webhook_corpus import cases
from tests.unit.webhook_signing import (
    NOW_US,
    SCALEWAY_CERTIFICATE,
    SCALEWAY_TOPIC,
    SIGNERS,
    TOPIC,
    Signed,
    request_of,
    sns,
    with_body,
)
from tracer.errors import WebhookRejected


def example(provider: str, kind: str) -> Any:
    return next(case for case in cases(provider) if case.kind == kind)


def told(provider: str, body: bytes, **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return understand(BY_NAME[provider], request_of(body, named))


class TestScaleway(WebhookCases):
    provider = "scaleway"

    def wrong_keys(self, signed: Signed) -> list[Any]:
        return [replace(signed.keys, topic_arns=(SCALEWAY_TOPIC + "2",))]

    def test_both_versions_of_the_signature_are_known(self, tmp_path: Path) -> None:
        for version in ("1", "2"):
            signed = self.signed(self.first(), tmp_path, version=version)
            proof = BY_NAME[self.provider].verify(signed.request, signed.keys)
            assert proof.scheme == "scaleway-sns"

    def test_a_topic_of_amazon_is_refused_even_if_listed(self, tmp_path: Path) -> None:
        signed = sns(self.first().body, folder=tmp_path)
        assert signed.keys.topic_arns == (TOPIC,)
        with pytest.raises(WebhookRejected):
            BY_NAME[self.provider].verify(signed.request, signed.keys)

    @pytest.mark.parametrize(
        "url",
        [
            f"http://messaging.s3.fr-par.scw.cloud/fr-par/sns/{SCALEWAY_CERTIFICATE}",
            f"https://messaging.s3.fr-par.scw.cloud.evil.example/fr-par/sns/{SCALEWAY_CERTIFICATE}",
            f"https://messaging.s3.fr-par.scw.cloud@evil.example/fr-par/sns/{SCALEWAY_CERTIFICATE}",
            "https://messaging.s3.fr-par.scw.cloud/fr-par/sns/../../mine/sns_certificate_1.crt",
            f"https://messaging.s3.nl-ams.scw.cloud/nl-ams/sns/{SCALEWAY_CERTIFICATE}",
            f"https://messaging.s3.fr-par.scw.cloud/fr-par/sns/{SCALEWAY_CERTIFICATE}?x=1",
            "",
        ],
    )
    def test_a_certificate_of_anywhere_else_is_refused(self, url: str) -> None:
        with pytest.raises(WebhookRejected):
            certificate_name(url, SCALEWAY_TOPIC)

    def test_a_subscription_is_confirmed_where_the_topic_says_not_the_message(self) -> None:
        message = {
            "TopicArn": SCALEWAY_TOPIC,
            "Token": "t&1",
            "SubscribeURL": "https://evil.example",
        }
        address = confirmation_address(message)
        assert address.startswith("https://sns.mnq.fr-par.scaleway.com/?Action=ConfirmSubscription")
        assert address.endswith("&Token=t%261")

    def test_what_must_be_confirmed_by_hand_is_told(self, tmp_path: Path) -> None:
        fields = {"Type": "SubscriptionConfirmation", "Token": "t1", "SubscribeURL": "https://x"}
        signed = self.signed(self.first(), tmp_path, fields=fields)
        webhook = BY_NAME[self.provider]
        webhook.verify(signed.request, signed.keys)
        assert understand(webhook, signed.request).records == ()
        assert webhook.after is not None
        assert "confirm it yourself: https://sns.mnq" in webhook.after(signed.request, signed.keys)


class TestPostal(WebhookCases):
    provider = "postal"
    is_timed = False

    def test_another_body_than_the_signed_one_is_refused(self, tmp_path: Path) -> None:
        for kind in ("message_sent", "sha1_only"):
            signed = self.signed(example("postal", kind), tmp_path)
            changed = with_body(signed, signed.request.body.replace(b"bob", b"eve"))
            with pytest.raises(WebhookRejected):
                BY_NAME["postal"].verify(changed.request, changed.keys)

    def test_a_bad_strong_signature_is_not_saved_by_a_weak_one(self, tmp_path: Path) -> None:
        weak = self.signed(example("postal", "sha1_only"), tmp_path)
        both = dict(weak.request.headers) | {"x-postal-signature-256": b64encode(b"x").decode()}
        with pytest.raises(WebhookRejected):
            BY_NAME["postal"].verify(replace(weak.request, headers=both), weak.keys)

    def test_the_key_may_be_plain_base64_or_pem(self, tmp_path: Path) -> None:
        signed = self.signed(example("postal", "message_sent"), tmp_path)
        plain = signed.keys.secrets[0].partition("p=")[2].rstrip(";")
        frame = f"-----BEGIN PUBLIC KEY-----\n{plain}\n-----END PUBLIC KEY-----"
        for secret in (plain, frame):
            keys = replace(signed.keys, secrets=("no key", secret))
            assert BY_NAME["postal"].verify(signed.request, keys).secret == secret

    def test_mail_that_came_in_is_no_leg_of_what_was_sent(self, tmp_path: Path) -> None:
        found = self.understood(self.signed(example("postal", "incoming"), tmp_path))
        assert found.records == () and found.dead_letters == ()


class TestElasticEmail(WebhookCases):
    provider = "elastic_email"
    covers_body = False
    is_timed = False

    def test_the_parameters_may_stand_in_the_address(self) -> None:
        request = replace(
            request_of(b"", {}), method="GET",
            query="to=bob%40fabrikam.example&status=Error&category=NoMailbox&date=11%2F22%2F2025",
        )  # fmt: skip
        ((_, record),) = understand(BY_NAME["elastic_email"], request).records
        assert (record.told, record.reason) == (Told.BOUNCED, "invalid")
        assert record.recipient == "bob@fabrikam.example"

    def test_trying_the_address_out_tells_nothing(self) -> None:
        found = understand(BY_NAME["elastic_email"], replace(request_of(b"", {}), method="GET"))
        assert found.records == () and found.dead_letters == ()


class TestKumomta(WebhookCases):
    provider = "kumomta"
    covers_body = False
    is_timed = False

    def test_records_may_come_one_a_line(self) -> None:
        batch = example("kumomta", "batch").body
        lines = b"\n".join(json.dumps(one).encode() for one in batch) + b"\n"
        found = told("kumomta", lines).records
        whole = told("kumomta", json.dumps(batch).encode()).records
        assert [one for _, one in found] == [one for _, one in whole]
        assert [pointer for pointer, _ in found] == ["/0", "/1", "/2", "/3"]

    def test_one_record_over_several_lines_is_one(self) -> None:
        body = json.dumps(example("kumomta", "delivery").body, indent=1).encode()
        assert [pointer for pointer, _ in told("kumomta", body).records] == [""]

    def test_a_header_of_ones_own_proves_it(self) -> None:
        request = request_of(b"{}", {"x-mailtracer-key": "s3cret-s3cret"})
        keys = replace(SIGNERS["kumomta"]({}).keys, secrets=("X-Mailtracer-Key: s3cret-s3cret",))
        assert BY_NAME["kumomta"].verify(request, keys).scheme == "password"


class TestStalwart(WebhookCases):
    provider = "stalwart"
    is_timed = False

    def with_blank(self, case: Any, folder: Path) -> Signed:
        """Sent again: every event has a new id."""
        again = [one | {"id": one["id"] + "7"} for one in case.body["events"]]
        return self.signed(replace(case, body={"events": again}), folder)

    def test_another_body_than_the_signed_one_is_refused(self, tmp_path: Path) -> None:
        signed = self.signed(self.first(), tmp_path)
        changed = with_body(signed, signed.request.body.replace(b"bob", b"eve"))
        with pytest.raises(WebhookRejected):
            BY_NAME["stalwart"].verify(changed.request, changed.keys)

    def test_a_broken_event_harms_no_other(self) -> None:
        events = example("stalwart", "several").body["events"]
        body = json.dumps({"events": [events[0], 7, *events[1:]]}).encode()
        found = told("stalwart", body)
        assert [one.pointer for one in found.dead_letters] == ["/events/1"]
        assert [pointer for pointer, _ in found.records] == [
            "/events/0", "/events/0", "/events/2", "/events/3",
        ]  # fmt: skip


class TestRspamd(WebhookCases):
    provider = "rspamd"
    covers_body = False
    is_timed = False

    def test_msgpack_tells_the_same_as_json(self) -> None:
        scan = example("rspamd", "add_header").body
        packed = told("rspamd", msgspec.msgpack.encode(scan), content_type="text/plain")
        assert packed == told("rspamd", json.dumps(scan).encode(), content_type="text/plain")
        assert len(packed.records) == 1

    def test_a_scan_decides_nothing_of_the_delivery(self) -> None:
        for case in cases("rspamd"):
            signed = SIGNERS["rspamd"](case.body, **case.more)
            for _, record in understand(BY_NAME["rspamd"], signed.request).records:
                event = event_of(record, line_of(record, "webhook/rspamd", "rs", NOW_US))
                assert event.outcome is None and event.repeats == 0

    def test_headers_with_a_dash_for_an_underline_are_read(self) -> None:
        body = b"Message-ID: <m2@corp.example>\r\n\r\nHello"
        found = told("rspamd", body, x_rspamd_action="reject", x_rspamd_scan_time="99")
        assert found.records[0][1].metadata == {"scan_time": "99"}

    def test_a_message_without_its_facts_says_what_to_set(self) -> None:
        (dead,) = told("rspamd", b"From: ann@corp.example\r\n\r\nHello").dead_letters
        assert "formatter = json" in dead.error
