"""Short remarks of our own, in Russian: why a question had no answer, what is wrong in a record.

Findings and evidence keep these remarks in English, as they were noted when the run was made.
The libraries' reasons that stand in them are told in Russian where they are known, else quoted
and marked. What other systems say, such as a mail host's reply, is never touched.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from tracer.diagnostics.linter_words import linter_words

_LINTED = "text"  # the param with the words of checkdmarc
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
_PYSPF = {
    "Invalid IP4 CIDR length": "неверная длина префикса IPv4",
    "Invalid IP6 CIDR length": "неверная длина префикса IPv6",
    "Dual CIDR not allowed": "две длины префикса здесь недопустимы",
    "CIDR not allowed": "длина префикса здесь недопустима",
    "Missing IP4": "перед адресом нет «ip4:»",
    "Invalid IP4 address": "неверный адрес IPv4",
    "Invalid IP6 address": "неверный адрес IPv6",
    "Use the ip4 mechanism for ip4 addresses": "адрес IPv4 пишут с «ip4:»",
    "Use the ip6 mechanism for ip6 addresses": "адрес IPv6 пишут с «ip6:»",
    "Do not separate mechnisms with commas": "механизмы разделяют пробелами, а не запятыми",
    "Unknown mechanism found": "такого механизма нет",
    "implicit exists not allowed": "у exists должен быть назван домен",
    "empty domain:": "не назван домен",
    "include has trivial recursion": "include указывает на саму эту запись",
    "include mechanism missing domain": "у include не назван домен",
    "Invalid domain found (use FQDN)": "нужно полное доменное имя",
    "c,r,t macros allowed in exp= text only": "макросы c, r и t допустимы только в тексте exp",
    "Unknown Macro Encountered": "такого макроса нет",
    "Invalid all mechanism format - only qualifier allowed with all":
        "у all не бывает значения",
    "Unknown qualifier, RFC 4408 para 4.6.1, found in":
        "знак перед механизмом неизвестен (бывают + - ~ ?)",
    "syntax error": "синтаксическая ошибка",
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
        (r"“(?P<name>.*)” is not written as SPF wants it: (?P<pyspf>.*)",
         "«{name}» записано не так, как требует SPF: {pyspf}"),
        (r"“(?P<name>.*)” is not an address", "«{name}» — не адрес"),
        (r"more than (?P<name>\d+) DNS lookups", "запросов к DNS больше {name}"),
        (r"more than (?P<name>\d+) DNS lookups came back empty",
         "запросов к DNS без ответа больше {name}"),
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
    """The params of a finding, remarks of ours and words of checkdmarc in a language."""
    return {
        name: _told(name, value, lang) if isinstance(value, str) else value
        for name, value in params.items()
    }


def _told(name: str, value: str, lang: str) -> str:
    return linter_words(value, lang) if name == _LINTED else noted(value, lang)


def _russian(part: str) -> str:
    if known := _PLAIN.get(part):
        return known
    if number := _ERRNO.fullmatch(part):
        return _BY_NUMBER.get(number[1], part)
    for form, words in _FORMS:
        if found := form.fullmatch(part):
            fields = found.groupdict()
            rest = _russian(fields.get("rest", ""))
            return words.format(**fields | {"rest": rest, "pyspf": _of_pyspf(fields)})
    return part


def _of_pyspf(fields: Mapping[str, str]) -> str:
    """pyspf's reason in Russian; one that is not known is quoted as its own."""
    said = fields.get("pyspf", "")
    return _PYSPF.get(said) or f"pyspf пишет по-английски: «{said}»"
