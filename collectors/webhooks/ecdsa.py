"""Proof by ECDSA (P-256, SHA-256) with the provider's public key."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from collectors.webhooks.proving import unbase64
from collectors.webhooks.public_keys import read_public_key
from tracer.errors import WebhookRejected


def public_key(secret: str) -> Any:
    """The elliptic-curve key in a PEM, or in base64 without PEM's frame; None if it is neither."""
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

    key = read_public_key(secret)
    return key if isinstance(key, EllipticCurvePublicKey) else None


def matching(signature: str, said: bytes, secrets: Iterable[str]) -> str:
    """The key that the base64 signature (DER) of what was said was made with.

    Every key is tried. Raises WebhookRejected if none fits.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
    from cryptography.hazmat.primitives.hashes import SHA256

    if not signature:
        raise WebhookRejected("the signature header is missing")
    given, found = unbase64(signature), ""
    for secret in secrets:
        key = public_key(secret)
        if key is None:
            continue
        try:
            key.verify(given, said, ECDSA(SHA256()))
        except InvalidSignature:
            continue
        found = secret
    if not found:
        raise WebhookRejected("the signature does not match any of the public keys")
    return found
