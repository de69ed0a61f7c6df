"""Sentences whose names are not known: a noun that explains a name cannot explain another noun.

«The mailbox {recipient} is closed» becomes "The recipient's mailbox is closed" where nobody
knows the recipient. Names that stand alone need none of this: a noun takes their place. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Collection

# The placeholder, how it stands in a sentence, and what stands there without the name.
_INSTEAD = tuple(
    (name, re.compile(stands), instead)
    for name, stands, instead in (
        ("recipient", r"\b([Tt]he) (address|mailbox) \{recipient\}", r"\1 recipient's \2"),
        ("recipient", r"\byour mailbox \{recipient\}", "your mailbox"),
        ("recipient", r"\bno mailbox \{recipient\}", "no such mailbox"),
        ("recipient", r"\{recipient\} is no longer", "the recipient's address is no longer"),
        ("recipient", r"message to \{recipient\} has been in our", "message has been in our"),
        ("recipient", r"attempt to deliver it", "attempt for recipients that it does not name"),
        ("domain", r"\b([Tt]he) domain \{domain\}", r"\1 recipient's domain"),
        ("sender", r"\bsender address \{sender\}", "sender address"),
        ("recipient", r"\bваш ящик \{recipient\}", "ваш ящик"),
        ("recipient", r"\bнет ящика с адресом \{recipient\}", "нет такого ящика"),
        ("recipient", r"\b([Яя]щик\w*) с адресом \{recipient\}", r"\1 получателя"),
        ("recipient", r"\bвладельца адреса \{recipient\}", "получателя"),
        ("recipient", r"\bвладелец адреса \{recipient\}", "получатель"),
        ("recipient", r"\bВладелец адреса \{recipient\}", "Получатель"),
        ("recipient", r"Письмо на адрес \{recipient\} стоит", "Письмо стоит"),
        ("recipient", r"одной попытки его доставить", "одной попытки для тех, кого он не называет"),
        ("domain", r"\bнаш домен \{domain\}", "наш домен"),
        ("sender", r"\b(адреса?) отправителя:? \{sender\}", r"\1 отправителя"),
    )
)


def without_names(template: str, unknown: Collection[str]) -> str:
    """A template that reads well when these placeholders are filled with nouns."""
    for name, stands, instead in _INSTEAD:
        if name in unknown:
            template = stands.sub(instead, template)
    return template
