"""The card of one delivery: what happened, who acts, what to do, what to say, and the evidence.

A plain value for `templates/card.html`, so that every page which explains a delivery (a
message, a bounce that came in, pasted text) shows it alike.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from flask_babel import LazyString, lazy_gettext, lazy_pgettext

from tracer.explain import Explanation, Told, explanation, is_stray
from tracer.model import Outcome
from webui.i18n import gettext, language

LANGUAGES: dict[str, LazyString] = {"en": lazy_gettext("English"), "ru": lazy_gettext("Russian")}
TO_WHOEVER_ASKS = frozenset({Outcome.DELIVERED, Outcome.JUNKED})
NOTHING_TO_TELL = frozenset({Outcome.DELIVERED, Outcome.EXPANDED, Outcome.PENDING})
"""Outcomes that ask nothing of the administrator of the other side."""
_DONE = frozenset(
    {
        Outcome.DELIVERED, Outcome.RELAYED, Outcome.EXPANDED, Outcome.REMOVED, Outcome.UNKNOWN,
        Outcome.PENDING,
    }
)  # fmt: skip
_URGENCIES: dict[str, LazyString] = {
    "now": lazy_pgettext("urgency", "now"),
    "today": lazy_pgettext("urgency", "today"),
}
STAGES: dict[str, LazyString] = {
    "CONNECT": lazy_gettext("at the connection"),
    "EHLO": lazy_gettext("at HELO"),
    "HELO": lazy_gettext("at HELO"),
    "STARTTLS": lazy_gettext("at STARTTLS"),
    "AUTH": lazy_gettext("at the login"),
    "MAIL": lazy_gettext("at MAIL FROM (the sender’s address)"),
    "RCPT": lazy_gettext("at RCPT TO (the recipient’s address)"),
    "DATA": lazy_gettext("at DATA (before the message itself)"),
    "END-OF-MESSAGE": lazy_gettext("at the end of DATA (after the whole message)"),
}


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact of the strip: a name, a value, and small print that may be code."""

    name: str
    value: str
    small: str = ""
    is_code: bool = False
    small_is_code: bool = False


@dataclass(frozen=True, slots=True)
class Words:
    """What to tell whom, ready to be copied, in one language."""

    lang: str
    name: str  # of the language, in the language of the page
    tell_user: str
    tell_their_admin: str
    to_user: str  # who is told: "Tell the writer"


@dataclass(frozen=True, slots=True)
class Card:
    """One card. `reply`: its pieces, True where the words decided. `line` numbers the raw line.

    `words` are in both languages, the reader's first. `teach` is the address of the page
    that gives the reply a cause; "" where it has one.
    """

    outcome: Outcome
    told: Explanation
    facts: tuple[Fact, ...]
    reply: tuple[tuple[str, bool], ...]
    words: tuple[Words, ...]
    said_by: str = ""
    line: int | None = None
    teach: str = ""
    similar: tuple[str, ...] = field(default=())

    @property
    def is_done(self) -> bool:
        """Whether nothing has to be mended."""
        return self.outcome in _DONE and not self.told.cause


def card_of(
    told: Told,
    *,
    facts: tuple[Fact, ...] | None = None,
    said_by: str = "",
    line: int | None = None,
    teach: str = "",
    similar: tuple[str, ...] = (),
) -> Card:
    """The card of what is known of a delivery, in the reader's language.

    `facts`: who acts, the cause and how sure we are, unless the page knows better ones.
    """
    own = language()
    cards = {lang: explanation(told, lang) for lang in (own, *(set(LANGUAGES) - {own}))}
    mine = cards[own]
    return Card(
        told.outcome,
        mine,
        facts
        if facts is not None
        else tuple(f for f in (acts(mine), cause(mine), sure(mine)) if f),
        pieces(told.reply, mine.marks),
        tuple(_words(told, lang, card) for lang, card in cards.items()),
        said_by,
        line,
        teach,
        similar,
    )


def _words(told: Told, lang: str, card: Explanation) -> Words:
    to_asker = card.at_our_door or told.outcome in TO_WHOEVER_ASKS or is_stray(told)
    to_user = gettext("Tell the person who asks") if to_asker else gettext("Tell the writer")
    name = str(LANGUAGES[lang])
    to_admin = "" if told.outcome in NOTHING_TO_TELL else card.tell_their_admin
    return Words(lang, name, card.tell_user, to_admin, to_user)


def pieces(reply: str, marks: tuple[tuple[int, int], ...]) -> tuple[tuple[str, bool], ...]:
    """The reply cut at the spans of the words that decided."""
    told, at = [], 0
    for start, end in marks:
        if start >= at:
            told += [(reply[at:start], False), (reply[start:end], True)]
            at = end
    told.append((reply[at:], False))
    return tuple((words, marked) for words, marked in told if words)


def acts(told: Explanation) -> Fact:
    """Who acts, and when."""
    said_already = told.at_our_door or told.side in ("us", "nobody")
    urgency = "" if said_already else str(_URGENCIES.get(told.urgency, ""))
    return Fact(gettext("Who acts"), told.acts, urgency)


def cause(told: Explanation) -> Fact | None:
    """The cause by name and id."""
    if not told.cause:
        return None
    return Fact(gettext("Cause"), told.title, told.cause, small_is_code=True)


def sure(told: Explanation) -> Fact:
    """How sure we are, and why."""
    return Fact(gettext("How sure"), told.confidence_word, told.why)


def stage_words(command: str) -> str:
    """At which step of the conversation something was said; "" where that is not known."""
    return str(STAGES.get(command, command and gettext("at %(command)s", command=command)))
