"""The replies in the human part of a notice: who did not get it, and what the server said.

Each program lays its text out in its own way, but all of them name an address and put the
reply behind it or below it. Pure; knows no cause.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

from tracer.notices.limits import LONGEST_REPLY, MOST_RECIPIENTS, MOST_TEXT
from tracer.notices.words import RETURNED

_BREAKS = r"\s<>\"'(),;:@\]：，；（）"
_ADDRESS = rf"[^{_BREAKS}\[]{{1,128}}@[^{_BREAKS}]{{1,200}}[^{_BREAKS}.。]"
_ONLY_ADDRESS = re.compile(
    rf"[\s>*•·-]*(?:<?(?:mailto:)?({_ADDRESS})>?(?:<mailto:[^<>\s]*>|\(mailto:[^()\s]*\))?|"
    rf"\"({_ADDRESS})\"|\"[^\"]{{0,100}}\" ?<({_ADDRESS})>)"
    r"[ \t]*[:.,]?[ \t]*(?:\([^()]{0,300}\))?[ \t]*:?[ \t]*"
    r"(?:on (?:[A-Z][a-z]{2}, )?\d[\w./: +-]{0,40})?"  # Exchange: when it was tried
)
_ADDRESS_THEN = re.compile(rf"[ \t>]*<({_ADDRESS})>(?: \([^()]{{0,300}}\))?[:,;]? +(\S.*)")
_BARE_THEN = re.compile(rf"[ \t]*({_ADDRESS})(?:: | - | \.\.\. | \()(\S.*)")
_LABELLED = re.compile(
    r"(?i)[ \t>*-]*(?:(?:failed|intended) recipients?|recipients?|rcpt to|undeliverable to|"
    r"(?:undeliverable|invalid|failed|recipient|destination) address(?:es)?|not delivered to|"
    r"(?:unable|failed) to deliver (?:the |this |your )?(?:e-?mail |mail )?(?:message )?to|"
    r"delivery failed[^:\n]{0,40}|delivery to)"
    rf"[ \t]*:?[ \t]*[<\"\[]?({_ADDRESS})[>\"\]]?[ \t:,;.]*(.*)"
)
_EXPANDED_FROM = re.compile(
    rf"\((?:expanded from|generated from|ultimately generated from):? <?({_ADDRESS})>?\)"
)
_ANY_ADDRESS = re.compile(_ADDRESS)
_REASON = re.compile(r"\s*\(reason: (.*)\)\s*$")
_SAID = re.compile(r"\s*<<< ([45]\d\d[ -].*)")
_BOILERPLATE = re.compile(
    r"(?i)^\s*(?:reporting-mta|arrival-date|x-[\w-]+|content-[\w-]+|subject|from|to|date|"
    r"message-id|cc|received|sent|size)\s*:|^\s*(?:-{3,}|={3,}|_{3,}|\*{3,})"
)
_CODED = re.compile(
    r"(?<![\d.])(?:[45]\d\d(?:[ -]#?[45]\.\d{1,3}\.\d{1,3}|[- ](?=[A-Za-z#<\[(]))"
    r"|#?[45]\.\d{1,3}\.\d{1,3}(?![\d.])|[45]\d\d[:;] )"
)
_TELLING = re.compile(
    r"(?i)\bsaid:|smtp error|remote (?:host|server)|user unknown|unknown user|no such user|"
    r"mailbox|quota|rejected|refused|blocked|timed? ?out|not found|does not exist|unrouteable|"
    r"diagnostic|reason|because|не существует|не найден|переполнен|отклонен|отклонён|существует|"
    r"unknown host|no such|disabled|discontinued|"
    r"nicht gefunden|existiert nicht|voll\b|abgelehnt|n'existe pas|inconnu|plein|refus|"
    r"nie istnieje|przepełnion|nie znaleziono|存在しません|見つかり|容量|拒否|不存在|已满|拒绝|原因"
)
_HOST = re.compile(
    r"(?i)(?:mail system at host|qmail-send program at|on the queue on|generating server:|"
    r"reporting host:|mail delivery agent at host)\s+([\w-]+(?:\.[\w-]+)+)"
)
_QUEUE_ID = re.compile(r"(?i)message identifier is:\s+([\w-]{6,40})")
_LONGEST_BLOCK = 14  # lines of one reply


class Found(msgspec.Struct, frozen=True):
    """One recipient in the prose; "" where the notice names none."""

    recipient: str
    reply: str
    original_recipient: str = ""


def human_part(text: str) -> str:
    """The notice's own words: without the message that it returns."""
    found = RETURNED.search(text, 1) if len(text) > 1 else None
    return text[: found.start() if found else MOST_TEXT][:MOST_TEXT]


def replies(text: str) -> list[Found]:
    """What the prose says of each recipient it names, in its order; each recipient once."""
    lines = human_part(text).split("\n")
    found: dict[str, Found] = {}
    for one in _by_address(lines):
        known = found.get(one.recipient.lower())
        if known is None or (not _is_coded(known.reply) and _is_coded(one.reply)):
            found[one.recipient.lower()] = one
        if len(found) >= MOST_RECIPIENTS:
            break
    told = list(found.values())
    coded = _by_code(lines)
    if coded and len(told) == 1 and not _is_coded(told[0].reply):
        return [msgspec.structs.replace(told[0], reply=coded)]
    if told and (coded or any(_is_coded(one.reply) for one in told)):
        return told
    return told or ([Found("", coded)] if coded else [])


def best_words(text: str) -> str:
    """The paragraph that says most, for a notice without any code or address line."""
    paragraphs = re.split(r"\n\s*\n", human_part(text))
    told = [_joined(paragraph.split("\n")) for paragraph in paragraphs if paragraph.strip()]
    return next((each for each in told if _TELLING.search(each)), " ".join(told)[:LONGEST_REPLY])


def first_address(text: str) -> str:
    """The first address in the notice's own words, or ""."""
    found = _ANY_ADDRESS.search(human_part(text))
    return found[0] if found else ""


def spoken_for(text: str) -> tuple[str, str]:
    """The host that speaks and the queue id it names, as far as the prose tells."""
    said = human_part(text)
    host, queue_id = _HOST.search(said), _QUEUE_ID.search(said)
    return (host[1].rstrip(".") if host else "", queue_id[1] if queue_id else "")


def _is_coded(text: str) -> bool:
    return bool(_CODED.search(text))


def _by_address(lines: Sequence[str]) -> Iterator[Found]:
    """Replies behind an address, or below it."""
    for at, line in enumerate(lines):
        if "@" not in line:
            continue
        labelled = _LABELLED.match(line)
        if labelled:
            below = [] if len(labelled[2]) > 20 else _below(lines, at + 1)
            yield _found(labelled[1], line, [labelled[2], *below])
            continue
        behind = _ADDRESS_THEN.match(line)
        if behind is None and (_CODED.search(line) or _TELLING.search(line)):
            behind = _BARE_THEN.match(line)
        if behind:
            block = [behind[2], *_block(lines, at + 1, indented=True)]
            yield _found(behind[1], line, block)
            continue
        alone = _ONLY_ADDRESS.fullmatch(line)
        if alone:
            yield _found(alone[1] or alone[2] or alone[3], line, _below(lines, at + 1))


def _found(recipient: str, line: str, block: list[str]) -> Found:
    original = _EXPANDED_FROM.search(" ".join([line, *block[:2]]))
    kept = [one for one in block if not _EXPANDED_FROM.fullmatch(one.strip())]
    return Found(recipient, _joined(kept), original[1] if original else "")


def _below(lines: Sequence[str], at: int) -> list[str]:
    """The reply under an address line: the same paragraph, else the next one that tells."""
    block = _block(lines, at)
    if block:
        return block
    while at < len(lines) and not lines[at].strip():
        at += 1
    block = _block(lines, at)
    if not block or _is_coded(" ".join(block)):
        return block
    return _next_coded(lines, at + len(block)) or block


def _next_coded(lines: Sequence[str], at: int) -> list[str]:
    """The first paragraph with a code before another address stands alone."""
    while at < len(lines):
        line = lines[at]
        if _ONLY_ADDRESS.fullmatch(line) and "@" in line:
            return []
        if _is_coded(line) and not _BOILERPLATE.match(line):
            return _block(lines, at)
        at += 1
    return []


def _block(lines: Sequence[str], at: int, *, indented: bool = False) -> list[str]:
    """The lines of one paragraph from a place on; `indented`: only those that are."""
    found: list[str] = []
    for line in lines[at : at + _LONGEST_BLOCK]:
        if not line.strip() or _BOILERPLATE.match(line) or (found and _starts_another(line)):
            break
        if not found and _ONLY_ADDRESS.fullmatch(line):
            break
        if indented and line[0] not in " \t":
            break
        found.append(line)
    return found


def _starts_another(line: str) -> bool:
    return "@" in line and bool(_ONLY_ADDRESS.fullmatch(line) or _ADDRESS_THEN.match(line))


def _by_code(lines: Sequence[str]) -> str:
    """The reply that a transcript or a paragraph holds, without an address before it."""
    for pattern in (_REASON, _SAID):
        for at, line in enumerate(lines):
            if said := pattern.match(line):
                more = [one[1] for each in lines[at + 1 : at + 9] if (one := _SAID.match(each))]
                return _joined([said[1], *more] if pattern is _SAID else [said[1]])
    for at, line in enumerate(lines):
        if _CODED.search(line) and not _BOILERPLATE.match(line):
            return _joined(_block(lines, at))
    return ""


def _joined(block: Sequence[str]) -> str:
    """The lines of a reply as one, without the marks of a quotation."""
    told = " ".join(line.strip().lstrip("> ").strip() for line in block)
    found = _REASON.search(f" {told}" if "(reason: " in told else "")
    return (found[1] if found else told).strip("# ")[:LONGEST_REPLY]
