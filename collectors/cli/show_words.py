"""What `mailtracer show` says beside the card, in English and Russian.

Similar cases and the next try: the sentences of the message page, for a terminal, which
knows no gettext. Times are in the reader's zone.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import tzinfo

from tracer.causes.ending import counted
from tracer.model import when
from tracer.retry import Retry
from tracer.similar import Shared, Similar

_RAN = {
    "en": {
        Shared.PROVIDER: "{others} to the servers of {name} ran into the same since {at}.",
        Shared.DOMAIN: "{others} to {name} ran into the same since {at}.",
        Shared.RECIPIENT: "{others} to the same recipient ran into the same since {at}.",
        Shared.CLIENT: "{others} from the client {name} ran into the same since {at}.",
    },
    "ru": {
        Shared.PROVIDER: "То же самое на серверах {name} с {at}: {others}.",
        Shared.DOMAIN: "То же самое с почтой на {name} с {at}: {others}.",
        Shared.RECIPIENT: "То же самое с этим получателем с {at}: {others}.",
        Shared.CLIENT: "То же самое с клиентом {name} с {at}: {others}.",
    },
}
_ALONE = {
    "en": {
        Shared.PROVIDER: "No other message to the servers of {name} ran into this within two days.",
        Shared.DOMAIN: "No other message to {name} ran into this within two days.",
        Shared.RECIPIENT: "No other message to this recipient ran into this within two days.",
        Shared.CLIENT: "No other message from the client {name} ran into this within two days.",
    },
    "ru": {
        Shared.PROVIDER: "За двое суток других таких случаев на серверах {name} не было.",
        Shared.DOMAIN: "За двое суток других таких случаев с почтой на {name} не было.",
        Shared.RECIPIENT: "За двое суток других таких случаев с этим получателем не было.",
        Shared.CLIENT: "За двое суток других таких случаев с клиентом {name} не было.",
    },
}
_MESSAGES = {
    "en": ("{} other message", "{} other messages"),
    "ru": ("ещё {} письмо", "ещё {} письма", "ещё {} писем"),
}
_MORE_MESSAGES = {
    "en": ("at least {} other message", "at least {} other messages"),
    "ru": ("ещё не меньше {} письма", "ещё не меньше {} писем", "ещё не меньше {} писем"),
}
_SENDERS = {
    "en": (" of {} sender", " of {} senders"),
    "ru": (" от {} отправителя", " от {} отправителей", " от {} отправителей"),
}
_WORKED = {
    "en": {
        "never": "No message got through in these two days.",
        "again": "Mail gets through again: the last one at {at}.",
        "before": "The last one that got through before was at {at}.",
        "meanwhile": "Others got through meanwhile, the last one at {at}.",
    },
    "ru": {
        "never": "За эти двое суток ни одно письмо не прошло.",
        "again": "Теперь почта снова проходит: последнее письмо прошло в {at}.",
        "before": "До этого последнее письмо прошло в {at}.",
        "meanwhile": "Другие письма тем временем проходили, последнее в {at}.",
    },
}
_ONE_INCIDENT = {
    "en": "All of them go to one provider, so this is one incident.",
    "ru": "Все они шли к одному провайдеру, значит это один и тот же сбой.",
}
_NEXT = {
    "en": {
        "due": "Next try: was due at {at}; no newer line was read.",
        "observed": "Next try: about {at}, an estimate: as between the last two tries.",
        "usual": "Next try: about {at}, an estimate: Postfix's default pace.",
        "gives_up": "Gives up: {at}, after 5 days, unless set otherwise.",
    },
    "ru": {
        "due": "Следующая попытка: ждали в {at}; строк новее не прочитано.",
        "observed": "Следующая попытка: около {at}, оценка по двум последним попыткам.",
        "usual": "Следующая попытка: около {at}, оценка по обычному темпу Postfix.",
        "gives_up": "Попытки прекратятся: {at}, через 5 дней, если не настроено иначе.",
    },
}


def expected_words(expected: Retry, lang: str, zone: tzinfo, now_us: int) -> Iterator[str]:
    """When the next try comes and when the message is given up."""
    words = _NEXT[lang]
    if expected.next_us is not None:
        pace = "observed" if expected.is_observed else "usual"
        key = "due" if expected.next_us < now_us else pace
        yield words[key].format(at=_at(expected.next_us, zone))
    if expected.gives_up_us is not None:
        yield words["gives_up"].format(at=_at(expected.gives_up_us, zone))


def similar_words(found: Similar, lang: str, zone: tzinfo) -> Iterator[str]:
    """How many others ran into the same, since when, and when mail last got through."""
    yield _ran(found, lang, zone)
    if not found.is_about_content:
        at = _at(found.worked_us, zone) if found.worked_us is not None else ""
        yield _WORKED[lang][_worked(found)].format(at=at)
    if found.messages and found.shared is Shared.PROVIDER and len(found.domains) > 1:
        yield _ONE_INCIDENT[lang]


def _ran(found: Similar, lang: str, zone: tzinfo) -> str:
    if not found.messages:
        return _ALONE[lang][found.shared].format(name=found.name)
    forms = (_MORE_MESSAGES if found.is_more else _MESSAGES)[lang]
    messages = counted(lang, found.messages, forms).format(found.messages)
    senders = counted(lang, found.senders, _SENDERS[lang]).format(found.senders)
    told = _RAN[lang][found.shared].format(
        others=messages + (senders if found.senders and found.messages > 1 else ""),
        name=found.name,
        at=_at(found.first_us, zone),
    )
    return told[:1].upper() + told[1:]


def _worked(found: Similar) -> str:
    if found.worked_us is None:
        return "never"
    if found.worked_us > found.last_us:
        return "again"
    return "before" if found.worked_us < found.first_us else "meanwhile"


def _at(at_us: int, zone: tzinfo) -> str:
    return f"{when(at_us).astimezone(zone):%Y-%m-%d %H:%M}"
