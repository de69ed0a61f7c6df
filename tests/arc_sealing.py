"""Sealing messages with ARC (RFC 8617, 5.1) for tests, by cryptography alone."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import cast

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.dkim_signing import rsa_key

SIGNED = ("from", "to", "subject", "date", "message-id")


SIGNATURE = (
    "i={i}; a=rsa-sha256; d={d}; s=arc; t=1795000000; c=relaxed/relaxed; h={h}; bh={bh}; b={b}"
)
SEAL = "i={i}; a=rsa-sha256; d={d}; s=arc; t=1795000000; cv={cv}; b={b}"
RESULTS = "i={i}; {d}; spf=pass; arc={arc}"


def sealed(
    message: bytes,
    *,
    instance: int = 1,
    cv: str = "",
    domain: str = "list.example",
    signature: str = SIGNATURE,
    seal: str = SEAL,
    results: str = RESULTS,
    signed: tuple[str, ...] = SIGNED,
    key: bytes = b"",
    is_simple: bool = False,
    length: int | None = None,
) -> bytes:
    """The message with the ARC set of this instance on top.

    `signature`, `seal` and `results` are the three fields with places to fill in; what is
    wrong in them is signed as it stands. `is_simple`: the message is signed in the simple
    form, header and text; `length`: so many octets of its text.
    """
    head, _, body = message.partition(b"\r\n\r\n")
    fields = _fields(head)
    text = (body.rstrip(b"\r\n") + b"\r\n") if is_simple else _relaxed_body(body)
    body_hash = base64.b64encode(hashlib.sha256(text[:length]).digest()).decode()
    given = {
        "i": instance, "d": domain, "h": ":".join(signed), "bh": body_hash, "b": "{b}",
        "cv": cv or ("none" if instance == 1 else "pass"),
        "arc": "none" if instance == 1 else "pass",
    }  # fmt: skip
    results, signature, seal = (form.format(**given) for form in (results, signature, seal))
    chosen = [(name, fields[name]) for name in signed if name in fields]
    if is_simple:
        lines = [f"{name.title()}:{value}" for name, value in chosen]
        unsigned = f"ARC-Message-Signature: {signature.replace('{b}', '')}"
        b = signature_of("\r\n".join([*lines, unsigned]).replace("Message-Id", "Message-ID"), key)
        signature = signature.replace("{b}", b)
    else:
        signature = _with_b(signature, chosen, "arc-message-signature", key)
    seal = _with_b(seal, [*_earlier(head, instance), *_set(results, signature)], "arc-seal", key)
    names = ("ARC-Seal", "ARC-Message-Signature", "ARC-Authentication-Results")
    fields_made = zip(names, (seal, signature, results), strict=True)
    return "".join(f"{name}: {value}\r\n" for name, value in fields_made).encode() + message


def _with_b(form: str, before: list[tuple[str, str]], name: str, key: bytes) -> str:
    signature = _sign([*before, (name, form.replace("{b}", ""))], key)
    return form.replace("{b}", signature)


def _set(results: str, signature: str) -> list[tuple[str, str]]:
    return [("arc-authentication-results", results), ("arc-message-signature", signature)]


def _earlier(head: bytes, instance: int) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for number in range(1, instance):
        for name in ("ARC-Authentication-Results", "ARC-Message-Signature", "ARC-Seal"):
            line = re.search(rf"^{name}: (i={number};.*)$", head.decode(), re.MULTILINE)
            assert line is not None
            found.append((name.lower(), line[1].rstrip("\r")))
    return found


def _fields(head: bytes) -> dict[str, str]:
    pairs = (line.partition(":") for line in head.decode().split("\r\n"))
    return {name.lower(): value for name, _, value in pairs}


def _sign(fields: list[tuple[str, str]], pem: bytes) -> str:
    """The signature over fields in the relaxed form; the last one without a line end."""
    lines = [f"{name}:{' '.join(value.split())}" for name, value in fields]
    return signature_of("\r\n".join(lines), pem)


def signature_of(text: str, pem: bytes = b"") -> str:
    """The b= of a text by RSA and SHA-256."""
    key = serialization.load_pem_private_key(pem or rsa_key()[0], None)
    signature = cast(rsa.RSAPrivateKey, key).sign(
        text.encode(), padding.PKCS1v15(), hashes.SHA256()
    )
    return base64.b64encode(signature).decode()


def _relaxed_body(body: bytes) -> bytes:
    lines = [re.sub(rb"[ \t]+", b" ", line).rstrip(b" ") for line in body.split(b"\r\n")]
    return b"\r\n".join(lines).rstrip(b"\r\n") + b"\r\n"
