"""Which mail each log line of the lab belongs to.

A line is about a queue id, about an smtpd session that got none, or about a client that
postscreen looked at: its *owner*. Owners that caused one another are one *mail*. The
whole log is at hand, and it is the lab's own, so this may be simpler than a tracer.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tests.system.lab.recorder import Seen

Node = tuple[str, ...]
NOBODY: Node = ()
QUEUE_ID = r"(?=\w*\d)[0-9A-Za-z]{10,20}"
HEAD = re.compile(
    rf"(?P<program>[\w/-]+)\[(?P<pid>\d+)\]: (?:(?:warning: )?(?P<qid>{QUEUE_ID}): )?"
)
CHILD = re.compile(r"(?:queued as|forwarded as|notification:) (\w+)")
PARENT = re.compile(r"orig_queue_id=(\w+)")
PEER = re.compile(r"\[(\d+\.\d+\.\d+\.\d+)\]")
SCREENED = re.compile(
    r"postfix/(?:postscreen\[.*?\[([\d.]+)\]:\d+|dnsblog\[\d+\]: addr (\S+) listed)"
)


Read = Sequence[tuple[Seen, re.Match[str]]]


@dataclass(frozen=True)
class Line:
    """A line with its owner, and its smtpd session (`NOBODY` for other programs)."""

    seen: Seen
    program: str
    pid: str
    owner: Node
    session: Node


def owned(lines: Sequence[Seen]) -> list[Line]:
    """The lines that have an owner, in their order; those about the lab itself have none."""
    read = [(seen, head) for seen in lines if (head := HEAD.match(seen.text))]
    sessions = _sessions(read)
    named = [_named(seen, head) for seen, head in read]
    first: dict[Node, Node] = {}
    for session, name in zip(sessions, named, strict=True):
        if session and name:
            first.setdefault(session, name)
    known = [
        name or first.get(session, session) for session, name in zip(sessions, named, strict=True)
    ]
    lent = _lent(read, known)
    return [
        Line(seen, head["program"], head["pid"], owner, session)
        for (seen, head), session, owner in zip(read, sessions, lent, strict=True)
        if owner and not _is_about_the_lab(head["program"], seen.text)
    ]


def _sessions(read: Read) -> list[Node]:
    """The smtpd session of each line: a process' lines up to and with its `disconnect`."""
    number: dict[Node, int] = defaultdict(int)
    found = []
    for seen, head in read:
        process = seen.host, head["pid"]
        is_smtpd = head["program"].endswith("smtpd")
        found.append(("session", *process, str(number[process])) if is_smtpd else NOBODY)
        if is_smtpd and seen.text.startswith("disconnect", head.end()):
            number[process] += 1
    return found


def _named(seen: Seen, head: re.Match[str]) -> Node:
    """The queue id, or the screened client, that the line itself names."""
    if head["qid"]:
        return ("queue", seen.host, head["qid"])
    if screened := SCREENED.match(seen.text):
        return ("screen", screened[1] or screened[2])
    return NOBODY


def _lent(read: Read, known: Sequence[Node]) -> list[Node]:
    """Owners for the lines without one, from the same process.

    smtp(8) speaks of a connection before it names the message, all others after it.
    """
    found = list(known)
    last: dict[Node, Node] = {}
    for step in (1, -1):
        last.clear()
        for index in range(len(found))[::step]:
            seen, head = read[index]
            process = seen.host, head["pid"]
            if known[index]:
                last[process] = known[index]
            elif head["program"].endswith("smtp") == (step == -1):
                found[index] = last.get(process, NOBODY)
    return found


def _is_about_the_lab(program: str, text: str) -> bool:
    """Daemons starting and stopping, and complaints about the shortened times."""
    return (
        program.endswith(("anvil", "master", "postfix-script"))
        or ("/bounce[" in text and "]: warning: " in text)
        or "_cache full cleanup" in text
    )


def causes(lines: Sequence[Line]) -> dict[Node, Node]:
    """For each owner that another one caused: which one."""
    known = {line.owner for line in lines}
    hosts = sorted({line.seen.host for line in lines})
    found: dict[Node, Node] = {}
    for line in lines:
        if child := CHILD.search(line.seen.text):
            for node in (("queue", host, child[1]) for host in hosts):
                if node in known and line.owner not in (node, NOBODY):
                    found.setdefault(node, line.owner)
        if origin := PARENT.search(line.seen.text):
            found[line.owner] = ("queue", line.seen.host, origin[1])
    return found | dict(_refused_inside(lines))


def _refused_inside(lines: Sequence[Line]) -> Iterable[tuple[Node, Node]]:
    """Sessions in which mx2 refused what mx1 brought: the mail that mx1 then bounced."""
    bounced = [
        line
        for line in lines
        if "relay=mx2.corp.example[" in line.seen.text and "status=bounced" in line.seen.text
    ]
    for line in lines:
        text = line.seen.text
        if "NOQUEUE: reject: RCPT from mx1.corp.example[" in text:
            recipient = text.partition(" to=<")[2].partition(">")[0]
            near = [x for x in bounced if f"to=<{recipient}>" in x.seen.text]
            yield line.owner, _nearest(near, line.seen.at).owner


def _nearest(lines: Sequence[Line], at: float) -> Line:
    return min(lines, key=lambda line: abs(line.seen.at - at))


def mails(lines: Sequence[Line]) -> Mapping[Node, Node]:
    """For each owner its mail, named by the topmost owner."""
    above: dict[Node, Node] = {}

    def top(node: Node) -> Node:
        while node in above:
            node = above[node]
        return node

    first: dict[Node, Node] = {}
    together = list(causes(lines).items())
    for line in lines:
        if line.session:
            together.append((line.owner, first.setdefault(line.session, line.owner)))
    together += _after_screening(lines)
    for lower, upper in together:
        if top(lower) != top(upper):
            above[top(lower)] = top(upper)
    return {line.owner: top(line.owner) for line in lines}


def _after_screening(lines: Sequence[Line]) -> list[tuple[Node, Node]]:
    """Sessions of clients that postscreen had looked at first."""
    screened = {line.owner for line in lines if line.owner[0] == "screen"}
    return [
        (line.owner, ("screen", peer[1]))
        for line in lines
        if line.session
        and (peer := PEER.search(line.seen.text))
        and ("screen", peer[1]) in screened
    ]
