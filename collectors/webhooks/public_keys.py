"""A provider's public key, as an administrator pastes it."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as NotBase64
from functools import lru_cache
from typing import Any


@lru_cache(maxsize=64)
def read_public_key(secret: str) -> Any:
    """The key in a PEM, or in base64 without PEM's frame; None if it is neither."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import (
        load_der_public_key,
        load_pem_public_key,
    )

    try:
        if secret.lstrip().startswith("-----"):
            return load_pem_public_key(secret.encode())
        return load_der_public_key(b64decode("".join(secret.split())))
    except (ValueError, NotBase64, UnsupportedAlgorithm):
        return None
