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
PUBLIC_URL = "https://trace.example.org"
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


def mandrill(body: Any, at_us: int = NOW_US, **_: Any) -> Signed:
    """A form; signed is the address as it was entered, then each field's name and value."""
    said = json.dumps(body)
    address = f"{PUBLIC_URL}/hooks/one/token"
    whole = f"{address}mandrill_events{said}".encode()
    signature = hmac.new(KEY.encode(), whole, hashlib.sha1).digest()
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        "x-mandrill-signature": b64encode(signature).decode(),
    }
    request = request_of(f"mandrill_events={_quoted(said)}".encode(), headers)
    return Signed(request, Keys((KEY,), public_url=address))


def resend(body: Any, at_us: int = NOW_US, **_: Any) -> Signed:
    """As Standard Webhooks, with the older names of the headers."""
    signed = standard(body, at_us)
    headers = {
        name.replace("webhook-", "svix-"): value for name, value in signed.request.headers.items()
    }
    return replace(signed, request=replace(signed.request, headers=headers))


def with_hmac(header: str) -> Callable[..., Signed]:
    """HMAC-SHA256 of the raw body in hex digits; a list may be sent as JSON Lines."""

    def sign(body: Any, at_us: int = NOW_US, content_type: str = "", **_: Any) -> Signed:
        is_lines = bool(content_type) and isinstance(body, list)
        said = b"\n".join(map(octets, body)) if is_lines else octets(body)
        headers = {header: hmac.new(KEY.encode(), said, hashlib.sha256).hexdigest()}
        if content_type:
            headers["content-type"] = content_type
        return Signed(request_of(said, headers), Keys((KEY,)))

    return sign


def unisender_go(body: Any, at_us: int = NOW_US, **_: Any) -> Signed:
    """The body with its own hash in `auth`, made while the API key stood there."""
    whole = {"auth": KEY, **body} if isinstance(body, dict) else body
    said = octets(whole)
    made = hashlib.md5(said, usedforsecurity=False).hexdigest()
    return Signed(request_of(said.replace(octets(KEY), octets(made), 1), {}), Keys((KEY,)))


SCALEWAY_TOPIC = "arn:scw:sns:fr-par:project-0d8e6a57-3f6d-4c38-9f3a-9a8b7c6d5e4f:mail"
SCALEWAY_CERTIFICATE = "sns_certificate_5f1c9d.crt"


def scaleway(body: Any, at_us: int = NOW_US, folder: Path | None = None, **more: Any) -> Signed:
    """As Amazon SNS, but for the topic's name and where the certificate lies; version 1."""
    assert folder is not None
    write_certificate(folder).rename(folder / SCALEWAY_CERTIFICATE)
    host = "https://messaging.s3.fr-par.scw.cloud/fr-par/sns/"
    fields = {"TopicArn": SCALEWAY_TOPIC, "SigningCertURL": host + SCALEWAY_CERTIFICATE}
    version = more.get("version", "1")
    signed = sns(body, at_us, folder, version=version, fields=fields | more.get("fields", {}))
    return replace(signed, keys=replace(signed.keys, topic_arns=(SCALEWAY_TOPIC,)))


def postal(body: Any, at_us: int = NOW_US, **more: Any) -> Signed:
    """RSA over the raw body; the header of the corpus chooses the older algorithm."""
    is_old = more.get("headers", {}).get("x-test-algorithm") == "SHA1"
    header, algorithm = ("x-postal-signature", SHA1()) if is_old else _POSTAL
    said = octets(body)
    signature = b64encode(rsa_key().sign(said, PKCS1v15(), algorithm)).decode()
    return Signed(request_of(said, {header: signature}), Keys((postal_key(),)))


_POSTAL = ("x-postal-signature-256", SHA256())


@cache
def postal_key() -> str:
    """The public key as `postal default-dkim-record` shows it."""
    key = rsa_key().public_key()
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return "v=DKIM1; t=s; h=sha256; p=" + b64encode(der).decode() + ";"


def elastic_email(body: Any, at_us: int = NOW_US, content_type: str = "", **_: Any) -> Signed:
    """A form with Basic authentication from the address."""
    signed = with_password(body, content_type=content_type)
    fields = "&".join(f"{name}={_quoted(str(value))}" for name, value in body.items())
    return with_body(signed, fields.encode())


def stalwart(body: Any, at_us: int = NOW_US, **_: Any) -> Signed:
    said = octets(body)
    signature = b64encode(hmac.new(KEY.encode(), said, hashlib.sha256).digest()).decode()
    return Signed(request_of(said, {"x-signature": signature}), Keys((KEY,)))


def rspamd(body: Any, at_us: int = NOW_US, **more: Any) -> Signed:
    """JSON, or text as it is: a whole message, or parts."""
    signed = with_password(body, **more)
    return with_body(signed, body.encode()) if isinstance(body, str) else signed


Signer = Callable[..., Signed]
SIGNERS: dict[str, Signer] = {
    "sendgrid": sendgrid,
    "mailgun": mailgun,
    "ses": sns,
    "postmark": with_password,
    "sparkpost": with_password,
    "brevo": with_password,
    "mailjet": with_password,
    "mandrill": mandrill,
    "resend": resend,
    "mailersend": with_hmac("signature"),
    "mailtrap": with_hmac("mailtrap-signature"),
    "unisender_go": unisender_go,
    "ses_eventbridge": with_password,
    "scaleway": scaleway,
    "postal": postal,
    "elastic_email": elastic_email,
    "kumomta": with_password,
    "stalwart": stalwart,
    "rspamd": rspamd,
    "standard": standard,
    "cloudevents": with_password,
}


def with_body(signed: Signed, body: bytes) -> Signed:
    """The same proof over another body."""
    return replace(signed, request=replace(signed.request, body=body))
