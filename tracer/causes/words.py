"""The words around a cause: who acts, how sure we are, names and numbers put into sentences.

English and Russian. A name that is not known becomes a noun that fits the sentence:
in Russian a genitive after its class word («адрес {recipient}» → «адрес получателя»).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum

from tracer.causes.catalog import Level, Side, Urgency
from tracer.causes.unnamed import without_names

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
    Level.FAMILY: "medium",
    Level.STATUS: "medium",
    Level.GUESS: "low",
    None: "none",
}
_WHY = {
    "en": {
        Level.TOKEN: "provider code {words}",
        Level.PHRASE: "the reply says “{words}”",
        Level.HINT: "the reply hints at it: “{words}”",
        Level.FAMILY: "these words of the reply point to it: “{words}”",
        Level.STATUS: "by status {words} alone",
        Level.GUESS: "only {words} points to it",
        None: "the reply names no reason that we know",
    },
    "ru": {
        Level.TOKEN: "код службы {words}",
        Level.PHRASE: "в ответе сказано «{words}»",
        Level.HINT: "на это намекает ответ: «{words}»",
        Level.FAMILY: "на это указывают слова ответа: «{words}»",
        Level.STATUS: "только по коду состояния {words}",
        Level.GUESS: "на это указывает только {words}",
        None: "ответ не называет известной нам причины",
    },
}
_BY_OUTCOME = {"en": "the log says so itself", "ru": "об этом прямо говорит журнал"}
_BY_ABSENCE = {
    "en": "no message that is known here has the ids which the notice names",
    "ru": "ни у одного известного здесь письма нет номеров, которые называет уведомление",
}
_BY_WAIT = {
    "en": "it waited {span} in our queue before the first attempt",
    "ru": "письмо ждало первой попытки в нашей очереди {span}",
}
_BY_SILENCE = {
    "en": "the log holds no attempt, unless lines of it are missing",
    "ru": "попыток в журнале нет, если только не пропали его строки",
}
_SPOKEN_OF = {"en": "the reply speaks of “{words}”", "ru": "в ответе говорится о «{words}»"}
_AT_STAGE = {
    "en": "what is refused at {command} is refused for this most often",
    "ru": "на шаге {command} чаще всего отказывают по этой причине",
}
_MOST_OFTEN = {
    "en": "the most frequent reason of such replies",
    "ru": "самая частая причина таких ответов",
}
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
        "provider": "the provider",
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
        "provider": "сервис рассылки",
    },
}
_SPELT_OUT = tuple(noun for nouns in _NOUNS.values() for noun in nouns.values())
# Pieces of a sentence that are left out whole when there is nothing to say.
_PIECES = {
    "en": {
        "subject": " “{}”",
        "ip": " {}",
        "list": " ({})",
        "limit": " of {}",
        "retry": " in {}",
        "next_id": " as {}",
        "rule": " ({})",
        "waited": " for {}",
        "queue_id": " {}",
    },
    "ru": {
        "subject": " «{}»",
        "ip": " {}",
        "list": " ({})",
        "limit": " {}",
        "retry": " через {}",
        "next_id": " под номером {}",
        "rule": " ({})",
        "waited": " {}",
        "queue_id": " {}",
    },
}
# By how it ended: for good, put off for now, put off until the time was over.
_REFUSED = {
    "en": ("refused", "put off", "kept putting off"),
    "ru": ("не принял", "пока не принял", "так и не принял"),
}
_ACCEPTED = {
    "en": ("was not accepted", "has not been accepted yet", "was not accepted"),
    "ru": ("не принято", "пока не принято", "не принято"),
}
_LABELS = {
    "en": "Server|Your server|Time|From|To|Message|Subject|Your id|Reply".split("|"),
    "ru": "Сервер|Ваш сервер|Время|От|Кому|Письмо|Тема|Ваш номер|Ответ".split("|"),
}
_UNITS = {
    "en": (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)),
    "ru": (("дн.", 86400), ("ч", 3600), ("мин", 60), ("с", 1)),
}

PLACEHOLDERS = frozenset({*_NOUNS["en"], *_PIECES["en"], "refused", "accepted"})


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


def by_absence(lang: str) -> str:
    """What the judgement on a stray notice rests on."""
    return _BY_ABSENCE[lang]


def by_wait(lang: str, seconds: int) -> str:
    """What the judgement rests on when a message waited for our own queue."""
    minutes = seconds // 60 * 60
    return _BY_WAIT[lang].format(span=duration(lang, minutes or seconds))


def by_silence(lang: str) -> str:
    """What the judgement rests on when the log says nothing of what should have come."""
    return _BY_SILENCE[lang]


def suspicion(lang: str, words: str, command: str) -> str:
    """What points to a cause that no rule named: words of the reply, or when it came."""
    if words:
        return _SPOKEN_OF[lang].format(words=words)
    return _AT_STAGE[lang].format(command=command) if command else _MOST_OFTEN[lang]


class Manner(IntEnum):
    """How a server said no."""

    FOR_GOOD = 0
    FOR_NOW = 1
    UNTIL_GIVEN_UP = 2


def names(lang: str, found: Mapping[str, str], manner: Manner) -> dict[str, str]:
    """A value for every placeholder of the catalogue; `found` holds what is known of them."""
    values = {key: found.get(key) or noun for key, noun in _NOUNS[lang].items()}
    for key, piece in _PIECES[lang].items():
        values[key] = piece.format(found[key]) if found.get(key) else ""
    values["refused"] = _REFUSED[lang][manner]
    values["accepted"] = _ACCEPTED[lang][manner]
    return values


def fill(template: str, values: Mapping[str, str]) -> str:
    """A sentence with its names in place and a capital first; names stay as they are written."""
    unknown = [name for name in _NOUNS["en"] if values[name] in _SPELT_OUT]
    template = without_names(template, unknown)
    filled = template.format_map(values)
    if template.startswith("{") and not filled.startswith(_SPELT_OUT):
        return filled
    return filled[:1].upper() + filled[1:]


def block(lang: str, rows: tuple[str, ...]) -> str:
    """The particulars for the other administrator, one a line, unknown ones left out.

    `rows`: our server, theirs, time, sender, recipient, Message-ID, subject, their id, reply.
    """
    told = [(name, value) for name, value in zip(_LABELS[lang], rows, strict=True) if value]
    width = max((len(name) for name, _ in told), default=0) + 2
    return "\n".join(name.ljust(width) + value for name, value in told)


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
