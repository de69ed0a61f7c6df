"""Keys and signed messages for tests."""

from __future__ import annotations

import base64
import functools
from typing import Any

import dkim
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

MESSAGE = (
    b"From: Anna <anna@example.com>\r\n"
    b"To: boris@example.net\r\n"
    b"Subject: Lunch\r\n"
    b"Date: Sun, 22 Nov 2026 12:00:00 +0000\r\n"
    b"Message-ID: <1@example.com>\r\n"
    b"\r\n"
    b"At one?\r\n"
)


@functools.cache
def rsa_key(bits: int = 1024) -> tuple[bytes, str]:
    """A private key as PEM, and its p=."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=max(bits, 1024))
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return pem, base64.b64encode(public).decode()


# 512 bits, which today's libraries refuse to make.
SMALL_PUBLIC = (
    "MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAKj34GkxFhD90vcNLYLInFEX6Ppy1tPf9Cnzj4p4WGeKLs1Pt8Qu"
    "KUpRKfFLfRYC9AIKjbJTWit+CqvjWYzvQwECAwEAAQ=="
)


def quoted(text: str) -> str:
    """TXT rdata of a text of any length."""
    return " ".join(f'"{text[at : at + 200]}"' for at in range(0, len(text), 200))


def key_line(name: str, record: str) -> str:
    """A zone line."""
    return f"{name} TXT {quoted(record)}"


def signed(
    message: bytes = MESSAGE, *, domain: str = "example.com", selector: str = "s1", **more: Any
) -> bytes:
    """The message under a signature by `rsa_key()`."""
    header: bytes = dkim.sign(
        message, selector.encode(), domain.encode(), more.pop("key", rsa_key()[0]), **more
    )
    return header + message
