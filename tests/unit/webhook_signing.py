"""Signing as the providers do, with keys of the tests: what a provider's own servers would send.

A new provider gets one entry in SIGNERS: from a body (a value, as in the corpus) to a request
that its `verify` takes, and the keys of the source.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from collectors.webhooks.sns import signed_text
from collectors.webhooks.webhook import HookRequest, Keys
from tracer.model import SECOND_US

NOW_US = 1_763_806_000 * SECOND_US  # 2025-11-22T10:06:40Z
KEY, OTHER_KEY = "test-key-1", "test-key-2"
PASSWORD = "hook:correct horse"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:mail"
CERTIFICATE = "SimpleNotificationService-0123456789abcdef.pem"


@dataclass(frozen=True)
class Signed:
    """A request with the keys that prove it; `form` is the content type of the corpus, if any."""

    request: HookRequest
    keys: Keys


def request_of(body: bytes, headers: Mapping[str, str], now_us: int = NOW_US) -> HookRequest:
    """A POST with these headers."""
    named = {"content-type": "application/json", "user-agent": "test"} | dict(headers)
    return HookRequest("POST", "/hooks/one/token", named, "", body, now_us, "192.0.2.1")


def octets(body: Any) -> bytes:
    return json.dumps(body, separators=(",", ":")).encode()


@cache
def ec_key() -> Any:
    return generate_private_key(SECP256R1())


@cache
def public_key() -> str:
    der = ec_key().public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return b64encode(der).decode()


def sendgrid(body: Any, at_us: int = NOW_US, **_: Any) -> Signed:
    said, stamp = octets(body), str(at_us // SECOND_US)
    signature = ec_key().sign(stamp.encode() + said, ECDSA(SHA256()))
    headers = {
        "x-twilio-email-event-webhook-signature": b64encode(signature).decode(),
        "x-twilio-email-event-webhook-timestamp": stamp,
    }
    return Signed(request_of(said, headers), Keys((public_key(),)))


def mailgun(body: Any, at_us: int = NOW_US, content_type: str = "", **_: Any) -> Signed:
    stamp = str(at_us // SECOND_US)
    token = hashlib.sha256(octets(body) + stamp.encode()).hexdigest()[:50]
    signature = hmac.new(KEY.encode(), (stamp + token).encode(), hashlib.sha256).hexdigest()
    signed = {"timestamp": stamp, "token": token, "signature": signature}
    if content_type:
        fields = "&".join(f"{name}={_quoted(value)}" for name, value in [*body, *signed.items()])
        return Signed(request_of(fields.encode(), {"content-type": content_type}), Keys((KEY,)))
    return Signed(request_of(octets({"signature": signed, **body}), {}), Keys((KEY,)))


def _quoted(value: str) -> str:
    return quote_plus(value)


def with_password(body: Any, at_us: int = NOW_US, content_type: str = "", **more: Any) -> Signed:
    headers = {"authorization": "Basic " + b64encode(PASSWORD.encode()).decode()}
    headers |= more.get("headers", {})
    if content_type:
        headers["content-type"] = content_type
    return Signed(request_of(octets(body), headers), Keys((PASSWORD,)))


def standard(body: Any, at_us: int = NOW_US, **_: Any) -> Signed:
    said, stamp = octets(body), str(at_us // SECOND_US)
    number = "msg_" + hashlib.sha256(said).hexdigest()[:20]
    secret = b"0123456789abcdef01234567"
    signature = hmac.new(secret, f"{number}.{stamp}.".encode() + said, hashlib.sha256).digest()
    headers = {
        "webhook-id": number,
        "webhook-timestamp": stamp,
        "webhook-signature": "v1,bm90IHRoaXM= v1," + b64encode(signature).decode(),
    }
    return Signed(request_of(said, headers), Keys(("whsec_" + b64encode(secret).decode(),)))


@cache
def rsa_key() -> RSAPrivateKey:
    return generate_rsa(public_exponent=65537, key_size=2048)


def write_certificate(folder: Path, *, days: int = 3650) -> Path:
    """A certificate as SNS's, valid from 2025 on for so many days."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    first = datetime(2025, 1, 1, tzinfo=UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(rsa_key().public_key())
        .serial_number(1)
        .not_valid_before(first)
        .not_valid_after(first + timedelta(days=days))
        .sign(rsa_key(), SHA256())
    )
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / CERTIFICATE
    path.write_bytes(made.public_bytes(Encoding.PEM))
    return path


def sns(
    body: Any, at_us: int = NOW_US, folder: Path | None = None, version: str = "2", **more: Any
) -> Signed:
    """A message of a topic that carries the body; `more` replaces fields before signing."""
    assert folder is not None
    if not (folder / CERTIFICATE).exists():
        write_certificate(folder)
    text = json.dumps(body)
    at = datetime.fromtimestamp(at_us / SECOND_US, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    message = {
        "Type": "Notification",
        "MessageId": hashlib.sha256(text.encode()).hexdigest()[:36],
        "TopicArn": TOPIC,
        "Subject": "Amazon SES Email Event Notification",
        "Message": text + "\n",
        "Timestamp": at,
        "SignatureVersion": version,
        "SigningCertURL": f"https://sns.eu-west-1.amazonaws.com/{CERTIFICATE}",
        "UnsubscribeURL": "https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe",
    } | more.get("fields", {})
    algorithm = SHA256() if version == "2" else SHA1()
    said = signed_text(message, message["Type"])
    message["Signature"] = b64encode(rsa_key().sign(said, PKCS1v15(), algorithm)).decode()
    headers = {
        "content-type": "text/plain; charset=UTF-8",
        "x-amz-sns-message-type": message["Type"],
        "x-amz-sns-message-id": message["MessageId"],
    }
    keys = Keys((), (TOPIC,), folder, may_fetch=False)
    return Signed(request_of(octets(message), headers), keys)


Signer = Callable[..., Signed]
SIGNERS: dict[str, Signer] = {
    "sendgrid": sendgrid,
    "mailgun": mailgun,
    "ses": sns,
    "postmark": with_password,
    "sparkpost": with_password,
    "brevo": with_password,
    "standard": standard,
    "cloudevents": with_password,
}


def with_body(signed: Signed, body: bytes) -> Signed:
    """The same proof over another body."""
    return replace(signed, request=replace(signed.request, body=body))
