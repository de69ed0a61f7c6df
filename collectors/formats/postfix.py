"""Postfix's log: which program said it, and about which message.

Owns the dispatch; what each family of programs says is read by the modules beside
it.  Lines are read left to right by position, never by free search: subjects, HELO
names, Message-IDs, addresses and replies are written by strangers.
"""

from __future__ import annotations

from typing import Final

import msgspec

from collectors.formats.log_format import LogFormat
from collectors.formats.postfix_cleanup import by_cleanup, warned
from collectors.formats.postfix_delivery import Handler, by_discard, by_lmtp, by_local, by_smtp
from collectors.formats.postfix_door import by_smtpd, without_queue_id
from collectors.formats.postfix_ids import HEX, LONG_MARK, is_queue_id
from collectors.formats.postfix_nameless import by_what_is_said, is_nameless
from collectors.formats.postfix_queue import by_bounce, by_pickup, by_postsuper, by_qmgr
from collectors.formats.postfix_verdict import peer, verdict
from tracer.model import Event, EventKind, LogLine

_UNKNOWN: Final = EventKind.UNKNOWN
_DAEMONS: Final[dict[str, Handler]] = {
    "smtpd": by_smtpd,
    "postscreen": by_smtpd,
    "qmqpd": by_smtpd,
    "cleanup": by_cleanup,
    "qmgr": by_qmgr,
    "nqmgr": by_qmgr,
    "oqmgr": by_qmgr,
    "smtp": by_smtp,
    "relay": by_smtp,
    "lmtp": by_lmtp,
    "local": by_local,
    "virtual": by_local,
    "pipe": by_local,
    "error": by_local,
    "retry": by_local,
    "discard": by_discard,
    "bounce": by_bounce,
    "defer": by_bounce,
    "trace": by_bounce,
    "pickup": by_pickup,
    "postsuper": by_postsuper,
}
_OTHERS: Final = frozenset(
    "anvil scache tlsproxy tlsmgr verify proxymap proxywrite trivial-rewrite postdrop sendmail "
    "flush showq master postfix-script postqueue postalias postmap postlog postlogd dnsblog "
    "spawn".split()
)
# Whose TLS is a message's TLS.
_SPEAKERS: Final = frozenset(("smtpd", "smtp", "lmtp", "relay", "postfix"))
_MOST_PROGRAMS: Final = 4096
_routes: Final[dict[str, Handler]] = {}


def claims(program: str) -> bool:
    """Whether `program` is a Postfix daemon: `postfix/smtp`, `mx-out/smtpd`."""
    name, _, daemon = program.rpartition("/")
    if name == "postfix" or name.startswith("postfix/") or is_nameless(program):
        return True
    return bool(name) and (daemon in _DAEMONS or daemon in _OTHERS)


def parse(line: LogLine) -> list[Event]:
    """Events told by one Postfix log line; empty if it says nothing about a message.

    An event with queue id "" tells the TLS of a connection: it is about the next messages of
    the same program and pid.  Never raises.
    """
    try:
        handler = _routes[line.program]
    except KeyError:
        handler = _route(line.program)
    text = line.text
    cut = text.find(": ", 5, 31)
    if cut < 0:
        if text.startswith(("connect ", "disconnect ")):
            return []
        return _about_a_process(line)
    queue_id = text[:cut]
    if cut > LONG_MARK and text[LONG_MARK] == "z":
        if not (queue_id.isalnum() and queue_id.isascii()):
            return _about_a_process(line)
    elif queue_id.strip(HEX):
        return _about_a_process(line)
    return handler(line, line.host, queue_id, cut + 2)


def _route(program: str) -> Handler:
    """The reader of a program's lines.

    The name in front (`postfix-out/smtp`) is not read here: it may be one service's of the only
    instance, or a second one's. `tracer.fold.instance_of` tells, when all lines are together.
    """
    otherwise = by_what_is_said if is_nameless(program) else verdict
    handler = _DAEMONS.get(program.rpartition("/")[2], otherwise)
    if len(_routes) < _MOST_PROGRAMS:
        _routes[program] = handler
    return handler


def _about_a_process(line: LogLine) -> list[Event]:
    """Lines that do not begin with a queue id."""
    text, host = line.text, line.host
    if text.startswith("NOQUEUE: "):
        return without_queue_id(line, host, 9)
    if text.startswith("reject: "):  # Postfix before 2.1
        return without_queue_id(line, host, 0)
    if text.startswith("message repeated "):
        return _repeated(line)
    if text.startswith(("warning: ", "error: ", "fatal: ", "panic: ")):
        queue_id, _, said = text.partition(": ")[2].partition(": ")
        return warned(line, host, queue_id, said) if is_queue_id(queue_id) else []
    return _encrypted(line, host)


def _encrypted(line: LogLine, host: str) -> list[Event]:
    """`Untrusted TLS connection established to mx[192.0.2.1]:25: TLSv1.3 with cipher …`."""
    trust, _, rest = line.text.partition(" TLS connection ")
    if " " in trust or not rest or line.program.rpartition("/")[2] not in _SPEAKERS:
        return []
    how, _, rest = rest.partition(" ")
    way, _, rest = rest.partition(" ")
    other, met, rest = rest.partition(": ")
    version = rest.partition(" ")[0]
    if how not in ("established", "reused") or not met or way not in ("to", "from"):
        return []
    return [
        Event(
            _UNKNOWN, line.at_us, host, "",
            line.program, line.pid, line.text, line.source,
            tls=version, relay=other if way == "to" else "",
            client=peer(other)[0] if way == "from" else "",
        )
    ]  # fmt: skip


def _repeated(line: LogLine) -> list[Event]:
    """rsyslog's `message repeated 2 times: [ … ]`: one fact, told that often again."""
    times, met, inner = line.text[17:].partition(" times: [")
    if not met or not inner.endswith("]") or not times.isdecimal() or len(times) > 9:
        return []
    if inner.lstrip().startswith("message repeated "):
        return []
    said = msgspec.structs.replace(line, text=inner[:-1].strip())
    return [
        msgspec.structs.replace(event, text=line.text, repeats=int(times)) for event in parse(said)
    ]


FORMAT: LogFormat = LogFormat(name="postfix", parse=parse, claims=claims)
