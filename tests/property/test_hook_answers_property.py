"""Over HTTP: whatever is sent to the webhook of any provider, the answer is never a 500."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.property.test_hooks_property import ANYTHING, _replaced
from tests.unit.webhook_corpus import Case, cases
from tests.unit.webhook_signing import NOW_US, SIGNERS, write_certificate
from tests.web.building import empty_store
from tracer.config import Config, SourceSettings
from tracer.jobs.desk import Desk
from webui.app import create_app
from webui.hooks import HOOKS
from webui.site import Site

TOKEN = "abcdefghijklmnop-1234"
EXPECTED = frozenset({200, 204, 401, 404, 405, 413, 415, 429, 503})
BOUNDED = settings(max_examples=120, suppress_health_check=list(HealthCheck), deadline=None)
NAMES = st.sampled_from(
    "authorization content-type content-encoding content-length transfer-encoding expect "
    "x-twilio-email-event-webhook-signature x-twilio-email-event-webhook-timestamp svix-id "
    "svix-timestamp svix-signature webhook-id webhook-timestamp webhook-signature signature "
    "x-amz-sns-message-type x-amz-sns-message-id ce-type ce-time ce-id host x-mandrill-signature "
    "mailtrap-signature x-postal-signature x-postal-signature-256 x-signature x-api-key".split()
)
LATIN = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=80)
VALUES = LATIN | st.sampled_from(
    ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "multipart/form-data",
     "application/cloudevents-batch+json", "application/jsonl", "message/rfc822", "gzip", "deflate",
     "Basic dTpw", "Basic \u00ff", "Bearer x", "v1,", "-1", "1e999", "t=1,v1=0"]
)  # fmt: skip
HEADERS = st.dictionaries(NAMES, VALUES, max_size=5)
BODIES = (
    st.binary(max_size=300)
    | ANYTHING.map(json.dumps).map(str.encode)
    | st.sampled_from([b"[" * 3000, b'{"a":' * 3000, b'"\\ud800"', b"--x\r\n\r\n", b"a=%ff&a"])
)


@dataclass(frozen=True)
class Served:
    client: FlaskClient
    folder: Path


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("home")
    folder = home / "certificates"
    write_certificate(folder)
    store = empty_store(home)
    config = Config(home=home, source=tuple(_source(name, folder) for name in SIGNERS))
    app = create_app(store, Site(now_us=lambda: NOW_US), Desk(store, config))
    yield Served(app.test_client(), folder)
    app.extensions[HOOKS].intake.stop()
    store.dispose()


def _source(name: str, folder: Path) -> SourceSettings:
    one = cases(name)[0]
    keys = SIGNERS[name](one.body, folder=folder, **one.more).keys
    return SourceSettings(
        name=name, kind="webhook", provider=name, token=TOKEN, secrets=keys.secrets,
        topic_arns=keys.topic_arns, cert_dir=str(folder), may_fetch=False,
        public_url=keys.public_url, may_be_packed=True,
    )  # fmt: skip


@BOUNDED
@given(
    st.sampled_from(sorted(SIGNERS)),
    st.sampled_from(["POST", "GET", "HEAD", "OPTIONS", "PUT"]),
    BODIES, HEADERS, LATIN,
)  # fmt: skip
def test_any_request_gets_an_answer(
    served: Served, name: str, method: str, body: bytes, headers: dict[str, str], query: str
) -> None:
    plain = {key: value.strip() for key, value in headers.items() if key != "content-length"}
    answer = served.client.open(
        f"/hooks/{name}/{TOKEN}", method=method, data=body, headers=plain,
        query_string=query,
    )  # fmt: skip
    assert answer.status_code in EXPECTED, (answer.status_code, answer.data[:300])


@BOUNDED
@given(
    st.sampled_from(cases()), st.lists(st.integers(0, 30), min_size=1, max_size=6), ANYTHING,
    HEADERS,
)  # fmt: skip
def test_a_signed_example_with_anything_in_it_is_acknowledged_or_refused(
    served: Served, case: Case, path: list[int], new: Any, headers: dict[str, str]
) -> None:
    body = _replaced(case.body, path, new)
    try:
        signed = SIGNERS[case.provider](body, folder=served.folder, **case.more)
    except (TypeError, AttributeError, ValueError):
        return  # the signer of the tests cannot send this as a form or around its own fields
    more = {key: value.strip() for key, value in headers.items() if key.startswith(("ce-", "x-a"))}
    answer = served.client.post(
        f"/hooks/{case.provider}/{TOKEN}", data=signed.request.body,
        headers=dict(signed.request.headers) | more,
    )  # fmt: skip
    assert answer.status_code in EXPECTED, (answer.status_code, answer.data[:300])
