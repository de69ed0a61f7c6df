"""The card's types: what is known of a delivery, and what people read about it."""

from __future__ import annotations

import msgspec

from tracer.model import Outcome


class Told(msgspec.Struct, frozen=True):
    """What is known of one delivery; `last_us` is the time of the reply.

    `queue_s`: seconds that it waited in our queue before the first attempt to deliver it
    (Postfix's delays a + b), or so far when there was none yet; None: not known.
    `by_our_host`: who refused it is another host of ours, by its own log. `was_delivered`: it
    was reported as delivered before it was returned. `is_complaint`: all that is known of it is
    that the recipient called it spam.
    """

    outcome: Outcome
    reply: str = ""
    status: str = ""
    command: str = ""
    relay: str = ""
    program: str = ""
    sender: str = ""
    recipient: str = ""
    original_recipient: str = ""
    subject: str = ""
    message_id: str = ""
    host: str = ""
    queue_id: str = ""
    size: int | None = None
    attempts: int = 0
    first_us: int = 0
    last_us: int = 0
    delay_s: float | None = None
    client: str = ""
    queue_s: float | None = None
    by_our_host: bool = False
    was_delivered: bool = False
    is_complaint: bool = False


class Likely(msgspec.Struct, frozen=True):
    """A cause that may be it when none was named: its id, its name, what points to it."""

    cause: str
    title: str
    why: str


class Explanation(msgspec.Struct, frozen=True):
    """The card: what happened, who acts, how sure we are, what to do, what to say.

    `cause` is "" for outcomes that need none. `side`: sender us recipient their_admin
    nobody. `severity`: hard soft none. `confidence`: high medium low none.
    `at_our_door`: our own side refused it, so the user addressed may be its recipient.
    `marks`: spans of the deciding words in the reply, in order.
    `steps`: (verb phrase, the rest of the sentence). `reference`: (text, address).
    `likeliest`: for an `unknown` reply the two likeliest causes, the likelier first.
    """

    cause: str
    title: str
    headline: str
    side: str
    acts: str
    urgency: str
    severity: str
    confidence: str
    confidence_word: str
    why: str
    marks: tuple[tuple[int, int], ...]
    steps: tuple[tuple[str, str], ...]
    tell_user: str
    tell_their_admin: str
    reference: tuple[tuple[str, str], ...]
    facets: dict[str, str]
    at_our_door: bool = False
    likeliest: tuple[Likely, ...] = ()
