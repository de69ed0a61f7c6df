"""The card of a notice that tells of no failure: complaint, automatic reply, receipt, mail.

Bounces and delays are explained by their replies (`tracer.explain`), one recipient each.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from tracer.causes import Cause, words
from tracer.causes.catalog import read_causes
from tracer.explain import Explanation, Told
from tracer.notices.model import NoticeKind

_WHY = {"en": "the message says so itself", "ru": "об этом говорит само письмо"}


@cache
def _texts() -> Mapping[str, Cause]:
    """The cards by kind; read once. Raises ConfigError naming the file and the key."""
    return MappingProxyType(read_causes(Path(__file__).parent / "cards"))


def has_card(kind: NoticeKind) -> bool:
    """Whether a kind is explained here, and not by its replies."""
    return kind.value in _texts()


def card(kind: NoticeKind, told: Told, lang: str) -> Explanation:
    """What to think of a message of this kind, in "en" or "ru"; `cause` is "".

    `kind` is one that `has_card`.
    """
    lang = words.known(lang)
    held = _texts()[kind.value]
    text = held.text(lang)
    found = {"recipient": told.recipient, "sender": told.sender, "subject": told.subject}
    values = words.names(lang, found, words.Manner.FOR_GOOD)
    particulars = (told.host, "", "", told.sender, told.recipient,
                   f"<{told.message_id}>" if told.message_id else "",
                   told.subject, "", "")  # fmt: skip
    asked = words.fill(text.tell_their_admin, values)
    return Explanation(
        cause="",
        title=text.title,
        headline=words.fill(text.headline, values),
        side=held.side,
        acts=words.acts(lang, held.side, held.urgency, retried=False),
        urgency=held.urgency,
        severity=held.severity,
        confidence="high",
        confidence_word=words.confidence_word(lang, "high"),
        why=_WHY[lang],
        marks=(),
        steps=tuple(
            (words.fill(step.verb, values), words.fill(step.rest, values)) for step in text.steps
        ),
        tell_user=words.fill(text.tell_user, values),
        tell_their_admin=f"{asked}\n\n{words.block(lang, particulars)}".strip(),
        reference=tuple((source.text, source.url) for source in held.reference),
        facets={},
    )
