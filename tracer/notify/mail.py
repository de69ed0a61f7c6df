"""Sending our own e-mail through the server that the settings name."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Sequence
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from pathlib import Path

from tracer import secret_files
from tracer.config import Config
from tracer.config_exports import SmtpSettings
from tracer.errors import Phrase
from tracer.model import when
from tracer.notify.notice import NotTold

PASSWORD = "smtp-password"
TIMEOUT_S = 20.0


def addresses(text: str) -> tuple[str, ...]:
    """The addresses of a setting that holds several."""
    return tuple(one.strip() for one in text.split(",") if one.strip())


def send(
    config: Config, to: Sequence[str], subject: str, text: str, now_us: int,
    context: ssl.SSLContext | None = None,
) -> None:  # fmt: skip
    """Send one message; `context` stands in for the system's trust. Raises NotTold."""
    smtp = config.smtp
    if not smtp.host:
        raise NotTold(
            Phrase("no mail server is set: give smtp.host and smtp.sender in the settings")
        )
    message = _message(smtp, to, subject, text, now_us)
    try:
        _deliver(smtp, password_of(config.home, smtp), message, context)
    except smtplib.SMTPAuthenticationError as error:
        raise NotTold(
            Phrase(
                "%(host)s did not accept the login %(user)s: %(said)s Check smtp.user, and store "
                "the password again: mailtracer config smtp-password",
                host=smtp.host,
                user=smtp.user,
                said=_said(error),
            )
        ) from error
    except smtplib.SMTPNotSupportedError as error:
        raise NotTold(_unsupported(smtp, error)) from error
    except smtplib.SMTPRecipientsRefused as error:
        said = "; ".join(f"{who}: {_reply(*told)}" for who, told in error.recipients.items())
        raise NotTold(
            Phrase("%(host)s refused the recipient. %(said)s", host=smtp.host, said=said)
        ) from error
    except smtplib.SMTPResponseException as error:
        raise NotTold(
            Phrase("%(host)s answered: %(said)s", host=smtp.host, said=_said(error))
        ) from error
    except (OSError, smtplib.SMTPException) as error:
        raise NotTold(_unreachable(smtp, error)) from error


def password_of(home: Path, smtp: SmtpSettings) -> str:
    """The password of the settings, else the one kept in the home."""
    return smtp.password or secret_files.kept(home, PASSWORD)


def _message(
    smtp: SmtpSettings, to: Sequence[str], subject: str, text: str, now_us: int
) -> EmailMessage:
    message = EmailMessage()
    message["From"] = smtp.sender
    message["To"] = ", ".join(to)
    message["Subject"] = subject
    message["Date"] = format_datetime(when(now_us))
    message["Message-ID"] = make_msgid(domain=smtp.sender.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office replies
    message.set_content(text)
    return message


def _deliver(
    smtp: SmtpSettings, password: str, message: EmailMessage, context: ssl.SSLContext | None
) -> None:
    trust = context or ssl.create_default_context()
    if smtp.security == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            smtp.host, smtp.port, timeout=TIMEOUT_S, context=trust
        )
    else:
        server = smtplib.SMTP(smtp.host, smtp.port, timeout=TIMEOUT_S)
    with server:
        if smtp.security == "starttls":
            server.starttls(context=trust)
        if smtp.user:
            server.login(smtp.user, password)
        server.send_message(message)


def _said(error: smtplib.SMTPResponseException) -> str:
    return _reply(error.smtp_code, error.smtp_error)


def _reply(code: int, text: bytes | str) -> str:
    told = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return f"{code} {' '.join(told.split())}."


def _unsupported(smtp: SmtpSettings, error: Exception) -> Phrase:
    where = {"host": smtp.host, "port": str(smtp.port)}
    if smtp.security == "starttls":
        return Phrase(
            "%(host)s port %(port)s does not offer STARTTLS. Set smtp.security to tls (port 465), "
            "or to none if the server is this machine.",
            **where,
        )
    return Phrase("%(host)s port %(port)s cannot do what is asked: %(why)s", **where, why=error)


def _unreachable(smtp: SmtpSettings, error: Exception) -> Phrase:
    where = {"host": smtp.host, "port": str(smtp.port)}
    if isinstance(error, ssl.SSLCertVerificationError):
        return Phrase(
            "the certificate of %(host)s port %(port)s is not trusted: %(why)s.",
            **where, why=error.verify_message,
        )  # fmt: skip
    if isinstance(error, ssl.SSLError):
        return Phrase(
            "%(host)s port %(port)s does not speak TLS at once; set smtp.security to starttls.",
            **where,
        )
    return Phrase(
        "%(host)s port %(port)s cannot be reached: %(why)s. Check smtp.host, smtp.port and the "
        "firewall.",
        **where, why=getattr(error, "strerror", None) or error,
    )  # fmt: skip
