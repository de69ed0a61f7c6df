"""DKIM (RFC 6376, 8301, 8463): keys in DNS and signatures of a message."""

from tracer.diagnostics.dkim.key import DkimKey, KeyState, fetch_key, key_name, read_key
from tracer.diagnostics.dkim.verify import DkimReason, DkimSignature, verify_signatures

__all__ = [
    "DkimKey",
    "DkimReason",
    "DkimSignature",
    "KeyState",
    "fetch_key",
    "key_name",
    "read_key",
    "verify_signatures",
]
