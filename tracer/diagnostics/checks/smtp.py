"""What the recipient's mail hosts say when we call: whether they answer, and, where that was
asked for, whether they take the recipient.

Sources: RFC 5321 (3.1, 4.2, 4.5.4.2), RFC 3463 and RFC 6647 (greylisting). A host that puts
us off has said nothing about itself or the mailbox; the reply is shown as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tracer.diagnostics.about import About, Params
from tracer.diagnostics.check import Check
from tracer.diagnostics.model import Finding, Fix, Side, Target
from tracer.diagnostics.smtp import Conversation, Reply, Trouble
from tracer.diagnostics.smtp_hosts import conversations, inbound_domain, inbound_side
from tracer.diagnostics.world import World

CODES = (
    "smtp.answers", "smtp.off", "smtp.no_hosts", "smtp.not_public", "smtp.no_route",
    "smtp.port_25_blocked", "smtp.silent", "smtp.refused", "smtp.slow", "smtp.hung_up",
    "smtp.not_smtp", "smtp.put_off", "smtp.turned_away", "smtp.recipient_accepted",
    "smtp.recipient_unknown", "smtp.recipient_full", "smtp.recipient_refused",
    "smtp.recipient_put_off", "smtp.sender_refused", "smtp.catch_all", "smtp.recipient_not_asked",
)  # fmt: skip

_UNTRIED = frozenset({Trouble.OFF, Trouble.NOT_PUBLIC, Trouble.NO_ROUTE})
_WHAT = {
    Trouble.REFUSED: "refused",
    Trouble.CLOSED: "hung_up",
    Trouble.NOT_SMTP: "not_smtp",
}
_STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
_UNKNOWN_USER = frozenset({"5.1.1", "5.1.10", "5.1.6", "5.1.3", "5.1.0", "5.2.1"})
_FULL = frozenset({"4.2.2", "5.2.2"})


def run(target: Target, world: World) -> Iterator[Finding]:
    """One finding for what works; one per host that does not; one about the recipient."""
    about = About("smtp", inbound_side(target), inbound_domain(target))
    if world.smtp is None:
        yield about.of(about.subject, Side.US).na("off")
        return
    talks = conversations(target, world)
    if not talks:
        yield about.na("no_hosts")
        return
    yield from _reached(about, talks)
    if target.probe_recipient or target.probe_catch_all:
        yield _recipient(about.of(target.recipient), talks)


def _reached(about: About, talks: Sequence[Conversation]) -> Iterator[Finding]:
    tried = [talk for talk in talks if talk.trouble not in _UNTRIED]
    evidence = [talk.evidence for talk in talks]
    if not tried:
        yield _untried(about, talks)
        return
    if all(talk.trouble is Trouble.TIMEOUT and talk.at == "CONNECT" for talk in tried):
        # Firewalls drop what they block, so one that shuts us in looks like hosts that are down.
        here = about.of(about.subject, Side.US)
        yield here.unknown("port_25_blocked", *evidence, count=len(tried))
        return
    faults = [fault for talk in tried if (fault := _fault(about, talk, tried))]
    yield from faults
    good = [talk for talk in tried if talk.answered]
    if good:
        yield about.passed(
            "answers",
            *(talk.evidence for talk in good),
            hosts=", ".join(dict.fromkeys(talk.host for talk in good)),
            count=len(good),
            banner=good[0].banner.text if good[0].banner else "",
            size=_size(good),
        )


def _untried(about: About, talks: Sequence[Conversation]) -> Finding:
    evidence = [talk.evidence for talk in talks]
    troubles = {talk.trouble for talk in talks}
    if Trouble.OFF in troubles:
        return about.of(about.subject, Side.US).na("off")
    addresses = ", ".join(talk.address for talk in talks)
    if Trouble.NO_ROUTE in troubles:
        here = about.of(about.subject, Side.US)
        return here.unknown("no_route", *evidence, addresses=addresses)
    return about.na("not_public", *evidence, addresses=addresses)


def _fault(about: About, talk: Conversation, tried: Sequence[Conversation]) -> Finding | None:
    """Why a host did not tell what it can do; None where it did."""
    about = about.of(talk.host)
    params: Params = {
        "host": talk.host,
        "address": talk.address,
        "step": talk.at,
        "note": talk.note,
    }
    if talk.answered and not talk.trouble:
        return None
    if (reply := talk.turned_away) is not None:
        here = about.of(talk.host, Side.US)
        if not reply.is_permanent:
            return here.unknown("put_off", talk.evidence, reply=reply.text, **params)
        fix = Fix(reference="RFC 5321, 3.1")
        return here.warning("turned_away", talk.evidence, fix=fix, reply=reply.text, **params)
    if talk.trouble is Trouble.TIMEOUT:
        what = "silent" if talk.at == "CONNECT" else "slow"
        return about.unknown(what, talk.evidence, **params)
    what = _WHAT.get(talk.trouble, "hung_up")
    if what == "hung_up" or talk.answered:
        return about.unknown("hung_up", talk.evidence, **params)
    # Mail goes on to the next host; where none is left, the mail waits.
    is_last = not any(other.answered for other in tried)
    return (about.fail if is_last else about.warning)(
        what, talk.evidence, fix=Fix(reference="RFC 5321, 4.5.4.2"), **params
    )


def _size(good: Sequence[Conversation]) -> str:
    """The smallest size that a host names (RFC 1870), in MB; a dash where none does."""
    named = [int(size) for talk in good if (size := talk.extensions.get("SIZE", "")).isdigit()]
    limits = [octets for octets in named if octets]
    return f"{min(limits) / 1_000_000:.0f}" if limits else "—"


def _recipient(about: About, talks: Sequence[Conversation]) -> Finding:
    """What the best host that could be asked says; a clear word before one that is none."""
    asked = [talk for talk in talks if talk.recipient is not None or _refuses_sender(talk)]
    evidence = [talk.evidence for talk in asked or talks[:1]]
    if not asked:
        return about.unknown("recipient_not_asked", *evidence, host=talks[0].host)
    talk = min(asked, key=_vagueness)
    reply = talk.recipient
    if reply is None:
        assert talk.mail is not None
        params: Params = {"host": talk.host, "reply": talk.mail.text}
        if not talk.mail.is_permanent:
            return about.unknown("recipient_put_off", *evidence, **params)
        return about.of(about.subject, Side.SENDER).fail("sender_refused", *evidence, **params)
    return _answered(about, talk, reply)


def _answered(about: About, talk: Conversation, reply: Reply) -> Finding:
    params: Params = {"host": talk.host, "reply": reply.text}
    status = match[1] if (match := _STATUS.search(reply.text)) else ""
    fix = Fix(reference="RFC 3463")
    if reply.is_positive:
        if talk.stranger is not None and talk.stranger.is_positive:
            nobody = about.of(about.subject, Side.NOBODY)
            return nobody.unknown("catch_all", talk.evidence, **params)
        return about.passed("recipient_accepted", talk.evidence, **params)
    if status in _FULL or reply.code == 552:
        return about.warning("recipient_full", talk.evidence, fix=fix, **params)
    if not reply.is_permanent:
        return about.unknown("recipient_put_off", talk.evidence, **params)
    if status in _UNKNOWN_USER or (not status and reply.code in (550, 551, 553)):
        return about.fail("recipient_unknown", talk.evidence, fix=fix, **params)
    return about.fail("recipient_refused", talk.evidence, fix=fix, **params)


def _refuses_sender(talk: Conversation) -> bool:
    return talk.mail is not None and not talk.mail.is_positive


def _vagueness(talk: Conversation) -> int:
    reply = talk.recipient or talk.mail
    return 0 if reply is not None and (reply.is_positive or reply.is_permanent) else 1


CHECK = Check(name="smtp", run=run, concerns=lambda target: bool(inbound_domain(target)))
