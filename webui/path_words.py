"""Words for the parts of a path: shared by both pictures and their table."""

from __future__ import annotations

from tracer.model import Outcome
from webui import show
from webui.i18n import gettext, ngettext
from webui.path import Path, Step, StepKind
from webui.vocabulary import WORDS, tls_word


def step_word(step: Step) -> str:
    """Like "Submit", "Queue", "Hand over"…"""
    words = {
        StepKind.RECEIVE: gettext("Submit") if step.note else gettext("Receive"),
        StepKind.QUEUE: gettext("Queue"),
        StepKind.CONNECT: gettext("Connect"),
        StepKind.TRANSFER: gettext("Hand over"),
        StepKind.STORE: gettext("Deliver"),
        StepKind.FILTER: gettext("Filter"),
    }
    return words[step.kind]


def queue_words(step: Step) -> str:
    """Like "Queue on mx1, 4 tries put off: 451"."""
    if not step.tries:
        return step_word(step)
    tries = ngettext("%(num)s try put off", "%(num)s tries put off", len(step.tries))
    words = gettext("Queue on %(host)s, %(tries)s", host=step.host, tries=tries)
    codes = sorted({held.code for held in step.tries if held.code})
    return f"{words}: {', '.join(codes)}" if codes else words


def took(step: Step, *, brief: bool = False) -> str:
    """The step's duration, "" if it is not known."""
    return "" if step.took_s is None else show.duration(step.took_s, brief=brief)


def tls_words(step: Step) -> str:
    """Told once for a connection: where it is made, not where it is used."""
    return "" if step.kind is StepKind.TRANSFER else tls_word(step.tls)


def end_words(path: Path) -> tuple[str, str]:
    """What stands at the end: the code, if one was given, and the outcome."""
    word = str(WORDS[path.outcome])
    return (path.code, word) if path.code else (word, "")


def is_beyond_sight(path: Path) -> bool:
    """Whether the mail went on to where we cannot see."""
    return path.outcome is Outcome.RELAYED


def ends_in_queue(path: Path) -> bool:
    """Whether nothing took the mail out of the queue but its end."""
    return bool(path.steps) and path.steps[-1].kind is StepKind.QUEUE


def path_title(path: Path) -> str:
    """The picture's name."""
    start = path.stops[0].name if path.stops else path.end_name
    return gettext("Path of the message from %(start)s to %(end)s", start=start, end=path.end_name)


def path_description(path: Path) -> str:
    """The picture in one sentence or two."""
    told = [_step_sentence(step) for step in path.steps]
    code, word = end_words(path)
    told.append(f"{code} {word}".strip())
    return gettext("%(steps)s. The table below has the same figures.", steps="; ".join(told))


def _step_sentence(step: Step) -> str:
    told = [f"{queue_words(step)} {took(step)}".strip()]
    if step.tls:
        told.append(tls_word(step.tls))
    return ", ".join(told)
