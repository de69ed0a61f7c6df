"""Mail filters that name Postfix' queue id: OpenDKIM, OpenDMARC, OpenARC, rspamd, amavis.

What they say is evidence: it joins the message of that queue id on the same host and shows
among its lines. It opens, ends and decides nothing, for Postfix itself logs what became of
the message. A filter that logs no queue id is not read. Sources: opendkim/opendkim.c (and
dkim-filter before it), opendmarc/opendmarc.c, openarc/openarc.c; rspamd's libserver/task.c and
libmime/message.c; amavis' `$log_templ`.
"""

from __future__ import annotations

from collections.abc import Callable

from collectors.formats.log_format import LogFormat
from collectors.formats.postfix_ids import evidence, is_queue_id
from tracer.model import Event, LogLine

_WITHOUT_COLON = ("ignoring Authentication-Results at ", "s=", "SSL ")
_RSPAMD = (
    ("rspamd_task_write_log: id: <", ">, ", "qid: <"),
    ("rspamd_message_parse: loaded message; id: <", ">; ", "queue-id: <"),
)
_AMAVIS_ID = ", Queue-ID: "


def claims(program: str) -> bool:
    """Whether `program` is such a filter; "" is what rspamd's own log file names."""
    return program in _READERS


def parse(line: LogLine) -> list[Event]:
    """The line as evidence about the message it names; empty if it names none.  Never raises."""
    queue_id = _READERS.get(line.program, _named_first)(line.text)
    return evidence(line, line.host, queue_id) if is_queue_id(queue_id) else []


def _named_first(text: str) -> str:
    """`4F1D2C0A: DKIM verification successful`; some lines leave out the colon."""
    word, _, said = text.partition(" ")
    if word.endswith(":"):
        return word[:-1]
    return word if said.startswith(_WITHOUT_COLON) else ""


def _named_by_rspamd(text: str) -> str:
    """`(rspamd_proxy) <94f35d>; proxy; rspamd_task_write_log: id: <…>, qid: <4F1D2C0A>, …`."""
    worker, _, rest = text.partition("; ")
    _, _, said = rest.partition("; ")
    if not worker.endswith(">"):
        return ""
    for start, parted, key in _RSPAMD:
        if said.startswith(start):
            _, _, after = said[len(start) :].partition(parted)
            return after[len(key) :].partition(">")[0] if after.startswith(key) else ""
    return ""


def _named_in_its_file(text: str) -> str:
    """The same in rspamd's own file: `#4493(rspamd_proxy) <94f35d>; …` and no program."""
    return _named_by_rspamd(text) if text.startswith("#") else ""


def _named_by_amavis(text: str) -> str:
    """`(24000-01) Passed CLEAN {…}, … <from> -> <to>, Queue-ID: 4F1D2C0A, Message-ID: <…>, …`.

    Strangers word the addresses before it: a quoted one may hold anything, so there we pass.
    """
    if not text.startswith("("):
        return ""
    before, _, rest = text.partition(_AMAVIS_ID)
    return "" if '"' in before else rest.partition(", ")[0]


_READERS: dict[str, Callable[[str], str]] = {
    "opendkim": _named_first,
    "opendmarc": _named_first,
    "openarc": _named_first,
    "dkim-filter": _named_first,
    "rspamd": _named_by_rspamd,
    "": _named_in_its_file,
    "amavis": _named_by_amavis,
    "amavisd": _named_by_amavis,
    "amavisd-new": _named_by_amavis,
}

FORMAT: LogFormat = LogFormat(name="milters", parse=parse, claims=claims)
