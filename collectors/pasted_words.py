"""What a pasted text turned out to be and what was left out or is odd, in English and Russian."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from collectors.pasted import (
    CUT_LINES,
    EMPTY,
    IS_PAGE,
    MOST_LINES,
    NO_CODE,
    NO_TEXT,
    PACKED,
    Kind,
    Pasted,
    Unexplainable,
)
from tracer.explain import Likely
from tracer.model import when
from tracer.notices import NoticeKind, TrailHop
from tracer.notices.limits import (
    CUT_OCTETS,
    CUT_PARTS,
    CUT_RECIPIENTS,
    MOST_OCTETS,
    MOST_RECIPIENTS,
)

_KINDS = {
    "en": {
        Kind.REPLY: "A server's reply",
        Kind.CODE: "A reply code, without the words of a server",
        Kind.LOG: "Log lines",
        NoticeKind.FAILURE: "A notice that a message failed",
        NoticeKind.DELAY: "A warning that a message is delayed",
        NoticeKind.SUCCESS: "A report that a message went on",
        NoticeKind.COMPLAINT: "A complaint (feedback report)",
        NoticeKind.AUTO_REPLY: "An automatic reply",
        NoticeKind.CHALLENGE: "A request to confirm a message",
        NoticeKind.RECEIPT: "A read receipt",
        NoticeKind.MESSAGE: "A message or its headers",
    },
    "ru": {
        Kind.REPLY: "Ответ сервера",
        Kind.CODE: "Код ответа без слов сервера",
        Kind.LOG: "Строки журнала",
        NoticeKind.FAILURE: "Уведомление: письмо не доставлено",
        NoticeKind.DELAY: "Предупреждение: письмо задерживается",
        NoticeKind.SUCCESS: "Отчёт: письмо пошло дальше",
        NoticeKind.COMPLAINT: "Жалоба получателя на спам",
        NoticeKind.AUTO_REPLY: "Автоматический ответ",
        NoticeKind.CHALLENGE: "Просьба подтвердить письмо",
        NoticeKind.RECEIPT: "Уведомление о прочтении",
        NoticeKind.MESSAGE: "Письмо или его заголовки",
    },
}
_NO_REPLY = {
    "en": "This does not look like a reply from a mail server.",
    "ru": "Это не похоже на ответ почтового сервера.",
}
_MAY_BE = {"en": "It may be one of these:", "ru": "Возможно, это одно из двух:"}
_HINTS = {
    "en": {
        CUT_OCTETS: f"Only the first {MOST_OCTETS >> 20} MB were read; mostly that is enough.",
        CUT_PARTS: "It has more parts than a notice needs; the rest was passed over.",
        CUT_RECIPIENTS: f"It names very many recipients; the first {MOST_RECIPIENTS} are shown.",
        CUT_LINES: f"Only the first {MOST_LINES:,} lines were read. For a whole log use ingest.",
        IS_PAGE: "It was a web page: its tags were cut, and no link was followed.",
        NO_CODE: "There is no reply code in it, such as 550 or 5.1.1, so it may not be what a "
        "server said. Paste the server's own words, the bounce message, log lines or headers.",
    },
    "ru": {
        CUT_OCTETS: f"Прочитаны только первые {MOST_OCTETS >> 20} МБ; причина обычно там.",
        CUT_PARTS: "Частей больше, чем нужно уведомлению; лишние пропущены.",
        CUT_RECIPIENTS: f"Получателей очень много; показаны первые {MOST_RECIPIENTS}.",
        CUT_LINES: f"Прочитаны первые {MOST_LINES} строк. Для целого журнала есть команда ingest.",
        IS_PAGE: "Это была веб-страница: теги вырезаны, ссылки не открывались.",
        NO_CODE: "Здесь нет кода ответа вроде 550 или 5.1.1: возможно, это не слова сервера. "
        "Вставьте ответ сервера, уведомление о недоставке, строки журнала или заголовки.",
    },
}
_PROBLEMS = {
    "en": {
        EMPTY: "There is nothing to explain yet. Paste a reply, log lines, a bounce message or "
        "headers, or choose a file.",
        PACKED: "This file is packed. Unpack it first and give what is inside.",
        NO_TEXT: "This file is no text. Save the message as a file (.eml) and give that.",
    },
    "ru": {
        EMPTY: "Объяснять пока нечего. Вставьте ответ сервера, строки журнала, уведомление или "
        "заголовки либо выберите файл.",
        PACKED: "Это упакованный файл. Распакуйте его и дайте то, что внутри.",
        NO_TEXT: "В этом файле не текст. Сохраните письмо в файл (.eml) и дайте его.",
    },
}
_SECONDS = {"en": "s", "ru": "с"}
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def kind_words(pasted: Pasted, lang: str) -> str:
    """What was pasted, in a few words; a sentence where it is perhaps no reply."""
    if NO_CODE in pasted.hints:
        return _NO_REPLY[lang]
    return _KINDS[lang].get(pasted.kind, pasted.kind)  # type: ignore[call-overload, no-any-return]


def problem_words(problem: Unexplainable, lang: str) -> str:
    """Why there is nothing to explain, and what to give instead."""
    return _PROBLEMS[lang][problem.why]


def hint_words(hints: Collection[str], lang: str) -> list[str]:
    """A sentence for each hint."""
    return [_HINTS[lang][hint] for hint in hints]


def trail_lines(trail: Collection[TrailHop], lang: str) -> list[str]:
    """The way of a message, a line for each server that took it, with the time it took."""
    return [_trail_line(hop, lang) for hop in trail]


def _trail_line(hop: TrailHop, lang: str) -> str:
    at = f"{when(hop.at_us):%Y-%m-%d %H:%M:%S}" if hop.at_us is not None else "?" * 19
    took = "" if hop.delay_s is None else f"{hop.delay_s:+.0f} {_SECONDS[lang]}"
    client = " ".join(filter(None, (hop.client, f"[{hop.ip}]" if hop.ip != hop.client else "")))
    how = ", ".join(filter(None, (hop.protocol, hop.queue_id)))
    return (
        f"{at} UTC  {took:>8}  {client if hop.client else '?'} -> {hop.by or '?'}  {how}".rstrip()
    )


def likeliest_words(likeliest: tuple[Likely, ...], lang: str) -> Iterator[str]:
    """The likeliest causes of a reply that nothing fits, one a line; none for other replies."""
    if likeliest:
        yield _MAY_BE[lang]
        yield from (f"- {likely.title}: {likely.why}" for likely in likeliest)


def visible(text: str) -> str:
    """Text that can neither steer a terminal nor turn its direction."""
    return text if text.isprintable() else _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text)
