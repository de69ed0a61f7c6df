"""The strip of facts under the answer, and what is told about the next try."""

from __future__ import annotations

from tracer.causes.facets import next_queue_id
from tracer.explain import Explanation
from tracer.model import SECOND_US, Outcome, Row, Trace
from tracer.retry import Retry, retry
from webui import show
from webui.card import Fact, acts, cause, sure
from webui.i18n import gettext, ngettext
from webui.vocabulary import tls_word

SOON_US = 900 * SECOND_US  # a message that was not tried for so long waits for something
WAITING = frozenset({Outcome.DEFERRED, Outcome.PENDING})
NO_MORE = frozenset({Outcome.BOUNCED, Outcome.EXPIRED})
ACCEPTED = frozenset({Outcome.RELAYED, Outcome.DELIVERED, Outcome.JUNKED})


def facts(trace: Trace, told: Explanation, tls: str, now_us: int) -> tuple[Fact, ...]:
    """Five facts at most, the ones that matter for this outcome."""
    row = trace.row
    chosen: list[Fact | None] = [acts(told)]
    if row.status is Outcome.PENDING and is_at_provider(trace):
        chosen.append(_time_taken(row))
    elif row.status in WAITING:
        expected = retry(trace)
        chosen += [_next_try(row, expected, now_us), _gives_up(expected)]
    elif row.status in NO_MORE:
        chosen += [_no_more(row), _time_taken(row)]
    elif row.status in ACCEPTED:
        chosen += [_their_id(row), _time_taken(row), _protection(tls)]
    else:
        chosen.append(_time_taken(row))
    chosen += [cause(told), sure(told)]
    return tuple(fact for fact in chosen if fact)[:5]


def is_at_provider(trace: Trace) -> bool:
    """Whether the last word on the message is a provider's, who has its own queue."""
    row = trace.row
    last = (
        leg for leg in trace.legs if (leg.hop.host, leg.hop.queue_id) == (row.host, row.queue_id)
    )
    return any(event.program.startswith("webhook/") for leg in last for event in leg.events)


def _next_try(row: Row, expected: Retry | None, now_us: int) -> Fact | None:
    name = gettext("Next try")
    if row.status is Outcome.PENDING:
        is_old = now_us - row.updated_us > SOON_US
        why = gettext("the log says nothing newer of it") if is_old else gettext("not tried yet")
        return Fact(name, gettext("Not known") if is_old else gettext("Soon"), why)
    if expected is None or expected.next_us is None:
        return None
    at = show.day_and_clock(expected.next_us, now_us)
    if expected.next_us < now_us:
        return Fact(
            name, gettext("Was due %(time)s", time=at), gettext("the log says nothing newer of it")
        )
    if expected.is_observed:
        pace = gettext("an estimate: as between the last two tries")
    else:
        pace = gettext("an estimate: Postfix’s default pace")
    return Fact(name, gettext("About %(time)s", time=at), pace)


def _no_more(row: Row) -> Fact:
    given_up = row.status is Outcome.EXPIRED
    why = gettext("given up") if given_up else gettext("refused for good")
    return Fact(gettext("Next try"), gettext("None"), why)


def _gives_up(expected: Retry | None) -> Fact | None:
    if expected is None or expected.gives_up_us is None:
        return None
    at = show.day_and_clock(expected.gives_up_us, 0)
    return Fact(gettext("Gives up"), at, gettext("after 5 days, unless set otherwise"))


def _their_id(row: Row) -> Fact | None:
    theirs = next_queue_id(row.reply)
    if not theirs:
        return None
    return Fact(gettext("Their queue id"), theirs, show.host_name(row.relay), is_code=True)


def _time_taken(row: Row) -> Fact | None:
    if row.delay_s is None or row.status is Outcome.REJECTED:
        return None
    return Fact(gettext("Time taken"), show.duration(_taken_s(row)), tries_words(row.attempts))


def _taken_s(row: Row) -> float:
    """From the first host of ours to the last word; a log says of one leg only how long it took."""
    own_s = row.delay_s or 0.0
    whole_s = (row.updated_us - row.received_us) / SECOND_US
    return max(whole_s, own_s) if len(row.queue_ids) > 1 else own_s


def tries_words(attempts: int) -> str:
    """Like "5 tries"; "" when none is known."""
    if attempts == 1:
        return gettext("at the first try")
    return ngettext("%(num)s try", "%(num)s tries", attempts) if attempts else ""


def _protection(tls: str) -> Fact | None:
    return Fact(gettext("Protection"), tls_word(tls)) if tls else None
