"""What the linter checkdmarc says, in Russian.

Its sentences are known by their form; what stands in them is kept. A sentence that is not known
here, as a later checkdmarc may have, is quoted in English and marked as such: half a translation
would be worth less. Source of the forms: checkdmarc 6.
"""

from __future__ import annotations

import functools
import re

_FORMS = (
    # SPF
    (r"SPF type DNS records found\. .* TXT records: (?P<a>.*)",
     "Найдены записи DNS типа SPF. В RFC 7208 этого типа больше нет: уберите их, "
     "вместо них служат записи TXT: {a}"),
    (r"A TXT record with undecodable characters was skipped\.",
     "Запись TXT с нечитаемыми знаками пропущена."),
    (r"A deprecated Sender ID record was found\. .* be removed: (?P<a>.*)",
     "Найдена запись Sender ID. Sender ID отменён, уберите её: {a}"),
    (r"A TXT record that resembles an SPF record was discarded because .* is not exactly "
     r"(?P<b>\S+) .*?: (?P<a>.*)",
     "Запись TXT похожа на SPF, но отброшена: она должна начинаться точно с {b} "
     "(RFC 7208, 4.5). Вот она: {a}"),
    (r"The (?P<a>\S+) value (?P<b>\S+) is not a fully-qualified domain name .*",
     "Значение {a} ({b}) — не полное доменное имя с верным доменом верхнего уровня "
     "(RFC 7208, 12); получатели могут счесть, что оно не подходит."),
    (r"The (?P<a>\S+) modifier appeared more than once; only the first value is kept\.",
     "Модификатор {a} стоит не один раз; учитывается только первый."),
    (r"The ra modifier was ignored because .* include mechanism.*",
     "Модификатор ra не учтён: до этой записи дошли через include (RFC 6652, 3)."),
    (r"The rp and rr modifiers have no effect without an ra modifier.*",
     "Модификаторы rp и rr без ra ничего не значат (RFC 6652, 3)."),
    (r"The (?P<a>r[apr]) modifier is missing a value; it was ignored.*",
     "У модификатора {a} нет значения, он не учтён (RFC 6652, 3)."),
    (r"The (?P<a>r[apr]) modifier value (?P<b>.*?) is not .*",
     "Значение {b} модификатора {a} неверно, он не учтён (RFC 6652, 3)."),
    (r"No TXT records at exp value (?P<a>.*)\.", "По адресу из exp ({a}) нет записи TXT."),
    (r"Too many TXT records at exp value (?P<a>.*)\.",
     "По адресу из exp ({a}) больше одной записи TXT."),
    (r"Failed to get TXT records at exp value (?P<a>.*?): (?P<known>.*)",
     "Не удалось получить запись TXT по адресу из exp ({a}): {known}"),
    (r"The unknown modifier (?P<a>\S+) was ignored.*",
     "Неизвестный модификатор {a} не учтён (RFC 7208, 6)."),
    (r"Parsing the SPF record (?:requires|has) (?P<a>\d+)/(?P<b>\d+) maximum (?P<c>void )?DNS .*",
     "Запись SPF требует {a} запросов к DNS того рода, которых может быть не больше {b} "
     "(RFC 7208, 4.6.4)"),
    (r"(?P<a>\S+) has more than (?P<b>\d+) MX records.*",
     "У {a} больше {b} записей MX (RFC 7208, 4.6.4)"),
    (r"The MX host (?P<a>\S+) does not have any A/AAAA records\.",
     "У почтового сервера {a} нет записей A и AAAA."),
    (r"Duplicate include: (?P<a>.*)", "include:{a} стоит дважды."),
    (r"Error when processing (?P<a>\S+): (?P<known>.*)", "При разборе {a}: {known}"),
    (r"An? (?P<b>a|mx|ptr) mechanism points to (?P<a>\S+), but that domain/subdomain does not "
     r"have any (?P<c>\S+) records\.",
     "Механизм {b} указывает на {a}, а записей {c} там нет."),
    (r"The domain (?P<a>\S+) does not exist\.", "Домена {a} нет."),
    (r"The domain (?P<a>\S+) does not have any TXT records\.", "У домена {a} нет записей TXT."),
    (r"The domain does not exist\.", "Такого домена нет."),
    (r"(?P<a>\S+): Invalid SPF macro syntax at position (?P<b>\d+) \(.*\) in value: (?P<c>.*)",
     "{a}: в макросе SPF ошибка, знак {b} (место отмечено): {c}"),
    (r"Error: Expected .* at position (?P<b>\d+) \(.*\) in: (?P<c>.*)",
     "В записи ошибка, знак {b} (место отмечено): {c}"),
    (r"(?P<a>\S+): Expected .* at position (?P<b>\d+) \(.*\) in: "
     r"(?P<c>.*)",
     "{a}: в записи ошибка, знак {b} (место отмечено): {c}"),
    (r"(?P<a>\S+): The macro letter (?P<b>\S+) is only allowed in exp explanation text.*: "
     r"(?P<c>.*)",
     "{a}: буква макроса {b} допустима только в тексте exp (RFC 7208, 7.2): {c}"),
    (r"(?P<a>\S+): (?P<b>\S+) is not a valid CIDR prefix length for the (?P<c>\S+) mechanism.*",
     "{a}: {b} — неверная длина префикса у механизма {c} (RFC 7208, 12)"),
    (r"(?P<a>\S+): The IPv(?P<b>[46]) prefix length (?P<c>\S+) in the (?P<d>\S+) mechanism .*",
     "{a}: длина префикса IPv{b} {c} у механизма {d} вне допустимых границ (RFC 7208, 12)"),
    (r"(?P<a>\S+): (?P<b>.+) is not a valid SPF (?:term|mechanism or modifier)",
     "{a}: {b} — не терм SPF"),
    (r"(?P<a>\S+): Qualifiers are not allowed on modifiers.*?: (?P<b>.*)",
     "{a}: перед модификатором не может стоять знак результата (RFC 7208, 12): {b}"),
    (r"(?P<a>\S+): The all mechanism does not accept a value.*?: (?P<b>.*)",
     "{a}: у механизма all не бывает значения (RFC 7208, 12): {b}"),
    (r"(?P<a>\S+): The ptr mechanism does not accept a CIDR prefix length.*?: (?P<b>.*)",
     "{a}: у механизма ptr не бывает длины префикса (RFC 7208, 12): {b}"),
    (r"(?P<a>\S+): SPF macros are not allowed in (?P<b>\S+) mechanisms: (?P<c>.*)",
     "{a}: в механизме {b} не может быть макроса: {c}"),
    (r"(?P<a>\S+) is not a valid (?P<b>ip[46]) value\. CIDR prefix lengths must not have .*",
     "{a} — неверное значение {b}: длина префикса не начинается с нуля (RFC 7208, 12)."),
    (r"(?P<a>\S+) is not a valid (?P<b>IPv[46]) value\.(?: Looks like (?P<c>IPv[46])\.)?",
     "{a} — не адрес {b}."),
    (r"(?P<a>\S+) must have a value(?: after the :)?", "У {a} должно быть значение"),
    (r"The (?P<a>exp|redirect) modifier is missing a value", "У модификатора {a} нет значения"),
    (r"Multiple (?P<a>exp|redirect) (?:values are not permitted|modifiers)",
     "Модификатор {a} может стоять только один раз"),
    (r"(?P<a>Include|Redirect) loop: (?P<b>.*)", "Записи ссылаются друг на друга по кругу: {b}"),
    (r"The include target (?P<a>\S+) has no SPF record.*",
     "У {a}, на который указывает include, нет записи SPF (RFC 7208, 5.2)."),
    # Every kind of record
    (r"(?P<a>\S+) has both a TXT record and (?:a CNAME record|\d+ CNAME records) .*",
     "У имени {a} есть и запись TXT, и CNAME. Рядом с CNAME других записей быть не должно "
     "(RFC 1034, 3.6.2): какую запись увидит получатель, зависит от его сервера имён. "
     "Оставьте что-то одно."),
    (r"Unrelated TXT records were discovered and ignored\. .* at (?P<a>\S+) (?P<b>.*)",
     "Рядом есть посторонние записи TXT; уберите их: не все получатели ждут их по адресу {a}. "
     "Вот они: {b}"),
    (r"The record does not begin with the literal (?P<a>\S+) .*",
     "Запись начинается не точно с {a}: перед точкой с запятой стоит пробел, и отправители, "
     "которые понимают правило буквально, её не учтут."),
    (r"Unknown (?:MTA-STS )?tag (?P<a>\S+) was ignored.*", "Неизвестный тег {a} не учтён."),
    (r"The .* (?:has duplicate|contains more than one) (?P<a>\S+) tags?\. .*",
     "Тег {a} стоит больше одного раза; учитывается только первый. Уберите лишние."),
    (r"The .*record is missing the required (?P<a>\S+) tag\.",
     "В записи нет обязательного тега {a}."),
    (r"The value of the extension field (?P<a>\S+) is not valid.*",
     "Значение дополнительного поля {a} неверно."),
    (r"(?P<a>\S+) is not a valid SMTP TLS Reporting URI\.",
     "{a} — не адрес, на который можно слать отчёты TLS-RPT."),
    (r"(?:An?|The) .*record does not exist\.", "Такой записи нет."),
    (r"The .*record must be located at (?P<a>\S+), not (?P<b>\S+)\.",
     "Запись должна стоять по имени {a}, а не {b}."),
    (r"Multiple .*records are not permitted.*|The domain has multiple SPF TXT records",
     "Записей больше одной, а может быть только одна."),
    # DMARC
    (r"A missing p tag is equivalent to p=none in RFC 9989, .*",
     "Нет тега p. По RFC 9989 это то же, что p=none, но в прежних версиях DMARC он обязателен."),
    (r"The p tag does not immediately follow the v tag\. .*",
     "Тег p стоит не сразу после v. RFC 9989 это разрешает, но старым программам p может быть "
     "нужен вторым."),
    (r"Support for the (?P<a>\S+) tag was removed in RFC 9989", "Тега {a} в RFC 9989 больше нет."),
    (r"fo=(?P<a>\S+) is invalid .*", "fo={a} неверно; вместо него действует fo=0 (RFC 9989, 4.7)."),
    (r"The (?P<a>ru[af]) URI (?P<b>\S+) uses the (?P<c>\S+) scheme\. .*",
     "Адрес {b} в {a} — вида {c}. RFC 9989 его допускает, но получатели обязаны уметь только "
     "mailto, и большинство его пропустит."),
    (r"The size limit \(.*\) on (?P<a>ru[af]) URI for (?P<b>\S+) is obsolete.*",
     "Предельного размера отчёта в {a} для {b} в RFC 9989 больше нет; старые программы могут "
     "из-за него прислать неполный отчёт."),
    (r"Some DMARC reporters might not send to more than two (?P<a>ru[af]) URIs\.",
     "Некоторые шлют отчёты не больше чем на два адреса из {a}."),
    (r"The domain for (?P<a>ru[af]) email address (?P<b>\S+) has no MX records\.",
     "У домена адреса {b} из {a} нет записей MX."),
    (r"Failed to retrieve MX records for the domain of (?P<a>ru[af]) email address "
     r"(?P<b>\S+) - (?P<quoted>.*)",
     "Не удалось узнать записи MX домена адреса {b} из {a}: {quoted}"),
    (r"The Organizational Domain of (?P<a>\S+) is (?P<b>\S+) \(.* at (?P<c>[^)]*)\), but no .*",
     "Домен организации для {a} — {b}, но записи DMARC у него нет, и действует запись "
     "публичного суффикса {c}."),
)  # fmt: skip


def linter_words(said: str, lang: str) -> str:
    """What checkdmarc says in a language: the sentence's own Russian, or the English quoted."""
    if lang != "ru" or not said:
        return said
    return _known(said) or f"checkdmarc пишет по-английски: «{said}»"


def _known(said: str) -> str:
    for form, words in _compiled():
        if found := form.fullmatch(said):
            fields = {name: value or "" for name, value in found.groupdict().items()}
            return words.format(**fields | _inner(fields))
    return ""


def _inner(fields: dict[str, str]) -> dict[str, str]:
    """A sentence within a sentence: in Russian if it is known, else quoted."""
    known = _known(fields.get("known", ""))
    inner = {name: f"«{said}»" for name, said in fields.items() if name in ("known", "quoted")}
    return inner | {"known": known[0].lower() + known[1:]} if known else inner


@functools.cache
def _compiled() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(pattern, re.DOTALL), words) for pattern, words in _FORMS)
