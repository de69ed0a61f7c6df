"""The keys of the language, and which key an unknown word was meant to be."""

from __future__ import annotations

from difflib import get_close_matches

from tracer.errors import Phrase

ADDRESS_KEYS = frozenset({"from", "to", "addr"})
DOMAIN_KEYS = frozenset({"domain", "fromdomain", "todomain"})
WINDOW_KEYS = frozenset({"last", "since", "until"})
KEYS = (
    "from", "to", "addr", "domain", "fromdomain", "todomain", "subject", "msgid", "qid", "id",
    "status", "cause", "code", "reply", "relay", "ip", "helo", "host", "source", "dir", "size",
    "delay", "attempts", "tls", "auth", "text", "last", "since", "until",
)  # fmt: skip
EXAMPLES = {
    "from": "anna@corp.example",
    "to": "anna@corp.example",
    "addr": "anna@corp.example",
    "domain": "corp.example",
    "fromdomain": "corp.example",
    "todomain": "corp.example",
    "subject": '"annual report"',
    "msgid": "<20261122.1@corp.example>",
    "qid": "4cXk2R1wPzz1",
    "id": "m_1",
    "status": "failed",
    "cause": "mailbox_full",
    "code": "5.7.1",
    "reply": '"over quota"',
    "relay": "mx.corp.example",
    "ip": "192.0.2.0/24",
    "helo": "mail.corp.example",
    "host": "mx1",
    "source": "mx1",
    "dir": "outbound",
    "size": ">10M",
    "delay": ">10m",
    "attempts": ">1",
    "tls": "no",
    "auth": "anna",
    "text": '"annual report"',
    "last": "2d",
    "since": "yesterday",
    "until": "today",
}
_SYNONYMS = {
    "sender": "from", "mailfrom": "from", "от": "from", "отправитель": "from",
    "recipient": "to", "rcpt": "to", "rcptto": "to", "кому": "to", "получатель": "to",
    "address": "addr", "email": "addr", "mail": "addr", "адрес": "addr", "домен": "domain",
    "title": "subject", "тема": "subject",
    "message-id": "msgid", "messageid": "msgid", "message_id": "msgid", "mid": "msgid",
    "queue": "qid", "queueid": "qid", "queue-id": "qid", "queue_id": "qid",
    "state": "status", "outcome": "status", "result": "status", "статус": "status",
    "reason": "cause", "error": "cause", "причина": "cause", "dsn": "code", "enhanced": "code",
    "код": "code", "response": "reply", "answer": "reply", "ответ": "reply",
    "server": "relay", "mx": "relay", "client": "ip", "network": "ip", "ehlo": "helo",
    "direction": "dir", "octets": "size", "bytes": "size", "размер": "size",
    "tries": "attempts", "retries": "attempts", "user": "auth", "login": "auth", "sasl": "auth",
    "newer": "last", "after": "since", "before": "until", "с": "since", "до": "until",
}  # fmt: skip


def nearest_key(word: str) -> str:
    """The key that an unknown word most likely means; `""` if none comes near."""
    lowered = word.lower()
    if lowered in _SYNONYMS:
        return _SYNONYMS[lowered]
    close = get_close_matches(lowered, KEYS, n=1, cutoff=0.7)
    return close[0] if close else ""


def unknown_key_hint(word: str) -> Phrase:
    """The hint for a word with a colon that is no key."""
    near = nearest_key(word)
    if not near:
        return Phrase("%(word)s: is not a key; it was searched as text.", word=word)
    return Phrase(
        "%(word)s: is not a key; it was searched as text. Did you mean %(near)s:?",
        word=word,
        near=near,
    )
