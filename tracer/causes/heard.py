"""A reply as the rules hear it: who spoke, which codes, and the words without names and numbers.

Owns the unwrapping of replies inside replies and the cutting out of what differs
from message to message (addresses, queue ids, networks). Knows no cause.
"""

from __future__ import annotations

import html
import quopri
import re
from collections.abc import Iterator

from tracer.causes.reply import THEM, US, Heard

CONNECT = "CONNECT"
END_OF_MESSAGE = "END-OF-MESSAGE"

_REFUSED_AT_ONCE = "refused to talk to me: "  # Postfix smtp(8), of the greeting and of EHLO
# What stands between our words and the words of the server we spoke to.
_QUOTES = (
    "said: ",  # Postfix smtp(8), lmtp(8); qmail-remote
    _REFUSED_AT_ONCE,
    "failed with: ",
    "responded with failure: ",
    "it responded as follows: ",
    "with the following error message: ",
    "other server returned was: ",  # Gmail's notices
    "remote server returned ",  # Exchange Online
    "last transfail: ",
    "mailbox unavailable -> ",
    "returned an error -> ",
    "unknown address error ",  # Cisco ESA
    "other mail system problem ",
    "unable to deliver in ",
    "----- transcript of session follows -----",
)
# What stands before the reason in a notice to people, whoever gave it.
_PREAMBLES = (
    "the following address(es) failed: ",
    "the following text was generated during the delivery attempt: ",
    " reason: ",
    "(reason: ",
)
_TRANSCRIPT_GOES_ON = re.compile(
    r" >>> | \.\.\. while talking to |(?: <<<)? 5\d\d 5\.0\.0 service unavailable"
)
_WORD = re.compile(r"[^\W\d_]{4}|[^\x00-\x7f]")  # "reason: JFE030050" has none
_LEAST_SAID = 4  # characters
# After these words the reply is about something else than the innermost server's answer.
_STAY_OUTSIDE = (
    "sender address rejected:",
    "sender verify failed",
    "but sender was rejected",
    "my name was rejected",
)
_ENDS = (
    "original message follows",
    "message headers follow",
    "original mail as follows",
    "return-path: <",
    "i'm not going to try again",  # qmail-send's last words
    "giving up on ",
    "> #smtp#",  # Exchange's non-delivery reports
)
_EXIM = "smtp error from remote "
# A socket or a loopback address: our own mailbox store or content filter.
_OWN = ("host /", "[/", "[private/", "lmtp:unix", "[127.", "[::1]")
_LOOPBACK = ("[127.", "[::1]")
_SOCKETS = ("[/", "[private/")
_AGENTS = frozenset({"local", "virtual"})

_COMMANDS = (
    ("rcpt", "RCPT"),
    ("mail from", "MAIL"),
    ("end of data", END_OF_MESSAGE),
    ("end of message", END_OF_MESSAGE),
    ("text command", END_OF_MESSAGE),
    ("data", "DATA"),
    ("helo", "EHLO"),
    ("ehlo", "EHLO"),
    ("initial", CONNECT),
    ("starttls", "STARTTLS"),
    ("auth", "AUTH"),
)
_WORDS = {word.upper(): name for word, name in _COMMANDS} | {
    "INITIAL": CONNECT,
    "DOT": END_OF_MESSAGE,
}

# What a reply looks like once mail programs have written it down: RFC 2045 6.7, RFC 3464 2.3.6.
_SOFT_BREAK = re.compile(r"=\r?\n")
_ENTITY = re.compile(r"&(?:lt|gt|amp|quot|apos|nbsp|#x?[\da-f]{2,5});", re.IGNORECASE)
_UNSPACED = re.compile(r"(?<=[a-z>)\]]):(?=[245]\d\d[ -])")
_FIELD = re.compile(r"(?:diagnostic-code: ?)?(?:smtp|x-(?!spam|virus)[a-z]+); ?(?=\S)")
_DIAGNOSTIC = re.compile(r"(?:[ ,#<]|code:)smtp; ?(?=[245]\d\d[ -])")
_CODE_FIRST = re.compile(r"[\s\W]*(?:[a-z]+[:,] *)?([245]\d\d)(?![\d.])")
_CODE_LATER = re.compile(r"(?:[>:'\[(] ?|\] |^|mail system problem )([45]\d\d)[- ](?!\d{2,4}\b)")
_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_CONTINUED = re.compile(r"\b[245]\d\d-")
# Written so that the engine can skip to "<", "[" and "n": this runs for every failed delivery.
_VARYING = re.compile(
    r"<[^<>\s@]+@[^<>\s@]+>|\[(?!127\.|::1\])(?=[^\]]*[.:])[\da-fA-F.:]{3,}\](?::\d+)?|name=\S+"
)
# An address that stands alone: the sending server's, as a rule. The bracket first, to skip to it.
_ALONE = re.compile(
    r"\[(?<![\w\]@]\[)(?!127\.|::1\])(?:\d[\d.]{6,}|[\da-fA-F]*:[\da-fA-F:.]+)(?: \d+)?\](?!:\d)"
)
_QUAD = re.compile(r"[<(=]*(?:\d{1,3}\.){3}\d{1,3}[>),;:.]*")
_ADDRESS = re.compile(r"(?:[\w+=~%/#$&*!?^{|}'`-]+(?:\.[\w+=~%/-]+)*)?@[\w-]+(?:\.[\w-]+)*")
_NUMBERS = re.compile(r"\d[\w.:/+=-]*")
_IP = "#ip"  # stands for any network address
_DOTS = 3  # in an address of version 4
_LONGEST = 10_000  # characters; a pasted notice tells its reason well before
_KEPT_LENGTH = 12  # a provider's token ("(as16012609)") is at most this long, a queue id longer


def cut(reply: str) -> str:
    """The reply with addresses, networks and the name of the server cut to "@": a cache key.

    What `hear` makes of it depends on nothing that was cut.
    """
    key = _VARYING.sub("@", _ALONE.sub(_IP, reply[:_LONGEST]))
    at = key.find("@")
    return key[: key.rfind(" ", 0, at) + 1] + key[at:] if at > 0 else key


def hear(
    reply: str, status: str = "", command: str = "", program: str = "", *, ours: bool = False
) -> Heard:
    """Unwrap a reply down to the innermost answer and reduce it to what decides.

    `ours`: the reply was given by our own server (a refusal at our door). Never raises.
    Source of the wrappings: Postfix smtp_trouble.c, Exim deliver.c and smtp transport,
    qmail-remote.c; of the codes RFC 5321 4.2 and RFC 3463.
    """
    said = _as_it_was_said(reply)
    for end in _ENDS:
        said = said.partition(end)[0] or said
    inner, quoted, place = _innermost(said)
    code, in_text = _code(inner)
    found = _STATUS.search(inner)
    at_once = CONNECT if _REFUSED_AT_ONCE in said else ""
    return Heard(
        _shape(inner, code, found[1] if found else ""),
        code,
        found[1] if found else status,
        _WORDS.get(command.upper(), command.upper()) or _command(place) or at_once,
        _speaker(said, program, ours=ours, remote=quoted or in_text),
    )


def _as_it_was_said(reply: str) -> str:
    """The reply in lower case on one line, without what the way here did to it."""
    if _SOFT_BREAK.search(reply):
        reply = quopri.decodestring(reply.encode("utf-8", "replace")).decode("utf-8", "replace")
    if "&" in reply and _ENTITY.search(reply):
        reply = html.unescape(reply)
    said = " ".join(_ALONE.sub(_IP, reply.lower().replace("’", "'")).split())
    field = _FIELD.match(said)
    return _UNSPACED.sub(": ", said[field.end() :] if field else said)


def is_loopback(reply: str) -> bool:
    """Whether the other end of the conversation was a service of this very host."""
    named = reply.partition("said: ")[0]
    return any(address in named for address in _LOOPBACK)


def is_our_store(relay: str) -> bool:
    """Whether a relay is no other host but our own mailbox store: an agent or a socket."""
    return relay in _AGENTS or any(socket in relay for socket in _SOCKETS)


def _innermost(said: str) -> tuple[str, bool, str]:
    """The innermost answer, whether a remote server gave it, and the words that name the stage."""
    if any(words in said for words in _STAY_OUTSIDE):
        return said, True, said
    inner, place, quoted = _in_transcript(said)
    exim = inner.find(_EXIM)
    if exim >= 0:
        first = inner[exim : _next(inner, _EXIM, exim + 1)]  # the others are other recipients
        inner, place, quoted = _after_exim(first)
    for words in _QUOTES:
        at = inner.rfind(words)
        if at >= 0 and _says_something(inner[at + len(words) :]):
            inner, quoted = inner[at + len(words) :], True
    *_, last = (None, *_DIAGNOSTIC.finditer(inner))
    if last:
        inner, quoted = inner[last.end() :], True
    for words in _PREAMBLES:
        at = inner.rfind(words)
        if at >= 0 and not _CODE_FIRST.match(inner) and _says_something(inner[at + len(words) :]):
            inner = inner[at + len(words) :]
    head, found, stage = inner.partition(" (in reply to ")
    return (head, True, stage) if found else (inner, quoted, place)


def _in_transcript(said: str) -> tuple[str, str, bool]:
    """The first reply of a Sendmail transcript ("<<< 550 …"), which Sendmail sums up below it."""
    before, found, rest = said.partition("<<< ")
    if not found or not _CODE_FIRST.match(rest):
        return said, "", False
    reply = _TRANSCRIPT_GOES_ON.split(rest, maxsplit=1)[0].replace("<<< ", "")
    other = re.search(rf" (?!{re.escape(reply[:3])})[45]\d\d (?=[45]\.|[a-z<])", reply)
    asked = before.rpartition(">>> ")[2] if ">>> " in before else ""
    return reply[: other.start()] if other else reply, asked, True


def _next(said: str, words: str, start: int) -> int:
    at = said.find(words, start)
    return at if at >= 0 else len(said)


def _says_something(rest: str) -> bool:
    """Whether what follows an introduction is a reason, and no code and no headers."""
    reason = rest.partition(" (in reply to ")[0]
    if len(reason) < _LEAST_SAID or reason.lstrip().startswith("received:"):
        return False
    return _WORD.search(reason) is not None


def _after_exim(said: str) -> tuple[str, str, bool]:
    """Split "SMTP error from remote mail server after RCPT TO:<…>: [host …:] 550 …"."""
    found = re.search(r": (?=[245]\d\d[ -]|[245]\.\d\.\d)", said)
    if not found:
        return said, said, True
    return said[found.end() :], said[: found.start()], True


def _code(inner: str) -> tuple[str, bool]:
    """The basic code, and whether the answer begins with it as a server's reply does."""
    first = _CODE_FIRST.match(inner)
    if first:
        return first[1], True
    later = _CODE_LATER.search(inner)
    return (later[1], True) if later else ("", False)


def _command(place: str) -> str:
    return next((name for word, name in _COMMANDS if word in place), "") if place else ""


def _speaker(said: str, program: str, *, ours: bool, remote: bool) -> str:
    named = said.partition("said: ")[0]  # what follows may name any address
    if ours or any(words in named for words in _OWN):
        return US
    if program.startswith("postfix") and "said: " not in said and "refused to talk" not in said:
        return US
    return THEM if remote else US


def _without_address(word: str) -> Iterator[str]:
    """The address as "@", and what was written onto it ("lena@corp.example:user")."""
    before, after = (
        _ADDRESS.split(word, maxsplit=1) if _ADDRESS.search(word) else word.split("@", 1)
    )
    for part in (before, "@", after):
        if stripped := part.strip("<>()[]\"'`.,:;=«»"):
            yield stripped


def _shape(inner: str, code: str, status: str) -> str:
    """The words that two replies about two messages have in common."""
    if code and code + "-" in inner:
        inner = _CONTINUED.sub(" ", inner)
    kept = []
    for word in inner.split():
        if word.isalpha():
            kept.append(word)
        elif "@" in word:
            kept += _without_address(word)
        elif "[" in word and any(address in word for address in _LOOPBACK + _SOCKETS):
            kept.append("loopback")
        elif word.count(".") >= _DOTS and _QUAD.fullmatch(word):
            kept.append(_IP)
        elif word not in (code, status):
            kept.append(word if len(word) <= _KEPT_LENGTH else _NUMBERS.sub("#", word))
    return " ".join(kept)
