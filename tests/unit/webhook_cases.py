"""What holds for the webhook of every provider; a test class inherits it and names the provider.

    class TestMailgun(WebhookCases):
        provider = "mailgun"

needs an entry in SIGNERS (webhook_signing.py) and examples in tests/corpus/webhooks/mailgun/.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any, ClassVar

import msgspec
import pytest
from sqlalchemy import Engine

from collectors.webhooks import BY_NAME
from collectors.webhooks.intake import store_together
from collectors.webhooks.parcel import Stored, parcel
from collectors.webhooks.understanding import Understood, understand
from tests.unit.webhook_corpus import Case, cases
from tests.unit.webhook_signing import NOW_US, SIGNERS, Signed, with_body
from tracer.errors import WebhookRejected
from tracer.model import SECOND_US
from tracer.store import receipts
from tracer.store.engine import open_engine
from tracer.store.migrate import migrate

YEAR_S = 365 * 86_400


class WebhookCases:
    """The tests; `provider` names whose webhook."""

    provider = ""
    is_timed = True  # whether its proof has a time
    covers_body = True  # whether its signature covers the body
    kinds_of_batch = ("batch",)  # examples that are lists
    broken: ClassVar[Any] = {"event": {"deep": []}, "msys": 7}  # an item that cannot be read

    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Engine]:
        engine = open_engine(f"sqlite:///{tmp_path}/store.db")
        migrate(engine)
        yield engine
        engine.dispose()

    def signed(self, case: Case, folder: Path, **more: Any) -> Signed:
        return SIGNERS[self.provider](case.body, folder=folder, **case.more, **more)

    def first(self) -> Case:
        told_of_bob = (case for case in cases(self.provider) if "bob@" in json.dumps(case.body))
        return next(told_of_bob)

    def understood(self, signed: Signed) -> Understood:
        webhook = BY_NAME[self.provider]
        webhook.verify(signed.request, signed.keys)
        return understand(webhook, signed.request)

    def save(self, store: Engine, signed: Signed) -> Stored | WebhookRejected:
        webhook = BY_NAME[self.provider]
        proof = webhook.verify(signed.request, signed.keys)
        made = parcel(webhook, "one", signed.request, proof)
        return store_together(store, [made], [])[0]

    def test_every_example_is_proven_and_read(self, tmp_path: Path) -> None:
        for case in cases(self.provider):
            found = self.understood(self.signed(case, tmp_path))
            assert not found.dead_letters, case.kind

    def test_another_key_is_refused(self, tmp_path: Path) -> None:
        signed = self.signed(self.first(), tmp_path)
        webhook = BY_NAME[self.provider]
        for keys in self.wrong_keys(signed):
            with pytest.raises(WebhookRejected):
                webhook.verify(signed.request, keys)

    def wrong_keys(self, signed: Signed) -> list[Any]:
        return [replace(signed.keys, secrets=("wrong:key",)), replace(signed.keys, secrets=("x",))]

    def test_a_second_key_is_valid_beside_the_first(self, tmp_path: Path) -> None:
        signed = self.signed(self.first(), tmp_path)
        more = replace(signed.keys, secrets=("other-key", *signed.keys.secrets))
        proof = BY_NAME[self.provider].verify(signed.request, more)
        assert proof.secret in (*signed.keys.secrets, *signed.keys.topic_arns)

    def test_a_changed_body_is_refused_if_the_proof_covers_it(self, tmp_path: Path) -> None:
        signed = self.signed(self.first(), tmp_path)
        changed = with_body(signed, signed.request.body.replace(b"bob", b"eve"))
        assert changed.request.body != signed.request.body
        with pytest.raises(WebhookRejected) if self.covers_body else nullcontext():
            BY_NAME[self.provider].verify(changed.request, changed.keys)

    def test_a_stale_request_is_refused_if_the_proof_has_a_time(self, tmp_path: Path) -> None:
        """Else it is a late try of the provider like any other."""
        refused = pytest.raises(WebhookRejected) if self.is_timed else nullcontext()
        for off_s in (-YEAR_S, -2 * 86_400, 3600):
            signed = self.signed(self.first(), tmp_path, at_us=NOW_US + off_s * SECOND_US)
            with refused:
                BY_NAME[self.provider].verify(signed.request, signed.keys)

    @pytest.mark.parametrize("garbage", ["", "x", "=", "v1,=", "\u00ff", "a,b,c", "{}"])
    def test_a_malformed_proof_is_refused_and_nothing_else(
        self, tmp_path: Path, garbage: str
    ) -> None:
        signed = self.signed(self.first(), tmp_path)
        headers = signed.request.headers
        plain = ("content-type", "user-agent", "x-amz-sns-message-type", "x-amz-sns-message-id")
        for name in set(headers) - set(plain) - {n for n in headers if n.startswith("ce-")}:
            spoiled = Signed(_with_header(signed, name, garbage), signed.keys)
            with pytest.raises(WebhookRejected):
                BY_NAME[self.provider].verify(spoiled.request, spoiled.keys)

    def test_a_replay_is_the_same_receipt(self, tmp_path: Path, store: Engine) -> None:
        signed = self.signed(self.first(), tmp_path)
        once, again = self.save(store, signed), self.save(store, signed)
        assert isinstance(once, Stored) and isinstance(again, Stored)
        assert again == Stored(once.receipt_id, is_known=True)
        with store.connect() as conn:
            assert receipts.receipt(conn, once.receipt_id).repeats == 1

    def test_events_told_again_in_another_request_are_known(
        self, tmp_path: Path, store: Engine
    ) -> None:
        case = self.first()
        once = self.save(store, self.signed(case, tmp_path))
        later = self.signed(case, tmp_path, at_us=NOW_US - SECOND_US)
        same_body = later.request.body == self.signed(case, tmp_path).request.body
        again = self.save(store, self.with_blank(case, tmp_path) if same_body else later)
        assert isinstance(once, Stored) and isinstance(again, Stored)
        with store.connect() as conn:
            first = receipts.receipt(conn, once.receipt_id)
            second = receipts.receipt(conn, again.receipt_id)
        assert first.known == 0 and first.events == second.events == second.known

    def with_blank(self, case: Case, folder: Path) -> Signed:
        """The same example in other octets."""
        changed = json.loads(json.dumps(case.body))
        for one in changed if isinstance(changed, list) else [changed]:
            one.setdefault("tls", 1)
        return self.signed(Case(case.provider, case.kind, changed, case.more, case.golden), folder)

    def test_a_shuffled_batch_tells_the_same(self, tmp_path: Path) -> None:
        for case in self.batches():
            body = list(case.body)
            Random(3).shuffle(body)
            shuffled = Case(case.provider, case.kind, body, case.more, case.golden)
            told = self.understood(self.signed(case, tmp_path)).records
            found = self.understood(self.signed(shuffled, tmp_path)).records
            key = [_without_request(record) for _, record in told]
            assert sorted(key) == sorted(_without_request(record) for _, record in found)

    def test_a_broken_item_harms_no_other(self, tmp_path: Path) -> None:
        for case in self.batches():
            body = [case.body[0], self.broken, 7, *case.body[1:]]
            spoiled = Case(case.provider, case.kind, body, case.more, case.golden)
            found = self.understood(self.signed(spoiled, tmp_path))
            assert len(found.records) >= len(case.body)
            assert "/2" in [one.pointer for one in found.dead_letters]

    def batches(self) -> list[Case]:
        return [case for case in cases(self.provider) if case.kind in self.kinds_of_batch]


def _with_header(signed: Signed, name: str, value: str) -> Any:
    return replace(signed.request, headers=dict(signed.request.headers) | {name: value})


def _without_request(record: Any) -> str:
    plain = msgspec.to_builtins(record)
    plain.pop("provider_event_id", None)
    return json.dumps(plain, sort_keys=True)
