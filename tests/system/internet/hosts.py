"""The mail hosts and web hosts of the test internet, each at a loopback address of its own."""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import http.server
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.mail_host import SILENCE, MailHost

MX1, MX2 = "mx1.good.test", "mx2.good.test"
_DAY = datetime.timedelta(days=1)

POLICIES = {
    "mta-sts.good.test": "version: STSv1\nmode: enforce\nmx: *.good.test\nmax_age: 86400\n",
    "mta-sts.sts-invalid.plain.test": (
        "version: STSv1\nmode: enforce\nmx: mx.selfsigned.plain.test\nmax_age: 86400\n"
    ),
    "mta-sts.sts-other.plain.test": (
        "version: STSv1\nmode: enforce\nmx: old.good.test\nmax_age: 86400\n"
    ),
    "mta-sts.sts-redirect.plain.test": "https://mta-sts.good.test/.well-known/mta-sts.txt",
}


class Certificates:
    """One authority that everybody trusts, another that nobody does."""

    def __init__(self, folder: Path) -> None:
        self._authority = trustme.CA()
        self.ca_file = str(folder / "ca.pem")
        self._authority.cert_pem.write_to_path(self.ca_file)
        self.mx1 = self._authority.issue_cert(MX1)
        self.mx2 = self._authority.issue_cert(MX2)
        self.pinned = self._authority.issue_cert("mx.pinned.test")
        today = datetime.datetime.now(datetime.UTC)
        self.expired = self._authority.issue_cert(
            "mx.expired.plain.test", not_before=today - 90 * _DAY, not_after=today - 2 * _DAY
        )
        self.wrong = self._authority.issue_cert("mail.elsewhere.test")
        self.unknown = trustme.CA().issue_cert("mx.selfsigned.plain.test")
        self.web = self._authority.issue_cert(*POLICIES)
        self.other_web = self._authority.issue_cert("www.plain.test")

    def pins(self) -> dict[str, str]:
        """What the zones say of the hosts' keys."""
        return {"TLSA_MX1": _pin(self.mx1), "TLSA_MX2": _pin(self.mx2)}


def _pin(certificate: trustme.LeafCert) -> str:
    leaf = x509.load_pem_x509_certificate(certificate.cert_chain_pems[0].bytes())
    key = leaf.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(key).hexdigest()


class _Mailboxes:
    """anna has a mailbox, grey is put off, nobody else is known."""

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address.startswith("anna@"):
            envelope.rcpt_tos.append(address)
            return "250 2.1.5 Ok"
        if address.startswith("grey@"):
            return "451 4.7.1 Greylisted, come back in 300 seconds"
        return "550 5.1.1 No such user"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        raise AssertionError("a diagnosis sent a message")


class _Quiet(Controller):
    """A controller whose start-up probe does not need the hosts' TLS."""

    def _trigger_server(self) -> None:
        with socket.create_connection((self.hostname, self.port), 5) as probe:
            probe.recv(1024)
            probe.sendall(b"QUIT\r\n")
            probe.recv(1024)


@contextlib.contextmanager
def mail_hosts(certificates: Certificates) -> Iterator[int]:
    """All mail hosts, at one port of their addresses, which is returned."""
    with contextlib.ExitStack() as stack:
        first = stack.enter_context(_Server("127.0.71.1", 0, MX1, certificates.mx1))
        port = first.port
        for address, name, certificate in (
            ("127.0.71.2", MX2, certificates.mx2),
            ("127.0.71.3", "mx.pinned.test", certificates.pinned),
            ("127.0.71.11", "mx.expired.plain.test", certificates.expired),
            ("127.0.71.12", "mx.wrong.plain.test", certificates.wrong),
            ("127.0.71.13", "mx.selfsigned.plain.test", certificates.unknown),
            ("127.0.71.14", "mx.clear.plain.test", None),
        ):
            stack.enter_context(_Server(address, port, name, certificate))
        stack.enter_context(MailHost({"": SILENCE}, address="127.0.71.15", port=port))
        busy = {"": "421 4.7.0 too many connections from your address"}
        stack.enter_context(MailHost(busy, address="127.0.71.16", port=port))
        stack.enter_context(_black_hole("127.0.71.18", port))
        yield port


class _Server(contextlib.AbstractContextManager["_Server"]):
    """An aiosmtpd server in a thread of its own."""

    def __init__(
        self, address: str, port: int, name: str, certificate: trustme.LeafCert | None
    ) -> None:
        self.port = port or _free_port(address)
        context = None
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            certificate.configure_cert(context)
        self._controller = _Quiet(
            _Mailboxes(), hostname=address, port=self.port, server_hostname=name,
            tls_context=context, ident="ESMTP",
        )  # fmt: skip

    def __enter__(self) -> _Server:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()


@contextlib.contextmanager
def _black_hole(address: str, port: int) -> Iterator[None]:
    """A listener whose queue is full: further connections get no answer, as behind a firewall."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, port))
    listener.listen(0)
    waiting = []
    for _ in range(4):
        one = socket.socket()
        one.setblocking(False)
        one.connect_ex((address, port))
        waiting.append(one)
    try:
        yield
    finally:
        for one in (*waiting, listener):
            one.close()


@contextlib.contextmanager
def web_hosts(certificates: Certificates) -> Iterator[int]:
    """The hosts of MTA-STS policies: a right certificate at 127.0.71.80, a wrong one at .81."""
    with contextlib.ExitStack() as stack:
        port = _free_port("127.0.71.80")
        for address, certificate in (
            ("127.0.71.80", certificates.web),
            ("127.0.71.81", certificates.other_web),
        ):
            server = _Web((address, port), _Policy)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            certificate.configure_cert(context)
            server.socket = context.wrap_socket(
                server.socket, server_side=True, do_handshake_on_connect=False
            )
            thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
            thread.start()
            stack.callback(server.server_close)
            stack.callback(server.shutdown)
        yield port


class _Web(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that does not like the certificate hangs up; that is what it is for."""


class _Policy(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        policy = POLICIES.get(self.headers["Host"], "")
        moved = policy.startswith("https://")
        self.send_response(301 if moved else 200 if policy else 404)
        if moved:
            self.send_header("Location", policy)
        body = b"" if moved else policy.encode()
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def _free_port(address: str) -> int:
    with socket.create_server((address, 0)) as listener:
        return int(listener.getsockname()[1])
