"""The tail `; from=<…> to=<…> proto=… helo=<…>` that Postfix writes after a verdict.

What stands before the tail (a subject, a reply that repeats an address) and the
quoted local parts inside it are chosen by strangers, who may write such a tail
themselves.  So a tail counts only if it reads to its end by Postfix's own grammar.
Source: smtpd_check.c log_whatsup, cleanup_message.c cleanup_act_log, postscreen.
"""

from __future__ import annotations

import re

_ADDRESS = r'<((?:"(?:[^"\\]|\\.)*"@[^<>"]*)|[^<>"]*)>'
_TAIL = re.compile(
    rf"; (?:from={_ADDRESS})?(?:,? ?to={_ADDRESS})?(?:,? ?proto=([^ ,<>]*))?"
    r"(?:,? ?helo=<([^<>]*)>)?(?:: (.*))?",
    re.DOTALL,
)
_STARTS = ("; from=<", "; to=<", "; proto=", "; helo=<")
_MOST_TRIES = 8  # more imitations than that are not worth the time


# Where the tail begins (the length of the text if there is none), sender ("<>" is the null
# reverse-path), recipient, HELO name, and what the administrator's rule has to say after it.
Envelope = tuple[int, str, str, str, str]


def envelope(text: str) -> Envelope:
    """The envelope at the end of `text`."""
    start = text.rfind("; from=<")
    if start >= 0 and '"' not in text[start:]:
        sender, met, rest = text[start + 8 :].partition("> to=<")
        recipient, met_too, rest = rest.partition("> proto=")
        _, met_three, rest = rest.partition(" helo=<")
        helo, closed, after = rest.partition(">")
        whole = met and met_too and met_three and closed and not after
        if whole and ">" not in sender and ">" not in recipient:
            return start, sender or "<>", recipient, helo, ""
    return _strictly(text)


def _strictly(text: str) -> Envelope:
    with_rule = None
    end = len(text)
    for _ in range(_MOST_TRIES):
        start = max(text.rfind(mark, 0, end) for mark in _STARTS)
        if start < 0:
            break
        tail = _TAIL.fullmatch(text, start)
        if tail and tail[5] is None:
            return _read(tail)
        with_rule = with_rule or tail
        end = start + 1
    if with_rule:
        return _read(with_rule)
    return len(text) - 1 if text.endswith(";") else len(text), "", "", "", ""


def _read(tail: re.Match[str]) -> Envelope:
    sender, recipient, _, helo, said = tail.groups()
    null = "" if sender is None else "<>"
    return tail.start(), sender or null, recipient or "", helo or "", said or ""
