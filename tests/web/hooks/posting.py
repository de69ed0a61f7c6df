"""A source of every provider, what is posted to it, and reading receipts back."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from tests.unit.webhook_corpus import cases
from tests.unit.webhook_signing import NOW_US, PASSWORD, SIGNERS
from tracer.config import SourceSettings
from tracer.store import tokens

TOKEN = "abcdefghijklmnop-1234"
BASIC = {"Authorization": "Basic " + b64encode(PASSWORD.encode()).decode()}
EVENT = {"event": "delivered", "email": "bob@fabrikam.example", "message-id": "<m1@corp.example>",
         "ts_epoch": 1763805600123}  # fmt: skip
LOG = """\
2025-11-22T09:59:58+00:00 mx1 postfix/smtpd[1]: 4jAAAAzzzzz1: client=pc[10.0.0.7]
2025-11-22T09:59:58+00:00 mx1 postfix/cleanup[2]: 4jAAAAzzzzz1: message-id=<m1@corp.example>
2025-11-22T09:59:58+00:00 mx1 postfix/qmgr[3]: 4jAAAAzzzzz1: from=<ann@corp.example>, size=900, \
nrcpt=1 (queue active)
2025-11-22T09:59:59+00:00 mx1 postfix/smtp[4]: 4jAAAAzzzzz1: to=<bob@fabrikam.example>, \
relay=smtp-relay.brevo.com[192.0.2.1]:587, delay=1, delays=1/0/0/0, dsn=2.0.0, status=sent (250 ok)
2025-11-22T09:59:59+00:00 mx1 postfix/qmgr[3]: 4jAAAAzzzzz1: removed
"""


def settings(home: Path, name: str, **more: Any) -> SourceSettings:
    """A source of a provider with the keys of its signer."""
    signed = SIGNERS[name](cases(name)[0].body, folder=home / "certificates", **cases(name)[0].more)
    given = {
        "secrets": signed.keys.secrets,
        "topic_arns": signed.keys.topic_arns,
        "cert_dir": str(home / "certificates"),
        "may_fetch": False,
        "public_url": signed.keys.public_url,
    }
    fields = given | more
    return SourceSettings(name=name, kind="webhook", provider=name, token=TOKEN, **fields)


def reader(store: Engine, scope: str = "receipts:read") -> dict[str, str]:
    with store.begin() as conn:
        _, secret = tokens.create(conn, "", scope, NOW_US)
    return {"Authorization": f"Bearer {secret}"}
