"""Short remarks of our own, in Russian: why a question had no answer, what is wrong in a record.

Findings and evidence keep these remarks in English, as they were noted when the run was made.
What other programs say, such as a mail host's reply, is never touched.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_ERRNO = re.compile(r"\[Errno (\d+)\] .*", re.DOTALL)
_BY_NUMBER = {
    "101": "сеть недоступна", "104": "соединение оборвано", "110": "нет ответа вовремя",
    "111": "в соединении отказано", "113": "до узла нет маршрута",
}  # fmt: skip
_PLAIN = {
    "no answer in time": "нет ответа вовремя",
    "timed out": "нет ответа вовремя",
    "no reason": "причина неизвестна",
    "the response could not be read": "ответ не удалось разобрать",
    "Connection refused": "в соединении отказано",
    "Network is unreachable": "сеть недоступна",
    "No route to host": "до узла нет маршрута",
    "Connection reset by peer": "соединение оборвано",
    "not a valid domain name, so nobody was asked":
        "такого доменного имени быть не может, поэтому никого не спрашивали",
    "the answer fails DNSSEC validation (without validation there is one)":
        "ответ не проходит проверку DNSSEC (без проверки он есть)",
    "not asked: this run has used up its number of DNS queries":
        "не спрашивали: эта проверка исчерпала число запросов к DNS",
    "not asked: this run has used up its time for DNS":
        "не спрашивали: эта проверка исчерпала время на DNS",
    "this system has no name server set up": "в этой системе не задан сервер имён",
    "what stands there is no DKIM key": "то, что там записано, не ключ DKIM",
    "it is not a list of tags": "это не список тегов",
    "it has no p=": "в ней нет p=",
    "its p= is not base64: it may be cut short or have a stray character":
        "p= не в base64: возможно, значение обрезано или в него попал лишний знак",
    "its p= is no RSA key: it may be cut short": "p= не ключ RSA: возможно, значение обрезано",
    "there is no SPF record": "записи SPF нет",
    "leads back to itself": "ведёт обратно к себе",
    "not followed any further": "дальше не просматривалось",
    "the evaluation took too long": "проверка заняла слишком много времени",
}  # fmt: skip
_FORMS = tuple(
    (re.compile(pattern, re.DOTALL), words)
    for pattern, words in (
        (r"DNS does not answer: (?P<rest>.*)", "DNS не отвечает: {rest}"),
        (r"DNS does not answer for (?P<name>[^:]+): (?P<rest>.*)",
         "DNS не отвечает о {name}: {rest}"),
        (r"no name server answers \((?P<name>.*)\)", "серверы имён не отвечают ({name})"),
        (r"(?P<name>\d+) keys stand under one name", "ключей под одним именем: {name}"),
        (r"its version is (?P<name>.*)", "её версия — {name}"),
        (r"an Ed25519 key has 32 octets, not (?P<name>\d+)",
         "в ключе Ed25519 32 октета, а не {name}"),
        (r"nobody knows a key of type (?P<name>.*)", "ключей типа {name} не бывает"),
        (r"(?P<name>\S+) has no SPF record", "у {name} нет записи SPF"),
        (r"(?P<name>\S+) has (?P<rest>\d+) SPF records", "записей SPF у {name}: {rest}"),
        (r"the record of (?P<name>\S+) has characters beyond ASCII",
         "в записи {name} есть знаки вне ASCII"),
        (r"(?P<name>\S+) has more than (?P<rest>\d+) MX hosts",
         "у {name} больше почтовых серверов, чем {rest}"),
        (r"“(?P<name>.*)” is not written as SPF wants it: (?P<rest>.*)",
         "«{name}» записано не так, как требует SPF: {rest}"),
        (r"“(?P<name>.*)” cannot be read", "«{name}» не удаётся разобрать"),
        (r"“(?P<name>.*)” names no domain", "в «{name}» не назван домен"),
        (r"“(?P<name>.*)” has a character that may not stand there",
         "в «{name}» есть недопустимый знак"),
        (r"the macro in “(?P<name>.*)” cannot be read", "макрос в «{name}» не удаётся разобрать"),
        (r"(?P<name>redirect|exp)= stands there twice", "{name}= стоит дважды"),
    )
)  # fmt: skip


def noted(remark: str, lang: str) -> str:
    """A remark in a language; what is not one of ours stays as it is."""
    if lang != "ru":
        return remark
    return "; ".join(_russian(part) for part in remark.split("; "))


def noted_all(params: Mapping[str, str | int | float], lang: str) -> dict[str, str | int | float]:
    """The params of a finding, remarks of ours among them in a language."""
    return {
        name: noted(value, lang) if isinstance(value, str) else value
        for name, value in params.items()
    }


def _russian(part: str) -> str:
    if known := _PLAIN.get(part):
        return known
    if number := _ERRNO.fullmatch(part):
        return _BY_NUMBER.get(number[1], part)
    for form, words in _FORMS:
        if found := form.fullmatch(part):
            fields = found.groupdict()
            return words.format(**fields | {"rest": _russian(fields.get("rest", ""))})
    return part
