"""One lesson: a message whose reply nobody recognised, the cause it gets, and the file for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from flask import url_for

from collectors.formats import parse_line
from tracer import site_rules
from tracer.causes.catalog import Example
from tracer.causes.teaching import as_heard, file_name, heard_words, rule_file, suggested
from tracer.model import Outcome, Row
from tracer.told import told_of
from tracer.trace import load_trace
from webui.db import connection, store_time

MOST_WORDS = 5
LONGEST = 200


@dataclass(frozen=True, slots=True)
class Lesson:
    """What is taught: `words` is one phrase a line, as they were typed."""

    row: Row
    example: Example
    cause: str = ""
    words: str = ""

    @classmethod
    def of_message(cls, id: str) -> Lesson:
        """The lesson of a message, with suggested words. Raises NotFound."""
        with store_time():
            trace = load_trace(connection(), id, parse_line)
        told = told_of(trace)
        bounced = told.outcome is Outcome.BOUNCED
        outcome = "" if bounced else told.outcome.value
        example = Example(told.reply, told.status, told.command, told.program, outcome)
        return cls(trace.row, example, words=suggested(example))

    def answered(self, form: Mapping[str, str]) -> Lesson:
        """The same with what was chosen."""
        return replace(self, cause=form.get("cause", ""), words=form.get("words", ""))

    @property
    def phrases(self) -> tuple[str, ...]:
        """The deciding words, as a rule must have them."""
        lines = (as_heard(line)[:LONGEST] for line in self.words.splitlines()[:MOST_WORDS])
        return tuple(dict.fromkeys(filter(None, lines)))

    @property
    def is_answered(self) -> bool:
        """Whether cause and words are there."""
        return bool(self.cause and self.phrases)

    @property
    def heard(self) -> str:
        """The reply as rules hear it."""
        return heard_words(self.example)

    @property
    def address(self) -> str:
        """The page of the message."""
        return url_for("traces.message", id=self.row.id)


@dataclass(frozen=True, slots=True)
class Result:
    """A proven file: its text, where it belongs, and whether it was written there."""

    text: str
    path: str
    is_written: bool


def taught(lesson: Lesson, folder: Path | None) -> Result:
    """Prove the rule of a lesson and write it. Raises ConfigError if it must not be used."""
    text = rule_file(lesson.cause, lesson.phrases, lesson.example)
    name = file_name(lesson.cause, lesson.phrases[0])
    target = folder or Path(site_rules.FOLDER)
    try:
        if folder:
            return Result(text, str(site_rules.add(folder, name, text)), True)
        site_rules.prove(target, name, text)
    except OSError:
        pass  # it was proven before it could not be written: whoever may write there does
    return Result(text, str(target / f"{name}.toml"), False)
