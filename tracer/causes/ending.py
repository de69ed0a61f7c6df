"""What an outcome adds to the texts of a cause: still waiting, or given up after so long.

The texts of the catalogue say what stands in the way and what to do about it; whether
the message is tried again is the outcome's business and is said here. English and Russian.
"""

from __future__ import annotations

from collections.abc import Mapping

from tracer.causes.catalog import Step

_WAITS = {
    "en": "; the message waits in our queue",
    "ru": "; письмо ждёт в нашей очереди",
}
_GAVE_UP = {
    "en": "; we tried for {span} and then gave up",
    "ru": "; мы пробовали {span} и прекратили попытки",
}
_STOPPED = {
    "en": " We tried for {span} and have stopped.",
    "ru": " Мы пробовали {span} и прекратили попытки.",
}
_NO_MORE = {
    "en": (
        "No further try is made:",
        " we tried for {span}{last}. Once the cause is gone, the message can be sent again.",
    ),
    "ru": (
        "Больше попыток не будет:",
        " мы пробовали {span}{last}. Когда причина устранена, письмо можно отправить снова.",
    ),
}
_ABOUT_ANOTHER = {
    "en": (
        "Look at the message that it is about:",
        " this is a notice that a mail system sent, so nobody waits for an answer to it. Its "
        "recipient, who wrote that message, has not learnt what the notice says.",
    ),
    "ru": (
        "Посмотрите письмо, о котором оно сообщает:",
        " это уведомление, его отправила почтовая система, и ответа на него никто не ждёт. Его "
        "получатель, автор того письма, не узнал того, о чём в нём сказано.",
    ),
}
_LAST = {
    "en": (", and the last reply was “{}”", ", and the log holds no reply"),
    "ru": ("; последний ответ: «{}»", "; ответа в журнале нет"),
}
_RETURNED = {
    "en": "; the next server had accepted it first, then returned it",
    "ru": "; следующий сервер сначала принял письмо, а потом вернул",
}
_ALL_THE_TIME = {
    "en": "as long as it may stay in the queue",
    "ru": "столько, сколько ему можно быть в очереди",
}
_EN = (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1))
_RU = (
    (("день", "дня", "дней"), 86_400),
    (("час", "часа", "часов"), 3600),
    (("минуту", "минуты", "минут"), 60),
    (("секунду", "секунды", "секунд"), 1),
)
_QUOTED = 160  # characters of the last reply that fit into a step


def waiting(lang: str, headline: str) -> str:
    """The headline of a message that is tried again by itself."""
    return _with(headline, _WAITS[lang])


def returned(lang: str, headline: str) -> str:
    """The headline of a message that was reported as delivered before it came back."""
    return _with(headline, _RETURNED[lang])


def given_up(lang: str, headline: str, seconds: int | None) -> str:
    """The headline of a message that was given up after so long; None: nobody knows."""
    return _with(headline, _GAVE_UP[lang].format(span=span(lang, seconds)))


def stopped(lang: str, text: str, seconds: int | None) -> str:
    """A text for the user, who also has to know that no further try is made."""
    return text + _STOPPED[lang].format(span=span(lang, seconds))


def no_more(lang: str, reply: str, seconds: int | None) -> Step:
    """The step that goes before the others when a message was given up."""
    verb, rest = _NO_MORE[lang]
    shown = reply if len(reply) <= _QUOTED else f"{reply[:_QUOTED].rstrip()}…"
    quoted, nothing = _LAST[lang]
    last = quoted.format(shown) if shown else nothing
    return Step(verb, rest.format(span=span(lang, seconds), last=last))


def about_another(lang: str) -> Step:
    """The step that goes before the others where a notice, which has no author, failed."""
    return Step(*_ABOUT_ANOTHER[lang])


def _with(headline: str, clause: str) -> str:
    return f"{headline.removesuffix('.')}{clause}."


def span(lang: str, seconds: int | None) -> str:
    """How long, rounded to the unit of which there are two or more: "26 hours", "5 days"."""
    if seconds is None:
        return _ALL_THE_TIME[lang]
    units: Mapping[str, tuple[tuple[str | tuple[str, ...], int], ...]] = {"en": _EN, "ru": _RU}
    name, length = next((unit for unit in units[lang] if seconds >= 2 * unit[1]), units[lang][-1])
    count = round(seconds / length)
    if isinstance(name, str):
        return f"{count} {name}" if count == 1 else f"{count} {name}s"
    return f"{count} {name[_russian_form(count)]}"


def counted(lang: str, count: int, forms: tuple[str, ...]) -> str:
    """The form of a noun for a number: English has two of them, Russian three."""
    return forms[_russian_form(count) if lang == "ru" else int(count != 1)]


def _russian_form(count: int) -> int:
    """0 for 1 21 31…, 1 for 2-4 22-24…, 2 for the others (CLDR plural rules)."""
    if count % 10 == 1 and count % 100 != 11:
        return 0
    if 2 <= count % 10 <= 4 and not 12 <= count % 100 <= 14:
        return 1
    return 2
