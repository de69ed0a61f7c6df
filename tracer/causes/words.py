"""The words around a cause: who acts, how sure we are, names and numbers put into sentences.

English and Russian. A name that is not known becomes a noun that fits the sentence:
in Russian a genitive after its class word («адрес {recipient}» → «адрес получателя»).
"""

from __future__ import annotations

from collections.abc import Mapping

from tracer.causes.catalog import Level, Side, Urgency

_ACTS = {
    "en": {
        Side.SENDER: "The writer does",
        Side.US: "We do",
        Side.RECIPIENT: "The recipient does",
        Side.THEIR_ADMIN: "Their administrator does",
        Side.NOBODY: "Nobody here",
    },
    "ru": {
        Side.SENDER: "Автор письма",
        Side.US: "Мы",
        Side.RECIPIENT: "Получатель",
        Side.THEIR_ADMIN: "Их администратор",
        Side.NOBODY: "У нас никто",
    },
}
_WHEN = {
    "en": {Urgency.NOW: ", now", Urgency.TODAY: ", today", Urgency.NONE: ""},
    "ru": {Urgency.NOW: ", сейчас", Urgency.TODAY: ", сегодня", Urgency.NONE: ""},
}
_BY_ITSELF = {"en": "Nobody: it is tried again by itself", "ru": "Никто: повторим попытку сами"}

_SURE = {
    "en": {"high": "High", "medium": "Fair", "low": "Low", "none": "None"},
    "ru": {"high": "Высокая", "medium": "Средняя", "low": "Низкая", "none": "Нет"},
}
CONFIDENCE = {
    Level.TOKEN: "high",
    Level.PHRASE: "high",
    Level.HINT: "medium",
    Level.STATUS: "medium",
    Level.GUESS: "low",
    None: "none",
}
_WHY = {
    "en": {
        Level.TOKEN: "provider code {words}",
        Level.PHRASE: "the reply says “{words}”",
        Level.HINT: "the reply hints at it: “{words}”",
        Level.STATUS: "by status {words} alone",
        Level.GUESS: "by the code {words} alone",
        None: "the reply names no reason that we know",
    },
    "ru": {
        Level.TOKEN: "код службы {words}",
        Level.PHRASE: "в ответе сказано «{words}»",
        Level.HINT: "на это намекает ответ: «{words}»",
        Level.STATUS: "только по коду состояния {words}",
        Level.GUESS: "только по коду {words}",
        None: "ответ не называет известной нам причины",
    },
}
_BY_OUTCOME = {"en": "the log says so itself", "ru": "об этом прямо говорит журнал"}
_NOUNS = {
    "en": {
        "recipient": "the recipient",
        "sender": "the sender",
        "domain": "the recipient's domain",
        "sender_domain": "the sender's domain",
        "server": "the receiving server",
        "client": "the sending server",
        "method": "SPF, DKIM or DMARC",
        "new_address": "the new address",
    },
    "ru": {
        "recipient": "получателя",
        "sender": "отправителя",
        "domain": "получателя",
        "sender_domain": "отправителя",
        "server": "получателя",
        "client": "отправителя",
        "method": "SPF, DKIM или DMARC",
        "new_address": "новый адрес",
    },
}
# Pieces of a sentence that are left out whole when there is nothing to say.
_PIECES = {
    "en": {
        "subject": " “{}”",
        "ip": " {}",
        "list": " ({})",
        "limit": " of {}",
        "retry": " in {}",
        "next_id": " as {}",
    },
    "ru": {
        "subject": " «{}»",
        "ip": " {}",
        "list": " ({})",
        "limit": " {}",
        "retry": " через {}",
        "next_id": " под номером {}",
    },
}
_REFUSED = {"en": ("refused", "put off"), "ru": ("не принял", "пока не принял")}
_LABELS = {
    "en": ("Server", "Time", "From", "To", "Message", "Subject", "Your id", "Reply"),
    "ru": ("Сервер", "Время", "От", "Кому", "Письмо", "Тема", "Ваш номер", "Ответ"),
}
_UNITS = {
    "en": (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)),
    "ru": (("дн.", 86400), ("ч", 3600), ("мин", 60), ("с", 1)),
}

PLACEHOLDERS = frozenset({*_NOUNS["en"], *_PIECES["en"], "refused"})


def known(lang: str) -> str:
    """The language to write in: English for one that we do not have."""
    return lang if lang in _ACTS else "en"


def acts(lang: str, side: Side, urgency: Urgency, *, retried: bool) -> str:
    """Who acts, and when: "We do, today"."""
    if side is Side.NOBODY and retried:
        return _BY_ITSELF[lang]
    return _ACTS[lang][side] + (_WHEN[lang][urgency] if side is Side.US else "")


def confidence_word(lang: str, confidence: str) -> str:
    """How sure we are, in a word."""
    return _SURE[lang][confidence]


def why(lang: str, level: Level | None, words: tuple[str, ...]) -> str:
    """What the judgement rests on, with the deciding words quoted."""
    return _WHY[lang][level].format(words=" … ".join(words))


def by_outcome(lang: str) -> str:
    """What the judgement rests on when the outcome itself says it."""
    return _BY_OUTCOME[lang]


def names(lang: str, found: Mapping[str, str], *, soft: bool) -> dict[str, str]:
    """A value for every placeholder of the catalogue; `found` holds what is known of them."""
    values = {key: found.get(key) or noun for key, noun in _NOUNS[lang].items()}
    for key, piece in _PIECES[lang].items():
        values[key] = piece.format(found[key]) if found.get(key) else ""
    values["refused"] = _REFUSED[lang][soft]
    return values


def fill(template: str, values: Mapping[str, str]) -> str:
    """A sentence with its names in place and a capital first, unless a name comes first."""
    filled = template.format_map(values)
    first = filled.partition(" ")[0]
    is_name = "." in first[:-1] or "@" in first
    return filled if is_name else filled[:1].upper() + filled[1:]


def block(lang: str, rows: tuple[str, str, str, str, str, str, str, str]) -> str:
    """The particulars for the other administrator, one a line, unknown ones left out.

    `rows`: server, time, sender, recipient, Message-ID, subject, their id, reply.
    """
    labels = _LABELS[lang]
    width = max(len(label) for label in labels) + 2
    return "\n".join(
        label.ljust(width) + value for label, value in zip(labels, rows, strict=True) if value
    )


def duration(lang: str, seconds: int) -> str:
    """A time span in its largest whole unit: 300 -> "5 min"."""
    for unit, length in _UNITS[lang]:
        if seconds >= length and not seconds % length:
            return f"{seconds // length} {unit}"
    return f"{seconds} {_UNITS[lang][-1][0]}"


def octets(lang: str, count: int) -> str:
    """A size in binary megabytes or kilobytes as people say it: 26214400 -> "25 MB"."""
    mega, kilo, byte = ("MB", "KB", "bytes") if lang == "en" else ("МБ", "КБ", "байт")
    for unit, length in ((mega, 1 << 20), (kilo, 1 << 10)):
        if count >= length:
            number = f"{count / length:.1f}".removesuffix(".0")
            return f"{number if lang == 'en' else number.replace('.', ',')} {unit}"
    return f"{count} {byte}"
