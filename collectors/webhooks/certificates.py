"""Certificates that Amazon SNS signs with: from a folder, else fetched once and kept there.

The one place where proving reaches outside: the address is Amazon's by the time it comes here
(collectors/webhooks/sns.py), no redirect is followed, and time and size are limited.
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import HTTPRedirectHandler, OpenerDirector, Request, build_opener

from collectors.webhooks.webhook import Keys
from tracer.errors import WebhookRejected
from tracer.model import when

TIMEOUT_S = 5
MOST_OCTETS = 64 * 1024


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def opener() -> OpenerDirector:
    """What opens an address of Amazon's, and follows it nowhere else."""
    return build_opener(_NoRedirects)


def certificate_key(url: str, name: str, keys: Keys, now_us: int) -> Any:
    """The public key in the certificate at this address. Raises WebhookRejected.

    A file of that name in `cert_dir` goes before any fetching.
    """
    certificate = _read(keys.cert_dir / name) if keys.cert_dir else None
    if certificate is None:
        if not keys.may_fetch:
            raise WebhookRejected(f"the certificate {name} is not in cert_dir; put it there")
        content = _fetch(url)
        certificate = _parsed(content)
        if certificate is not None and keys.cert_dir:
            _keep(keys.cert_dir / name, content)
    if certificate is None:
        raise WebhookRejected(f"the certificate {name} cannot be read")
    now = when(now_us)
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise WebhookRejected(f"the certificate {name} is not valid at this time")
    return certificate.public_key()


def _read(path: Path) -> Any:
    try:
        return _parsed(path.read_bytes())
    except OSError:
        return None


@lru_cache(maxsize=32)
def _parsed(content: bytes) -> Any:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.x509 import load_pem_x509_certificate

    try:
        found = load_pem_x509_certificate(content)
    except ValueError:
        return None
    return found if isinstance(found.public_key(), RSAPublicKey) else None


@lru_cache(maxsize=32)
def _fetch(url: str) -> bytes:
    try:
        with opener().open(Request(url), timeout=TIMEOUT_S) as answer:
            content: bytes = answer.read(MOST_OCTETS + 1)
    except (URLError, OSError, ValueError) as error:
        raise WebhookRejected("the certificate of Amazon SNS cannot be fetched now") from error
    if len(content) > MOST_OCTETS:
        raise WebhookRejected("the certificate of Amazon SNS is too large")
    return content


def _keep(path: Path, content: bytes) -> None:
    """Keep a fetched certificate; where the folder cannot be written, it is fetched again."""
    waiting = path.with_suffix(f".{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        waiting.write_bytes(content)
        waiting.replace(path)
    except OSError:
        waiting.unlink(missing_ok=True)
