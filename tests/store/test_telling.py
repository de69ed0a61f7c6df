"""Notices: what arrives at a real mail server and a real web server on loopback."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import Message
from email.policy import default
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from standardwebhooks import Webhook

from tests.store.filling import LOGS, NOW_US, empty, read
from tracer import secret_files
from tracer.config import Config, WebSettings
from tracer.config_exports import ExportsSettings, SmtpSettings
from tracer.errors import ConfigError
from tracer.exports.order import Order
from tracer.jobs import telling
from tracer.jobs.desk import Desk
from tracer.jobs.work import work
from tracer.notify import mail
from tracer.notify.notice import NotTold
from tracer.store.jobs import Job

SECRET = "whsec_" + "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"
TO = "ops@corp.example, olga@corp.example"


class Mailbox:
    """What an SMTP server was given."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.recipients: list[str] = []
        self.refuses = False

    async def handle_RCPT(
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        if self.refuses:
            return "550 5.1.1 no such mailbox here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        self.messages.append(message_from_bytes(envelope.content, policy=default))
        self.recipients = envelope.rcpt_tos
        return "250 OK"


def accepts(_server: Any, _session: Any, _envelope: Any, _how: str, given: Any) -> AuthResult:
    right = isinstance(given, LoginPassword) and given.password == b"geheim"
    return AuthResult(success=right, handled=right)


def free_port() -> int:
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        port: int = tried.getsockname()[1]
        return port


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def port(mailbox: Mailbox, authority: trustme.CA) -> Iterator[int]:
    """A server that wants STARTTLS and a login."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    server = Controller(
        mailbox, hostname="127.0.0.1", port=free_port(), tls_context=context, require_starttls=True,
        auth_required=True, authenticator=accepts,
    )  # fmt: skip
    server.start()
    yield server.port
    server.stop()


@pytest.fixture
def plain_port(mailbox: Mailbox) -> Iterator[int]:
    server = Controller(mailbox, hostname="127.0.0.1", port=free_port())
    server.start()
    yield server.port
    server.stop()


@pytest.fixture
def trust(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def smtp(port: int, **more: Any) -> SmtpSettings:
    given = {"host": "127.0.0.1", "port": port, "sender": "trace@corp.example"} | more
    return SmtpSettings(**given)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    engine = empty(tmp_path)
    read(engine, *LOGS)
    yield Desk(engine, Config(home=tmp_path), now_us=lambda: NOW_US)
    engine.dispose()


def configured(desk: Desk, **tables: Any) -> Desk:
    return replace(desk, config=replace(desk.config, **tables))


def done(desk: Desk, **more: Any) -> Job:
    job = desk.submit(Order("status:failed", NOW_US, **more), "olga")
    ended = work(desk, job.id, threading.Event())
    assert ended is not None
    return ended


def test_mail_tells_that_an_export_is_ready(
    desk: Desk, port: int, mailbox: Mailbox, trust: ssl.SSLContext
) -> None:
    secret_files.keep(desk.config.home, mail.PASSWORD, "geheim")
    desk = configured(
        desk,
        smtp=smtp(port, user="trace"),
        exports=ExportsSettings(mail_to=TO),
        web=WebSettings(public_url="https://trace.corp.example/"),
    )
    job = done(desk)
    telling.tell(desk, job.id, trust)
    (message,) = mailbox.messages
    text = message.get_content()  # type: ignore[attr-defined]
    assert mailbox.recipients == ["ops@corp.example", "olga@corp.example"]
    assert message["Subject"] == "Export ready: status:failed"
    assert message["Auto-Submitted"] == "auto-generated"
    assert f"{job.rows} rows" in text and job.sha256 in text
    assert f"https://trace.corp.example/exports/{job.id}" in text
    assert desk.find(job.id).told == "mail"


def test_what_was_told_is_not_told_again(desk: Desk, plain_port: int, mailbox: Mailbox) -> None:
    desk = plainly(desk, plain_port)
    job = done(desk)
    telling.tell(desk, job.id)
    telling.tell(desk, job.id)
    assert len(mailbox.messages) == 1


def plainly(desk: Desk, port: int, **more: Any) -> Desk:
    settings = ExportsSettings(mail_to="ops@corp.example")
    return configured(desk, smtp=smtp(port, security="none"), exports=settings, **more)


def test_mail_is_russian_where_the_site_is(desk: Desk, plain_port: int, mailbox: Mailbox) -> None:
    desk = plainly(desk, plain_port, web=WebSettings(language="ru"))
    telling.tell(desk, done(desk).id)
    (message,) = mailbox.messages
    assert message["Subject"] == "Выгрузка готова: status:failed"
    text = message.get_content()  # type: ignore[attr-defined]
    assert "Запрос:" in text and "Скачать" not in text  # no link is known


def test_mail_tells_why_an_export_failed(desk: Desk, plain_port: int, mailbox: Mailbox) -> None:
    desk = plainly(desk, plain_port)
    desk.folder.write_text("in the way")
    telling.tell(desk, done(desk).id)
    (message,) = mailbox.messages
    assert "failed" in message["Subject"]
    assert "cannot be written" in message.get_content()  # type: ignore[attr-defined]


def test_a_job_that_nobody_wants_to_hear_of_is_not_told(
    desk: Desk, plain_port: int, mailbox: Mailbox
) -> None:
    desk = plainly(desk, plain_port)
    telling.tell(desk, done(desk, tell=False).id)
    assert mailbox.messages == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"password": "wrong"}, "mailtracer config smtp-password"),
        ({"password": "geheim", "security": "tls"}, "smtp.security to starttls"),
        ({"password": "geheim", "port": 1}, "cannot be reached"),
    ],
)
def test_what_is_wrong_with_the_mail_server_is_told(
    desk: Desk, port: int, trust: ssl.SSLContext, change: dict[str, Any], said: str
) -> None:
    settings = replace(smtp(port, user="trace"), **change)
    desk = configured(desk, smtp=settings, exports=ExportsSettings(mail_to="ops@corp.example"))
    job = done(desk)
    with pytest.raises(NotTold, match=said):
        telling.tell(desk, job.id, trust)
    assert said in desk.find(job.id).told


def test_a_certificate_that_is_not_trusted_is_told(desk: Desk, port: int) -> None:
    desk = configured(desk, smtp=smtp(port, user="trace", password="geheim"))
    with pytest.raises(NotTold, match="is not trusted"):
        telling.send_test(desk, "ops@corp.example", "en")


def test_a_server_without_starttls_is_told(desk: Desk, plain_port: int) -> None:
    desk = configured(desk, smtp=smtp(plain_port))
    with pytest.raises(NotTold, match="does not offer STARTTLS"):
        telling.send_test(desk, "ops@corp.example", "en")


def test_a_refused_recipient_is_told(desk: Desk, plain_port: int, mailbox: Mailbox) -> None:
    mailbox.refuses = True
    desk = configured(desk, smtp=smtp(plain_port, security="none"))
    with pytest.raises(NotTold, match=r"550 5\.1\.1 no such mailbox"):
        telling.send_test(desk, "ops@corp.example", "en")


@pytest.mark.parametrize(("lang", "subject"), [("en", "Test message"), ("ru", "Проверочное")])
def test_a_test_message_arrives(
    desk: Desk, plain_port: int, mailbox: Mailbox, lang: str, subject: str
) -> None:
    telling.send_test(
        configured(desk, smtp=smtp(plain_port, security="none")), "a@corp.example", lang
    )
    assert str(mailbox.messages[0]["Subject"]).startswith(subject)


class _Hook(BaseHTTPRequestHandler):
    got: ClassVar[list[tuple[dict[str, str], bytes]]]
    answer = 204

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.got.append((dict(self.headers.items()), body))
        self.send_response(self.answer)
        if self.answer == 302:
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
        self.end_headers()

    def log_message(self, *_args: Any) -> None:
        """Says nothing."""


@pytest.fixture
def hook() -> Iterator[tuple[type[_Hook], str]]:
    class Hook(_Hook):
        got: ClassVar[list[tuple[dict[str, str], bytes]]] = []

    server = HTTPServer(("127.0.0.1", 0), Hook)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield Hook, f"http://127.0.0.1:{server.server_port}/hook"
    server.shutdown()
    thread.join()
    server.server_close()


def test_webhook_tells_and_proves_who_says_it(desk: Desk, hook: tuple[type[_Hook], str]) -> None:
    handler, url = hook
    settings = ExportsSettings(webhook_url=url, webhook_secret=SECRET)
    desk = configured(desk, exports=settings)
    job = done(desk)
    telling.tell(desk, job.id)
    ((headers, body),) = handler.got
    small = {name.lower(): value for name, value in headers.items()}
    told = json.loads(body)
    assert told["type"] == "export.done"
    assert told["data"]["rows"] == job.rows and told["data"]["sha256"] == job.sha256
    assert small["webhook-id"] == f"export_{job.id}_done"
    signed = Webhook(SECRET).sign(small["webhook-id"], at_of(small), body.decode())
    assert small["webhook-signature"] == signed
    assert desk.find(job.id).told == "webhook"


def at_of(headers: dict[str, str]) -> Any:
    return datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)


@pytest.mark.parametrize("answer", [500, 302])
def test_webhook_that_is_not_taken_is_told_and_tried_again(
    desk: Desk, hook: tuple[type[_Hook], str], answer: int
) -> None:
    handler, url = hook
    handler.answer = answer
    desk = configured(desk, exports=ExportsSettings(webhook_url=url, webhook_secret=SECRET))
    job = done(desk)
    with pytest.raises(NotTold, match=f"answered {answer}"):
        telling.tell(desk, job.id)
    handler.answer = 204
    telling.tell(desk, job.id)
    assert desk.find(job.id).told == "webhook"
    assert len(handler.got) == 2


def test_kept_secrets_are_not_readable_as_they_lie(tmp_path: Path) -> None:
    secret_files.keep(tmp_path, "smtp-password", "geheim")
    assert secret_files.kept(tmp_path, "smtp-password") == "geheim"
    assert b"geheim" not in (tmp_path / "smtp-password.secret").read_bytes()
    for name in ("smtp-password.secret", secret_files.KEY):
        assert (tmp_path / name).stat().st_mode & 0o077 == 0
    secret_files.keep(tmp_path, "smtp-password", "other")
    assert secret_files.kept(tmp_path, "smtp-password") == "other"


def test_a_secret_of_another_key_is_told(tmp_path: Path) -> None:
    secret_files.keep(tmp_path, "smtp-password", "geheim")
    (tmp_path / secret_files.KEY).unlink()
    with pytest.raises(ConfigError, match="Put that key back"):
        secret_files.kept(tmp_path, "smtp-password")
