"""Reading and judging the certificates of mail hosts, after the handshake.

A conversation accepts any certificate, so that one connection tells everything; whether it
is valid is decided here (RFC 5280, 6), and whose name it bears by `covers` (RFC 6125, 6.4).
"""

from __future__ import annotations

import ssl
import threading
import warnings
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tracer.diagnostics.smtp import Certificate
from tracer.model import micros, when

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.x509.verification import Store

_PLACES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Arch, Alpine
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, RHEL
    "/etc/ssl/ca-bundle.pem",  # SUSE
    "/etc/ssl/cert.pem",  # FreeBSD, macOS
)
_DEEPEST = 8
_reading = threading.Lock()


class Roots:
    """The certification authorities that we trust: of one PEM file, else the system's.

    The file is read when the first certificate is judged, once.
    """

    def __init__(self, path: str = "") -> None:
        self.path = path
        self._store: Store | None = None
        self._is_read = False
        self._lock = threading.Lock()

    def store(self) -> Store | None:
        """None where this machine has no authorities."""
        with self._lock:
            if not self._is_read:
                self._store = _store(self.path or _system_file())
                self._is_read = True
            return self._store


def certificate(chain: Sequence[bytes], roots: Roots, now_us: int) -> Certificate | None:
    """What the first of these DER certificates says; None if it cannot be read."""
    from cryptography import x509

    leaf, *others = [_read(x509.load_der_x509_certificate, der) for der in chain] or [None]
    if leaf is None:
        return None
    not_before, not_after = micros(leaf.not_valid_before_utc), micros(leaf.not_valid_after_utc)
    judged_at = min(max(now_us, not_before), not_after)
    why = _fault(leaf, [other for other in others if other], roots, when(judged_at))
    return Certificate(
        names=_names(leaf),
        issuer=leaf.issuer.rfc4514_string(),
        not_before_us=not_before,
        not_after_us=not_after,
        trusted=None if why is None else not why,
        why=why or "",
        self_signed=leaf.issuer == leaf.subject,
    )


def covers(names: Sequence[str], host: str) -> bool:
    """Whether one of a certificate's names is the host's; `*` is one whole first label."""
    wanted = host.lower().rstrip(".")
    above = "*." + wanted.partition(".")[2]
    return any(name in (wanted, above) for name in names)


def peer_chain(connection: ssl.SSLSocket) -> tuple[bytes, ...]:
    """The certificates that the other side sent, in DER, its own first."""
    public: Any = getattr(connection, "get_unverified_chain", None)
    if public is not None:  # Python 3.13
        return tuple(public())
    # Until then the method is there, but only on the object within (CPython 3.10 to 3.12).
    inner: Any = getattr(connection, "_sslobj", None)
    sent = inner.get_unverified_chain() if inner is not None else None
    return tuple(ssl.PEM_cert_to_DER_cert(one.public_bytes()) for one in sent or ())


def _fault(
    leaf: x509.Certificate, others: list[x509.Certificate], roots: Roots, at: datetime
) -> str | None:
    """Why no chain leads to a root; "" if one does, None if we have no roots."""
    from cryptography.x509.verification import PolicyBuilder, VerificationError

    store = roots.store()
    if store is None:
        return None
    anyone, authority = _policies()
    verifier = (
        PolicyBuilder()
        .store(store)
        .time(at.astimezone(UTC).replace(tzinfo=None))
        .max_chain_depth(_DEEPEST)
        .extension_policies(ca_policy=authority, ee_policy=anyone)
        .build_client_verifier()
    )
    try:
        verifier.verify(leaf, others)
    except (VerificationError, ValueError) as error:
        return "self-signed" if leaf.issuer == leaf.subject else _plain(error)
    return ""


def _policies() -> tuple[Any, Any]:
    """Any host certificate; an authority that may sign others, whatever else it says.

    The profile of browsers would refuse authorities that mail hosts are used to.
    """
    from cryptography import x509
    from cryptography.x509.verification import Criticality, ExtensionPolicy

    def signs(_policy: object, _certificate: object, extension: x509.BasicConstraints) -> None:
        if not extension.ca:
            raise ValueError("an issuer is no certification authority")

    authority = ExtensionPolicy.permit_all().require_present(
        x509.BasicConstraints, Criticality.AGNOSTIC, signs
    )
    return ExtensionPolicy.permit_all(), authority


def _plain(error: Exception) -> str:
    said = str(error).removeprefix("validation failed: ").removeprefix("candidates exhausted: ")
    unchained = "chain construction" in said or "all candidates" in said
    return "no chain to a known authority" if unchained else said.partition("(")[0].strip()


def _names(leaf: x509.Certificate) -> tuple[str, ...]:
    from cryptography import x509

    try:
        alternative = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return tuple(name.lower() for name in alternative.get_values_for_type(x509.DNSName))
    except (x509.ExtensionNotFound, ValueError):
        common = leaf.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        return tuple(str(name.value).lower() for name in common)


def _system_file() -> str:
    given = ssl.get_default_verify_paths().cafile
    return next((place for place in (given, *_PLACES) if place and Path(place).is_file()), "")


def _store(path: str) -> Store | None:
    from cryptography import x509
    from cryptography.x509.verification import Store

    try:
        text = Path(path).read_bytes()
    except OSError:
        return None
    read = _read(x509.load_pem_x509_certificates, text)
    return Store(read) if read else None


def _read(load: Any, octets: bytes) -> Any:
    """What `load` makes of the octets, None if nothing.

    Some old authorities have a serial number that cryptography only warns of.
    """
    with _reading, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return load(octets)
        except ValueError:
            return None
