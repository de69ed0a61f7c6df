"""Whatever is sent to a webhook's address, the answer is never 500, and nothing raises."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collectors.reported import Told
from collectors.webhooks import BY_NAME, WEBHOOKS
from collectors.webhooks.parcel import parcel
from collectors.webhooks.understanding import understand
from collectors.webhooks.webhook import Keys, Proof
from tests.unit.webhook_corpus import Case, cases
from tests.unit.webhook_signing import SIGNERS, Signed, request_of
from tracer.errors import WebhookRejected

QUICK = settings(max_examples=150, suppress_health_check=list(HealthCheck))
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
HEADERS = st.dictionaries(
    st.sampled_from(
        "authorization content-type x-twilio-email-event-webhook-signature svix-id "
        "x-twilio-email-event-webhook-timestamp webhook-id webhook-timestamp webhook-signature "
        "x-amz-sns-message-type ce-type ce-time content-length host x-mandrill-signature "
        "signature mailtrap-signature".split()
    ),
    st.text(max_size=60) | st.sampled_from(["application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x", "application/cloudevents-batch+json", "Basic dTpw"]),
    max_size=6,
)  # fmt: skip
KEYS = Keys(("secret", "user:pass"), ("arn:aws:sns:eu-west-1:1:t",), may_fetch=False)


@cache
def folder() -> Path:
    """A folder for certificates that lives as long as the tests do."""
    return Path(_held().name)


@cache
def _held() -> TemporaryDirectory[str]:
    return TemporaryDirectory()


@QUICK
@given(st.sampled_from(WEBHOOKS), st.binary(max_size=200) | ANYTHING.map(repr).map(str.encode),
       HEADERS)  # fmt: skip
def test_any_request_is_proven_or_refused(webhook: Any, body: bytes, headers: Any) -> None:
    request = request_of(body, headers)
    try:
        proof = webhook.verify(request, KEYS)
    except WebhookRejected:
        return
    parcel(webhook, "one", request, proof)


@QUICK
@given(
    st.sampled_from(WEBHOOKS),
    st.binary(max_size=200) | ANYTHING.map(json.dumps).map(str.encode),
    HEADERS,
)
def test_any_body_that_is_proven_can_be_stored(webhook: Any, body: bytes, headers: Any) -> None:
    made = parcel(webhook, "one", request_of(body, headers), Proof("none"))
    for one in made.told:
        assert one.event.queue_id and one.event.host == "one"


@cache
def _all_cases() -> tuple[Case, ...]:
    return tuple(cases())


def _replaced(value: Any, path: list[int], new: Any) -> Any:
    """The value with what stands at a path of places replaced."""
    if not path or not isinstance(value, list | dict) or not value:
        return new
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    key = keys[path[0] % len(keys)]
    changed = dict(value) if isinstance(value, dict) else list(value)
    changed[key] = _replaced(value[key], path[1:], new)  # type: ignore[index]
    return changed


@QUICK
@given(
    st.sampled_from(_all_cases()), st.lists(st.integers(0, 30), min_size=1, max_size=6), ANYTHING
)
def test_an_example_with_any_value_anywhere_tells_or_is_a_dead_letter(
    case: Case, path: list[int], new: Any
) -> None:
    if case.more.get("content_type", "").startswith("application/x-www"):
        return
    body = _replaced(case.body, path, new)
    if case.provider == "mailgun" and not isinstance(body, Mapping):
        return
    signed: Signed = SIGNERS[case.provider](body, folder=folder(), **case.more)
    webhook = BY_NAME[case.provider]
    found = understand(webhook, signed.request)
    for _, record in found.records:
        assert record.told in set(Told)
    made = parcel(webhook, "one", signed.request, Proof("none"))
    assert len(made.told) == len(found.records)
