"""Words that stand for outcomes and directions, in English and Russian."""

from __future__ import annotations

from difflib import get_close_matches

from tracer.model import FAILED, Outcome

_FAILED = tuple(outcome for outcome in Outcome if outcome in FAILED)
_RUSSIAN = {
    Outcome.PENDING: ("в очереди", "ожидает", "ждет"),
    Outcome.DEFERRED: ("отложено",),
    Outcome.DELIVERED: ("доставлено",),
    Outcome.RELAYED: ("передано",),
    Outcome.JUNKED: ("спам", "в спаме", "нежелательное"),
    Outcome.QUARANTINED: ("карантин", "в карантине", "задержано"),
    Outcome.DISCARDED: ("отброшено", "сброшено"),
    Outcome.EXPANDED: ("раскрыто", "развернуто", "разослано"),
    Outcome.BOUNCED: ("возвращено", "возврат"),
    Outcome.EXPIRED: ("просрочено", "истекло", "срок истек"),
    Outcome.REJECTED: ("отклонено", "отвергнуто"),
    Outcome.SUPPRESSED: ("подавлено", "в стоп-листе"),
    Outcome.REMOVED: ("удалено",),
    Outcome.UNKNOWN: ("неизвестно",),
}
_MEANT = {
    "sent": "delivered,relayed", "ok": "delivered,relayed", "success": "delivered,relayed",
    "queued": "pending,deferred", "active": "pending", "held": "quarantined", "hold": "quarantined",
    "spam": "junked", "error": "failed", "undelivered": "failed", "blocked": "rejected",
    "dropped": "discarded", "deleted": "removed", "forwarded": "expanded", "timeout": "expired",
}  # fmt: skip
_DIRECTIONS = {
    "in": "inbound", "inbound": "inbound", "incoming": "inbound", "входящие": "inbound",
    "out": "outbound", "outbound": "outbound", "outgoing": "outbound", "исходящие": "outbound",
    "relayed": "relayed", "relay": "relayed", "through": "relayed", "транзит": "relayed",
    "internal": "internal", "local": "internal", "внутренние": "internal",
}  # fmt: skip


def _stem(word: str) -> str:
    """Отложено, отложена and отложены are one word here, and so are ё and е."""
    return word.lower().replace("ё", "е").rstrip("оаы")


_OUTCOMES: dict[str, tuple[Outcome, ...]] = {
    **{outcome.value: (outcome,) for outcome in Outcome},
    **{_stem(word): (outcome,) for outcome, words in _RUSSIAN.items() for word in words},
    "failed": _FAILED,
    **dict.fromkeys(map(_stem, ("не доставлено", "недоставлено", "ошибка", "неудача")), _FAILED),
}


def outcomes(word: str) -> tuple[Outcome, ...]:
    """The outcomes that a word names: one, or four for `failed`; empty if it names none."""
    return _OUTCOMES.get(word.lower()) or _OUTCOMES.get(_stem(word), ())


def nearest_outcome(word: str) -> str:
    """A word or a list of words for `status:` that was likely meant."""
    lowered = word.lower()
    if lowered in _MEANT:
        return _MEANT[lowered]
    known = [*(outcome.value for outcome in Outcome), "failed"]
    close = get_close_matches(lowered, known, n=1, cutoff=0.5)
    return close[0] if close else "failed"


def direction(word: str) -> str:
    """`inbound`, `outbound`, `relayed` or `internal`; `""` for another word."""
    return _DIRECTIONS.get(word.lower(), "")
