"""The pages of docs/webhooks/: one for each provider, and the lines to try work as printed."""

from __future__ import annotations

import os
import re
import subprocess
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from collectors.webhooks import WEBHOOKS
from collectors.webhooks.webhook import Webhook
from tests.needs import need
from tests.web.building import empty_store
from tests.web.served import served
from tracer.config import Config, SourceSettings
from tracer.jobs.desk import Desk
from webui.app import create_app
from webui.hooks import HOOKS
from webui.site import Site

DOCS = Path(__file__).parents[2] / "docs"
NAMES = [webhook.name for webhook in WEBHOOKS]
TOKEN = "abcdefghijklmnop-1234"
SHARED = "whsec_" + b64encode(b"0123456789abcdef01234567").decode()
VALUES = {"PASSWORD": "correct-horse", "KEY": "key-1", "SECRET": SHARED, "TOKEN": "bearer-1",
          "API_KEY": "api-1"}  # fmt: skip
SECRETS = {
    "postmark": "hook:correct-horse",
    "brevo": "hook:correct-horse",
    "mailjet": "hook:correct-horse",
    "mandrill": "key-1",
    "resend": SHARED,
    "mailersend": SHARED,
    "mailtrap": SHARED,
    "unisender_go": "api-1",
    "ses_eventbridge": "X-Api-Key: key-1",
    "standard": SHARED,
    "cloudevents": "bearer-1",
}
"""Of the pages that have a line to try: what the source has then."""


def page(name: str) -> str:
    return (DOCS / "webhooks" / f"{name}.md").read_text("utf-8")


def line_to_try(name: str) -> str:
    """The shell block behind "Try it"."""
    return re.findall(r"```sh\n(.*?)```", page(name).partition("**Try it")[2], re.DOTALL)[0]


@pytest.mark.parametrize("name", NAMES)
def test_every_provider_has_a_page_that_says_what_to_paste_here(name: str) -> None:
    assert f"--provider {name}" in page(name) or f'provider = "{name}"' in page(name)


@pytest.mark.parametrize("webhook", WEBHOOKS, ids=NAMES)
def test_every_provider_stands_once_in_the_list_with_what_it_is_asked_to_come_again_with(
    webhook: Webhook,
) -> None:
    name, busy = webhook.name, webhook.busy
    listed = (DOCS / "webhooks.md").read_text("utf-8").splitlines()
    rows = [row for row in listed if row.startswith(f"| [`{name}`](webhooks/{name}.md) |")]
    assert len(rows) == 1 and rows[0].endswith(f"| {busy} |")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Pages with a source for every page that has a line to try."""
    home = tmp_path_factory.mktemp("home")
    store = empty_store(home)
    sources = tuple(
        SourceSettings(name=name, kind="webhook", provider=name, token=TOKEN, secrets=(secret,))
        for name, secret in SECRETS.items()
    )
    config = Config(home=home, source=sources)
    app = create_app(store, Site(), Desk(store, config))
    with served(app) as found:
        yield found
    app.extensions[HOOKS].intake.stop()
    store.dispose()


@pytest.mark.parametrize("name", SECRETS)
def test_the_line_to_try_is_taken(name: str, address: str) -> None:
    programs = [need(one) for one in ("bash", "curl", "openssl", "base64", "od")]
    values = dict(os.environ) | VALUES | {"no_proxy": "127.0.0.1"}
    values["ADDRESS"] = f"{address}/hooks/{name}/{TOKEN}"
    found = subprocess.run(
        [programs[0], "-c", line_to_try(name)], env=values,
        capture_output=True, text=True, timeout=30, check=True,
    )  # fmt: skip
    assert found.stdout.startswith("HTTP/1.1 200"), found.stdout + found.stderr
    assert '"receipt"' in found.stdout
