"""Telling those whom the settings name that a job is done or has failed."""

from __future__ import annotations

import logging
import ssl

from tracer.errors import TracerError
from tracer.jobs.desk import Desk
from tracer.jobs.kinds import JOBS
from tracer.notify import mail, webhook
from tracer.notify.notice import Notice, NotTold, tokens
from tracer.notify.words import filled
from tracer.store import jobs
from tracer.store.jobs import Job, State

log = logging.getLogger(__name__)

_TOLD = (State.DONE, State.FAILED)


def is_wanted(desk: Desk) -> bool:
    """Whether anybody is to be told."""
    exports = desk.config.exports
    return bool(exports.webhook_url or (exports.mail_to and desk.config.smtp.host))


def tell(desk: Desk, id: str, trust: ssl.SSLContext | None = None) -> None:
    """Send what the settings ask for and has not been sent; raises NotTold to be tried again.

    What became of it stands in the job: "mail webhook" for what arrived, or why not.
    """
    job = desk.find(id)
    notice = _notice(desk, job)
    if notice is None:
        return
    arrived, faults = set(job.told.partition("!")[0].split()), []
    for way in _ways(desk):
        if way not in arrived:
            try:
                _send(desk, way, notice, trust)
                arrived.add(way)
            except TracerError as error:
                log.warning("export %s: the notice was not delivered: %s", id, error)
                faults.append(str(error))
    told = " ".join(sorted(arrived)) + (f"!{' '.join(faults)}" if faults else "")
    with desk.engine.begin() as conn:
        jobs.note_told(conn, id, told)
    if faults:
        raise NotTold(" ".join(faults))


def send_test(desk: Desk, to: str, lang: str, trust: ssl.SSLContext | None = None) -> None:
    """Send a test message; raises NotTold."""
    subject, text = filled(lang, "test", {})
    mail.send(desk.config, mail.addresses(to), subject, text, desk.now_us(), trust)


def _notice(desk: Desk, job: Job) -> Notice | None:
    if job.state not in _TOLD:
        return None
    url = desk.config.web.public_url.rstrip("/")
    return JOBS[job.kind].notice(job, f"{url}/exports/{job.id}" if url else "")


def _ways(desk: Desk) -> list[str]:
    exports = desk.config.exports
    ways = ["mail"] if exports.mail_to and desk.config.smtp.host else []
    return [*ways, "webhook"] if exports.webhook_url else ways


def _send(desk: Desk, way: str, notice: Notice, trust: ssl.SSLContext | None) -> None:
    if way == "webhook":
        webhook.post(desk.config.exports, notice, desk.now_us())
        return
    subject, text = filled(desk.config.web.language, notice.state, tokens(notice))
    to = mail.addresses(desk.config.exports.mail_to)
    mail.send(desk.config, to, subject, text, desk.now_us(), trust)
