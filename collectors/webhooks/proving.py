"""Pieces of proof that several providers share: passwords, body signatures, signed times.

All comparisons take the same time whatever is compared, and every live secret is tried
without stopping early, so nothing can be learnt from how long a refusal takes.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Callable, Iterable
from functools import lru_cache

from collectors.webhooks.webhook import AHEAD_S, HookRequest, Keys, Proof, Verify, seconds
from tracer.errors import WebhookRejected

Expected = Callable[[str], str]
"""From a secret to what the request should have carried."""


def equal(one: str | bytes, other: str | bytes) -> bool:
    """Whether two texts are equal, in constant time."""
    return hmac.compare_digest(_octets(one), _octets(other))


def _octets(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode("utf-8", "surrogatepass")


def matching(given: str, secrets: Iterable[str], expected: Expected) -> str:
    """The secret for which `expected` gives what the request carries; "" if none does."""
    found = ""
    for secret in secrets:
        if equal(given, expected(secret)):
            found = secret
    return found


def hmac_hex(secret: str, said: bytes, algorithm: str = "sha256") -> str:
    """HMAC of what was said, in hex digits."""
    return hmac.new(_octets(secret), said, algorithm).hexdigest()


def unbase64(value: str) -> bytes:
    """The octets of a base64 text. Raises WebhookRejected if it is none."""
    try:
        return b64decode(value.encode("ascii"), validate=True)
    except (NotBase64, ValueError) as error:
        raise WebhookRejected("the signature is not base64") from error


def signed_body(header: str, *, algorithm: str = "sha256") -> Verify:
    """Proof by a header with the HMAC of the raw body in hex digits."""

    def verify(request: HookRequest, keys: Keys) -> Proof:
        given = request.header(header).strip().lower()
        if not given:
            raise WebhookRejected(f"the header {header} is missing")
        secret = matching(given, keys.secrets, lambda one: hmac_hex(one, request.body, algorithm))
        if not secret:
            raise WebhookRejected(f"the signature in {header} does not match any secret")
        return Proof(f"hmac-{algorithm}", secret)

    return verify


def check_time(signed_us: int | None, request: HookRequest, window_s: int) -> None:
    """Refuse a signed time that is older than the window, or lies in the future."""
    if signed_us is None:
        raise WebhookRejected("the signed time cannot be read")
    age_us = request.now_us - signed_us
    if age_us > seconds(window_s):
        raise WebhookRejected(
            f"the signed time is {age_us // seconds(1)} s old; at most {window_s} s are accepted"
        )
    if age_us < -seconds(AHEAD_S):
        raise WebhookRejected("the signed time lies in the future; compare the clocks")


def is_password(secret: str) -> bool:
    """Whether a secret is `user:password`, `Header-Name: value` or a bearer token, not a key."""
    return ":" in secret and not secret.startswith("-----")


def password(request: HookRequest, keys: Keys) -> Proof:
    """Proof by Basic authentication, a bearer token or a header with a fixed value.

    A secret is `user:password` (Basic), `Header-Name: value`, or else a bearer token. With
    no secrets the path's own token is the proof.
    """
    if not keys.secrets:
        return Proof("path")
    found = ""
    for secret in keys.secrets:
        if _carries(request, secret):
            found = secret
    if not found:
        said = "does not match any secret" if request.header("authorization") else "is missing"
        raise WebhookRejected(f"the Authorization header {said}")
    return Proof("password", found)


def _carries(request: HookRequest, secret: str) -> bool:
    name, colon, value = secret.partition(": ")
    if colon:
        return equal(request.header(name.lower()), value.strip())
    scheme, _, given = request.header("authorization").partition(" ")
    if ":" not in secret:
        return bool(equal(given.strip(), secret)) and scheme.lower() == "bearer"
    try:
        said = b64decode(given.encode("ascii", "replace"))
    except (NotBase64, ValueError):
        said = b""
    return bool(equal(said, secret)) and scheme.lower() == "basic"


def password_or(signature: Verify) -> Verify:
    """Proof by whichever the source's secrets are for: passwords, or the provider's scheme."""

    def verify(request: HookRequest, keys: Keys) -> Proof:
        passwords, others = _apart(keys.secrets)
        if passwords and (not others or request.header("authorization")):
            return password(request, _with(keys, passwords))
        return signature(request, _with(keys, others))

    return verify


@lru_cache(maxsize=100)
def _apart(secrets: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Passwords and keys."""
    passwords = tuple(secret for secret in secrets if is_password(secret))
    return passwords, tuple(secret for secret in secrets if secret not in passwords)


def _with(keys: Keys, secrets: tuple[str, ...]) -> Keys:
    if secrets == keys.secrets:
        return keys
    return Keys(secrets, keys.topic_arns, keys.cert_dir, keys.public_url, keys.may_fetch)


@lru_cache(maxsize=100)
def fingerprint_of(secret: str) -> str:
    """Eight hex digits that name a secret without telling it."""
    return hashlib.sha256(_octets(secret)).hexdigest()[:8] if secret else ""
