"""The strip of facts under the answer, and what is told about the next try."""

from __future__ import annotations

from dataclasses import dataclass

from tracer.causes.facets import next_queue_id
from tracer.explain import Explanation
from tracer.model import DAY_US, SECOND_US, Outcome, Row, Trace
from webui import show
from webui.i18n import gettext, ngettext
from webui.vocabulary import tls_word

# Postfix's defaults (postconf(5)): a message that was put off is tried again when it has
# been waiting as long again, within these bounds, and is given up after this time.
MINIMAL_BACKOFF_US = 300 * SECOND_US
MAXIMAL_BACKOFF_US = 4000 * SECOND_US
LIFETIME_US = 5 * DAY_US

WAITING = frozenset({Outcome.DEFERRED, Outcome.PENDING})
NO_MORE = frozenset({Outcome.BOUNCED, Outcome.EXPIRED})
ACCEPTED = frozenset({Outcome.RELAYED, Outcome.DELIVERED, Outcome.JUNKED})


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact of the strip: a name, a value, and small print that may be code."""

    name: str
    value: str
    small: str = ""
    is_code: bool = False
    small_is_code: bool = False


def facts(trace: Trace, told: Explanation, tls: str, now_us: int) -> tuple[Fact, ...]:
    """Five facts at most, the ones that matter for this outcome."""
    row = trace.row
    chosen: list[Fact | None] = [Fact(gettext("Who acts"), told.acts)]
    if row.status in WAITING:
        chosen += [_next_try(row, now_us), _gives_up(row)]
    elif row.status in NO_MORE:
        chosen.append(_no_more(row))
    elif row.status in ACCEPTED:
        chosen.append(_their_id(row))
    chosen.append(_time_taken(row))
    if row.status in ACCEPTED:
        chosen.append(_protection(tls))
    elif told.cause:
        chosen.append(Fact(gettext("Cause"), told.title, told.cause, small_is_code=True))
    chosen.append(Fact(gettext("How sure"), told.confidence_word, told.why))
    return tuple(fact for fact in chosen if fact)[:5]


def _next_try(row: Row, now_us: int) -> Fact:
    name = gettext("Next try")
    if row.status is Outcome.PENDING:
        return Fact(name, gettext("Soon"), gettext("not tried yet"))
    waited_us = row.updated_us - row.received_us
    next_us = row.updated_us + min(max(waited_us, MINIMAL_BACKOFF_US), MAXIMAL_BACKOFF_US)
    at = show.day_and_clock(next_us, now_us)
    if next_us < now_us:
        return Fact(name, gettext("Was due %(time)s", time=at), gettext("no newer line was read"))
    return Fact(name, gettext("About %(time)s", time=at), gettext("by Postfix’s default pace"))


def _no_more(row: Row) -> Fact:
    given_up = row.status is Outcome.EXPIRED
    why = gettext("given up") if given_up else gettext("refused for good")
    return Fact(gettext("Next try"), gettext("None"), why)


def _gives_up(row: Row) -> Fact:
    at = show.day_and_clock(row.received_us + LIFETIME_US, 0)
    return Fact(gettext("Gives up"), at, gettext("after 5 days, unless set otherwise"))


def _their_id(row: Row) -> Fact | None:
    theirs = next_queue_id(row.reply)
    if not theirs:
        return None
    return Fact(gettext("Their queue id"), theirs, show.host_name(row.relay), is_code=True)


def _time_taken(row: Row) -> Fact | None:
    if row.delay_s is None or row.status is Outcome.REJECTED:
        return None
    tries = tries_words(row.attempts)
    return Fact(gettext("Time taken"), show.duration(row.delay_s), tries)


def tries_words(attempts: int) -> str:
    """Like "5 tries"; "" when none is known."""
    if attempts == 1:
        return gettext("at the first try")
    return ngettext("%(num)s try", "%(num)s tries", attempts) if attempts else ""


def _protection(tls: str) -> Fact | None:
    return Fact(gettext("Protection"), tls_word(tls)) if tls else None
