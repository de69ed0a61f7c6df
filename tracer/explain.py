"""Explaining: the cause of a failed delivery, and what people should read about it.

`classify` names the cause and is called for every failure while ingesting;
`explanation` writes the card. Both are pure: no clock, no settings, no store.
"""

from __future__ import annotations

from collections.abc import Mapping

from tracer.causes import (
    UNKNOWN,
    Cause,
    Severity,
    Side,
    Stage,
    Text,
    Urgency,
    Verdict,
    catalog,
    ending,
    is_loopback,
    is_our_store,
    outcome_cards,
)
from tracer.causes import words as say
from tracer.causes.card import Explanation, Likely, Told
from tracer.causes.facets import facets, next_queue_id
from tracer.causes.judging import (
    BY_US,
    KEPT_BACK,
    OTHERWISE,
    TOLD_BY_OUTCOME,
    heard_of,
    judge,
    judge_by,
)
from tracer.causes.marks import marks
from tracer.causes.named import mailbox, server
from tracer.causes.suspects import suspects
from tracer.model import BACKSCATTER, SECOND_US, Outcome, when
from tracer.providers import provider_of

__all__ = [
    "Explanation",
    "Likely",
    "Told",
    "at_our_door",
    "classify",
    "explain_by",
    "explanation",
    "is_stray",
    "label",
    "title",
]

_NO_SENDER = "<>"  # of a notice: RFC 5321, 4.5.5
_RETRIED = frozenset({Outcome.DEFERRED, Outcome.PENDING})
_CONGESTED = "queue_congested"
_STRAY = "stray"
_HANDED_OVER = "handed_over"
_COMPLAINT = "complaint"
_UNTRIED = "untried"
_UNCONFIRMED = frozenset({Outcome.RELAYED, Outcome.PENDING})
_SLOW_S = 300  # a message that waits longer before its first attempt waits for our queue
# What our own filter or store says is its verdict, unless it is trouble on the way, or already
# told as ours.
_NO_VERDICT = frozenset(
    {
        "connection_lost", "dns_failure", "domain_no_mail", "domain_not_found", "host_unreachable",
        "local_config_error", "local_policy", "mail_loop", "queue_congested", "remote_system_error",
        "retry_timeout", "tls_failure",
    }
)  # fmt: skip


def classify(
    outcome: Outcome, reply: str, status: str = "", command: str = "", program: str = ""
) -> str:
    """The cause of a delivery's outcome: an id of the catalogue.

    "" where none is needed (delivered, relayed, expanded, pending, removed, and an
    unknown outcome without a reply); "unknown" when the reply tells nothing.
    `status` as logged (RFC 3463), `command` and `program` as in `model.Event`.
    """
    return judge(outcome, reply, status, command, program).cause


def explain_by(causes: Mapping[str, Cause]) -> None:
    """Judge and explain by these causes from now on: our own and a site's (`site_rules`)."""
    judge_by(causes)


def explanation(told: Told, lang: str) -> Explanation:
    """The card of one delivery in "en" or "ru"; every outcome has one."""
    lang = say.known(lang)
    verdict = _by_facts(told)
    card = _card_of(told, verdict)
    variant = verdict.variant or (told.outcome.value if verdict.cause == "local_policy" else "")
    found = facets(verdict.cause, told.reply, variant, told.command) if verdict.cause else {}
    return _card(told, lang, verdict, card, found)


def is_stray(told: Told) -> bool:
    """Whether this is a notice about mail that is not ours (`tracer.foreign`)."""
    return told.outcome is Outcome.UNKNOWN and told.reply == BACKSCATTER


def _card_of(told: Told, verdict: Verdict) -> Cause:
    if is_stray(told):
        return outcome_cards()[_STRAY]
    if verdict.cause == "" and _unconfirmed_by(told):
        return outcome_cards()[_HANDED_OVER]
    if told.outcome is Outcome.UNKNOWN and told.is_complaint:
        return outcome_cards()[_COMPLAINT]
    if _is_untried(told):
        return outcome_cards()[_UNTRIED]
    return _written(told.outcome, verdict.cause)


def _unconfirmed_by(told: Told) -> str:
    """The provider that has the message and has not told yet what became of it; "" for none."""
    return provider_of(told.relay, told.program) if told.outcome in _UNCONFIRMED else ""


def _is_untried(told: Told) -> bool:
    """Whether a message has been in our queue for long and nothing is known of an attempt."""
    waits = told.outcome is Outcome.PENDING and not told.attempts and not _unconfirmed_by(told)
    return waits and (told.queue_s or 0) >= _SLOW_S


def _by_facts(told: Told) -> Verdict:
    """The verdict on the reply; a wait for our own queue explains what no reply does."""
    verdict = judge(told.outcome, told.reply, told.status, told.command, told.program)
    slow = told.outcome in _RETRIED and (told.queue_s or 0) >= _SLOW_S and not _is_untried(told)
    return Verdict(_CONGESTED) if slow and verdict.cause in ("", UNKNOWN) else verdict


def at_our_door(outcome: Outcome, cause: str, reply: str, relay: str = "") -> bool:
    """Whether our own side said no: at the door, or our filter or mailbox store later."""
    if outcome is Outcome.REJECTED:
        return True
    if outcome in KEPT_BACK:
        return True
    ours = is_loopback(reply) or is_our_store(relay)
    return ours and cause != "" and cause not in _NO_VERDICT


def title(outcome: Outcome, cause: str, lang: str, reply: str = "", relay: str = "") -> str:
    """The name of a delivery's cause, as the card has it; of an unknown id the id."""
    if cause not in catalog():
        return cause
    door = at_our_door(outcome, cause, reply, relay)
    return _told_text(_written(outcome, cause), say.known(lang), door=door).title


def label(cause: str, lang: str) -> str:
    """The name of a cause where refusals by us and by others are counted together."""
    known = catalog().get(cause)
    text = known.text(say.known(lang)) if known else None
    return (text.label or text.title) if text else cause


def _told_text(card: Cause, lang: str, *, door: bool) -> Text:
    text = card.text(lang)
    return text.at_our_door if door and text.at_our_door else text


def _written(outcome: Outcome, cause: str) -> Cause:
    """The card whose texts fit: what was done says more than "our rule" or "spam"."""
    said_by_outcome = outcome in TOLD_BY_OUTCOME and cause in ("local_policy", "spam_content")
    if not cause or said_by_outcome or outcome is Outcome.SUPPRESSED:
        return outcome_cards()[outcome]
    return catalog()[cause]


def _card(
    told: Told, lang: str, verdict: Verdict, card: Cause, found: dict[str, str]
) -> Explanation:
    door = told.by_our_host or at_our_door(told.outcome, verdict.cause, told.reply, told.relay)
    severity = _severity(told, card)
    side = _side(told, card, door=door)
    text = _told_text(card, lang, door=door)
    stage = Stage.WAITING if severity is Severity.SOFT else Stage.OVER
    values = say.names(lang, _known(told, lang, found), _manner(told.outcome, severity))
    urgency = Urgency.NONE if side is Side.NOBODY else card.urgency
    confidence = _confidence(told, verdict)
    return Explanation(
        cause=verdict.cause,
        title=text.title,
        headline=_headline(told, lang, text, values, stage),
        side=side,
        acts=say.acts(
            lang, side, urgency, retried=told.outcome in _RETRIED and not _unconfirmed_by(told)
        ),
        urgency=urgency,
        severity=severity,
        confidence=confidence,
        confidence_word=say.confidence_word(lang, confidence),
        why=_why(lang, verdict, told),
        marks=marks(told.reply, verdict.words) or _mark_id(told),
        steps=_steps(told, lang, text, values, stage),
        tell_user=_tell_user(told, lang, text, values, stage),
        tell_their_admin=_for_their_admin(told, lang, text, values, found, door=door),
        reference=tuple((source.text, source.url) for source in card.reference),
        facets=found,
        at_our_door=door,
        likeliest=_likeliest(told, lang) if verdict.cause == UNKNOWN else (),
    )


def _likeliest(told: Told, lang: str) -> tuple[Likely, ...]:
    heard = heard_of(told.outcome, told.reply, told.status, told.command, told.program)
    return tuple(
        Likely(
            suspect.cause,
            label(suspect.cause, lang),
            say.suspicion(lang, suspect.words, suspect.command),
        )
        for suspect in suspects(heard)
    )


def _side(told: Told, card: Cause, *, door: bool) -> Side:
    """Who acts: what mended itself in time is nobody's work, what did not is theirs."""
    side = card.side_at_our_door if door and card.side_at_our_door else card.side
    if side is Side.SENDER and told.sender == _NO_SENDER:
        return Side.NOBODY
    gave_up = told.outcome is Outcome.EXPIRED and side is Side.NOBODY
    return Side.THEIR_ADMIN if gave_up else side


def _manner(outcome: Outcome, severity: Severity) -> say.Manner:
    if outcome is Outcome.EXPIRED:
        return say.Manner.UNTIL_GIVEN_UP
    return say.Manner.FOR_NOW if severity is Severity.SOFT else say.Manner.FOR_GOOD


def _headline(told: Told, lang: str, text: Text, values: dict[str, str], stage: Stage) -> str:
    waits = stage is Stage.WAITING and text.headline_waiting
    headline = say.fill(text.headline_waiting if waits else text.headline, values)
    if told.outcome is Outcome.DEFERRED:
        return ending.waiting(lang, headline)
    if told.outcome is Outcome.EXPIRED:
        return ending.given_up(lang, headline, _waited_s(told))
    if told.was_delivered:
        return ending.returned(lang, headline)
    return headline


def _steps(
    told: Told, lang: str, text: Text, values: dict[str, str], stage: Stage
) -> tuple[tuple[str, str], ...]:
    steps = [
        (say.fill(step.verb, values), say.fill(step.rest, values))
        for step in text.steps
        if step.stage in (Stage.ANY, stage)
    ]
    if told.outcome is Outcome.EXPIRED:
        first = ending.no_more(lang, told.reply, _waited_s(told))
        steps.insert(0, (first.verb, first.rest))
    if told.sender == _NO_SENDER and told.outcome in (Outcome.BOUNCED, Outcome.EXPIRED):
        first = ending.about_another(lang)
        steps.insert(0, (first.verb, first.rest))
    return tuple(steps)


def _tell_user(told: Told, lang: str, text: Text, values: dict[str, str], stage: Stage) -> str:
    if told.sender == _NO_SENDER and told.outcome is not Outcome.REJECTED:
        return ""  # nobody has written it, so nobody asks
    waits = stage is Stage.WAITING and text.tell_user_waiting
    told_text = say.fill(text.tell_user_waiting if waits else text.tell_user, values)
    if told.outcome is Outcome.EXPIRED:
        return ending.stopped(lang, told_text, _waited_s(told))
    return told_text


def _waited_s(told: Told) -> int | None:
    """How long a message was in the queue, in seconds; None if that is not known."""
    if told.delay_s:
        return round(told.delay_s)
    waited_us = told.last_us - told.first_us
    return waited_us // SECOND_US if told.first_us and waited_us > 0 else None


def _confidence(told: Told, verdict: Verdict) -> str:
    if is_stray(told) or _is_untried(told) or verdict == Verdict(_CONGESTED):
        return "medium"
    return "high" if _is_told(told.outcome, verdict) else say.CONFIDENCE[verdict.level]


def _is_told(outcome: Outcome, verdict: Verdict) -> bool:
    """Whether the outcome itself says it: that we stopped a message ourselves is no guess."""
    if verdict.cause == "local_policy":
        return outcome in BY_US
    if verdict.cause == _CONGESTED:
        return False
    return verdict.level is None and verdict.cause != UNKNOWN


def _severity(told: Told, card: Cause) -> Severity:
    """By what was done and by the class of the reply, never by the cause alone (RFC 5321 4.2.1)."""
    if told.outcome is Outcome.DEFERRED or _waits_for_us(told, card):
        return Severity.SOFT
    if told.outcome in (Outcome.BOUNCED, Outcome.EXPIRED, Outcome.SUPPRESSED):
        return Severity.HARD
    if told.outcome not in OTHERWISE:
        return Severity.NONE
    heard = heard_of(told.outcome, told.reply, told.status, told.command, told.program)
    by_class = {"4": Severity.SOFT, "5": Severity.HARD}
    return by_class.get(heard.code[:1] or heard.status[:1], card.severity)


def _waits_for_us(told: Told, card: Cause) -> bool:
    return told.outcome is Outcome.PENDING and card.id in (_CONGESTED, _UNTRIED)


def _known(told: Told, lang: str, found: dict[str, str]) -> dict[str, str]:
    """The names and numbers of this delivery that the texts may use."""
    limit, wait = found.get("limit_octets"), found.get("retry_after_s")
    recipient, domain = mailbox(told.recipient)
    return {
        "recipient": recipient,
        "sender": "" if told.sender == _NO_SENDER else told.sender,
        "domain": domain,
        "sender_domain": told.sender.strip("<>").rpartition("@")[2],
        "server": server(told),
        "client": told.client,
        "subject": told.subject,
        "ip": found.get("ip", ""),
        "list": found.get("list", ""),
        "limit": say.octets(lang, int(limit)) if limit else "",
        "retry": say.duration(lang, int(wait)) if wait else "",
        "next_id": next_queue_id(told.reply),
        "method": found.get("method", "").upper(),
        "new_address": found.get("new_address", ""),
        "provider": _unconfirmed_by(told),
        "rule": found.get("rule", ""),
        "queue_id": told.queue_id,
        "waited": ending.span(lang, round(told.queue_s)) if told.queue_s else "",
    }


def _why(lang: str, verdict: Verdict, told: Told) -> str:
    if verdict == Verdict(_CONGESTED):
        return say.by_wait(lang, round(told.queue_s or 0))
    if is_stray(told):
        return say.by_absence(lang)
    if _is_untried(told):
        return say.by_silence(lang)
    if _is_told(told.outcome, verdict):
        return say.by_outcome(lang)
    spans = marks(told.reply, verdict.words)
    words = tuple(told.reply[start:end] for start, end in spans) or verdict.words
    return say.why(lang, verdict.level, words)


def _mark_id(told: Told) -> tuple[tuple[int, int], ...]:
    """For a message that was handed over, the number it got there decides where to look."""
    given = next_queue_id(told.reply) if told.outcome is Outcome.RELAYED else ""
    at = told.reply.find(given) if given else -1
    return ((at, at + len(given)),) if at >= 0 else ()


def _for_their_admin(
    told: Told,
    lang: str,
    text: Text,
    values: dict[str, str],
    found: dict[str, str],
    *,
    door: bool,
) -> str:
    """A sentence that asks, then the particulars their log can be searched by."""
    ours = f"[{found['ip']}]" if "ip" in found and not door else ""
    host = "" if "/" in told.host else told.host  # a source of reports is no server of ours
    rows = (
        f"{host} {ours}".strip(),
        told.client if told.outcome is Outcome.REJECTED else "",
        f"{when(told.last_us):%Y-%m-%d %H:%M:%S} UTC" if told.last_us else "",
        told.sender,
        told.recipient,
        f"<{told.message_id}>" if told.message_id else "",
        told.subject,
        next_queue_id(told.reply) if told.outcome is Outcome.RELAYED else "",
        "" if is_stray(told) else told.reply,
    )
    return say.fill(text.tell_their_admin, values) + "\n\n" + say.block(lang, rows)
