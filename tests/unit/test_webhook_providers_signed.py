"""More providers' webhooks: proof, replay, batches, and what is special to each."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64encode
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pytest

from collectors.reported import Told
from collectors.webhooks import BY_NAME
from collectors.webhooks.understanding import understand
from collectors.webhooks.webhook import Keys
from tests.unit.webhook_cases import WebhookCases
from tests.unit.webhook_corpus import Case, cases
from tests.unit.webhook_signing import KEY, PUBLIC_URL, SIGNERS, request_of, with_body
from tracer.errors import WebhookRejected


class SignedBody(WebhookCases):
    """Its signature has no time but covers the body."""

    is_timed = False

    def test_another_body_under_the_same_signature_is_refused(self, tmp_path: Path) -> None:
        signed = self.signed(self.first(), tmp_path)
        changed = with_body(signed, signed.request.body.replace(b"bob", b"eve"))
        assert changed.request.body != signed.request.body
        with pytest.raises(WebhookRejected):
            BY_NAME[self.provider].verify(changed.request, changed.keys)


class TestMailjet(WebhookCases):
    provider = "mailjet"
    covers_body = False
    is_timed = False


class TestResend(WebhookCases):
    provider = "resend"

    def test_an_event_of_several_recipients_names_none_of_them(self) -> None:
        data = {"email_id": "1", "to": ["bob@fabrikam.example"], "cc": ["eve@fabrikam.example"]}
        signed = SIGNERS["resend"]({"type": "email.bounced", "data": data})
        ((_, record),) = self.understood(signed).records
        assert (record.told, record.recipient) == (Told.BOUNCED, "")


class TestMailersend(SignedBody):
    provider = "mailersend"

    def test_slashes_that_are_escaped_are_part_of_what_is_signed(self) -> None:
        body = json.dumps({"type": "activity.sent", "url": "https://x/"}).replace("/", "\\/")
        made = hmac.new(KEY.encode(), body.encode(), hashlib.sha256).hexdigest()
        request = request_of(body.encode(), {"signature": made})
        assert BY_NAME["mailersend"].verify(request, Keys((KEY,))).secret == KEY


class TestMailtrap(SignedBody):
    provider = "mailtrap"

    def test_a_line_that_is_no_json_harms_no_other(self) -> None:
        lines = b'{"event": "open", "email": "bob@fabrikam.example"}\n\n{"event": \n'
        request = request_of(lines, {"content-type": "application/jsonl; charset=utf-8"})
        found = understand(BY_NAME["mailtrap"], request)
        assert [record.told for _, record in found.records] == [Told.OPENED]
        assert [one.pointer for one in found.dead_letters] == ["/1"]

    def test_no_events_are_no_dead_letter(self) -> None:
        found = understand(BY_NAME["mailtrap"], request_of(b"{}", {}))
        assert not found.records and not found.dead_letters


class TestUnisenderGo(SignedBody):
    provider = "unisender_go"

    def several(self) -> Case:
        return next(one for one in cases(self.provider) if one.kind == "several")

    def test_a_broken_item_harms_no_other(self, tmp_path: Path) -> None:
        case = self.several()
        body = json.loads(json.dumps(case.body))
        body["events_by_user"][0]["events"][1:1] = [7, {"event_data": []}]
        found = self.understood(SIGNERS[self.provider](body))
        assert len(found.records) == 3
        assert [one.pointer for one in found.dead_letters] == [
            "/events_by_user/0/events/1",
            "/events_by_user/0/events/2",
        ]

    def test_a_shuffled_batch_tells_the_same(self, tmp_path: Path) -> None:
        case = self.several()
        body = json.loads(json.dumps(case.body))
        body["events_by_user"][0]["events"].reverse()
        told = [record for _, record in self.understood(self.signed(case, tmp_path)).records]
        found = [record for _, record in self.understood(SIGNERS[self.provider](body)).records]
        assert found == told[::-1]

    def test_a_body_with_blanks_is_proven_by_what_it_says(self) -> None:
        made = hashlib.md5(
            b'{"auth":"test-key-1","key":"value"}', usedforsecurity=False
        ).hexdigest()
        for body in (f'{{"auth": "{made}", "key": "value"}}', f'{{"auth":"{made}","key":"value"}}'):
            found = BY_NAME["unisender_go"].verify(request_of(body.encode(), {}), Keys((KEY,)))
            assert found.secret == KEY

    @pytest.mark.parametrize("auth", ["", "x", "0" * 32, '"' * 32, None, 7, {}, KEY])
    def test_a_malformed_hash_is_refused_and_nothing_else(self, auth: Any) -> None:
        body = json.dumps({"auth": auth, "events_by_user": []}).encode()
        with pytest.raises(WebhookRejected):
            BY_NAME["unisender_go"].verify(request_of(body, {}), Keys((KEY,)))

    def test_the_address_answers_a_get(self) -> None:
        webhook = BY_NAME["unisender_go"]
        assert webhook.handshake(request_of(b"", {})).status == 200


class TestSesEventbridge(WebhookCases):
    provider = "ses_eventbridge"
    covers_body = False
    is_timed = False

    def test_a_key_in_a_header_of_ones_own_is_a_proof(self) -> None:
        request = request_of(b"{}", {"x-api-key": "long enough"})
        keys = Keys(("X-Api-Key: long enough",))
        assert BY_NAME[self.provider].verify(request, keys).scheme == "password"
        with pytest.raises(WebhookRejected):
            BY_NAME[self.provider].verify(request, Keys(("X-Api-Key: another",)))


class TestMandrill(SignedBody):
    provider = "mandrill"

    def post(self, url: str, headers: dict[str, str], key: str = KEY, events: str = "[]") -> Any:
        """A form that is signed for an address."""
        said = f"{url}mandrill_events{events}"
        made = b64encode(hmac.new(key.encode(), said.encode(), hashlib.sha1).digest()).decode()
        form = {"content-type": "application/x-www-form-urlencoded"}
        body = f"mandrill_events={quote_plus(events)}".encode()
        return request_of(body, form | headers | {"x-mandrill-signature": made})

    @pytest.mark.parametrize(
        ("signed_for", "public_url", "host"),
        [
            (f"{PUBLIC_URL}/hooks/one/token", PUBLIC_URL, "inside:8025"),
            (f"{PUBLIC_URL}/hooks/one/token", f"{PUBLIC_URL}/hooks/one/token", "inside:8025"),
            (f"{PUBLIC_URL}/hooks/one/token", f"{PUBLIC_URL}/", ""),
            (f"{PUBLIC_URL}/hooks/one/token/", f"{PUBLIC_URL}/hooks/one/token/", ""),
            ("https://trace.example.org/hooks/one/token", "", "trace.example.org"),
            ("http://127.0.0.1:8025/hooks/one/token", "", "127.0.0.1:8025"),
        ],
    )
    def test_the_address_as_it_was_entered_is_signed(
        self, signed_for: str, public_url: str, host: str
    ) -> None:
        request = self.post(signed_for, {"host": host})
        keys = Keys((KEY,), public_url=public_url)
        assert BY_NAME["mandrill"].verify(request, keys).secret == KEY

    def test_a_password_in_the_address_is_signed_with_it(self) -> None:
        signed_for = "https://ann:secret@trace.example.org/hooks/one/token"
        basic = "Basic " + b64encode(b"ann:secret").decode()
        request = self.post(signed_for, {"authorization": basic})
        keys = Keys((KEY,), public_url=PUBLIC_URL)
        assert BY_NAME["mandrill"].verify(request, keys).secret == KEY

    def test_another_address_is_refused(self) -> None:
        request = self.post("https://else.example/hooks/one/token", {"host": "else.example"})
        with pytest.raises(WebhookRejected, match="public_url"):
            BY_NAME["mandrill"].verify(request, Keys((KEY,), public_url=PUBLIC_URL))

    def test_the_address_can_be_entered_before_the_key_is_known(self) -> None:
        webhook = BY_NAME["mandrill"]
        assert not webhook.needs and webhook.handshake(request_of(b"", {})).status == 200
        url = f"{PUBLIC_URL}/hooks/one/token"
        keys = Keys(public_url=PUBLIC_URL)
        assert webhook.verify(self.post(url, {}, "test-webhook"), keys).scheme == "mandrill-setup"

    def test_the_key_that_everybody_knows_proves_no_event(self) -> None:
        url, events = f"{PUBLIC_URL}/hooks/one/token", '[{"event": "send"}]'
        for keys in (Keys(public_url=PUBLIC_URL), Keys((KEY,), public_url=PUBLIC_URL)):
            with pytest.raises(WebhookRejected):
                BY_NAME["mandrill"].verify(self.post(url, {}, "test-webhook", events), keys)

    def test_a_form_in_parts_is_read_as_well(self) -> None:
        events = '[{"event": "send", "msg": {"email": "bob@fabrikam.example"}}]'
        said = f"{PUBLIC_URL}/hooks/one/tokenmandrill_events{events}"
        made = b64encode(hmac.new(KEY.encode(), said.encode(), hashlib.sha1).digest()).decode()
        body = (
            '--x\r\nContent-Disposition: form-data; name="mandrill_events"\r\n\r\n'
            f"{events}\r\n--x--\r\n"
        )
        headers = {"content-type": "multipart/form-data; boundary=x", "x-mandrill-signature": made}
        request = request_of(body.encode(), headers)
        assert BY_NAME["mandrill"].verify(request, Keys((KEY,), public_url=PUBLIC_URL)).secret
        ((_, record),) = understand(BY_NAME["mandrill"], request).records
        assert record.recipient == "bob@fabrikam.example"

    def test_a_query_in_the_address_is_signed_with_it(self) -> None:
        request = replace(self.post(f"{PUBLIC_URL}/hooks/one/token?a=1", {}), query="a=1")
        keys = Keys((KEY,), public_url=PUBLIC_URL)
        assert BY_NAME["mandrill"].verify(request, keys).secret == KEY
