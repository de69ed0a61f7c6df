"""Proof by ECDSA (P-256, SHA-256) with the provider's public key."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from collectors.webhooks.proving import unbase64
from tracer.errors import WebhookRejected


@lru_cache(maxsize=64)
def public_key(secret: str) -> Any:
    """The elliptic-curve key in a PEM, or in base64 without PEM's frame; None if it is neither."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.serialization import (
        load_der_public_key,
        load_pem_public_key,
    )

    try:
        if secret.lstrip().startswith("-----"):
            key = load_pem_public_key(secret.encode())
        else:
            key = load_der_public_key(b64decode("".join(secret.split())))
    except (ValueError, NotBase64, UnsupportedAlgorithm):
        return None
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
