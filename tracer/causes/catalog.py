"""The catalogue of causes: its types, and how a cause's TOML file is read and checked.

Owns the file format of `causes/*.toml` (docs/adding-a-cause.md). Knows nothing of
deciding: that is `decide.py`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from enum import IntEnum, StrEnum
from pathlib import Path
from string import Formatter
from typing import TypeVar

import msgspec

from tracer.causes.families import needed
from tracer.causes.reply import THEM, US
from tracer.errors import ConfigError

Written = TypeVar("Written", bound=msgspec.Struct)
_STATUS = re.compile(r"[x245]\.\d{1,3}\.\d{1,4}(-\d{1,4})?")
AT_OUR_DOOR = "at_our_door"
PACKED = "causes.bin"
"""In a folder of causes: all of them once more, read twenty times faster. `make fast` writes it."""
_SENTENCES = (
    "headline", "headline_waiting", "tell_user", "tell_user_waiting", "tell_their_admin",
)  # fmt: skip


class Level(IntEnum):
    """How much a rule is worth: a higher level is asked first."""

    GUESS = 1  # a basic code and the command it answers, or words that say next to nothing
    STATUS = 2  # an enhanced status that says something (RFC 3463)
    FAMILY = 3  # families of words that meet in one sentence (`families.py`)
    HINT = 4  # words that point somewhere but often stand for something else
    PHRASE = 5  # words that mean one thing
    TOKEN = 6  # a provider's own code


class Side(StrEnum):
    """Who has to act."""

    SENDER = "sender"
    US = "us"
    RECIPIENT = "recipient"
    THEIR_ADMIN = "their_admin"
    NOBODY = "nobody"


class Urgency(StrEnum):
    """When somebody has to act."""

    NONE = "none"
    TODAY = "today"
    NOW = "now"


class Severity(StrEnum):
    """Whether the same message may pass later."""

    HARD = "hard"
    SOFT = "soft"
    NONE = "none"


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One `[[match]]`: every field that is given must hold; a list holds if one of it does.

    `text`, `also`, `unless` are looked for in `Heard.text`. `status` may begin with
    "x." for any class and may end in a range ("5.7.606-649"). `families`: one entry's
    families meet in one sentence, those with a "-" do not.
    """

    level: str
    text: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    status: tuple[str, ...] = ()
    code: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    speaker: str = ""
    variant: str = ""


class Stage(StrEnum):
    """Whether the message is tried again by itself, by us or by the server that we put off."""

    ANY = ""
    WAITING = "waiting"
    OVER = "over"


class Step(msgspec.Struct, frozen=True, array_like=True):
    """One thing to do: what stands in bold, the rest of the sentence, and when it applies."""

    verb: str
    rest: str
    stage: Stage = Stage.ANY


class Text(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What people read about a cause, in one language.

    `title` may say "our" and "their"; `label` names the cause where refusals by us and
    by others stand together, when the title cannot. What has "waiting" in its name takes
    the place of its namesake while the message is tried again by itself.
    """

    headline: str
    steps: tuple[Step, ...]
    tell_user: str
    tell_their_admin: str
    title: str = ""
    label: str = ""
    headline_waiting: str = ""
    tell_user_waiting: str = ""
    at_our_door: Text | None = None  # the same when we refused it ourselves


class Example(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A reply, and how it was met."""

    reply: str
    status: str = ""
    command: str = ""
    program: str = ""
    outcome: str = ""


class Reference(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the truth lives, and the day somebody last read it there (YYYY-MM-DD)."""

    text: str
    url: str
    read: str = ""  # nobody has compared the texts with it yet


class Cause(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One cause: how it is recognised and what is to be done.

    `unless_command`: commands whose answers cannot mean it, whatever their words.
    """

    id: str
    side: Side
    urgency: Urgency
    severity: Severity  # when neither reply nor outcome tells
    en: Text
    ru: Text
    reference: tuple[Reference, ...]
    match: tuple[Rule, ...] = ()
    unless_command: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()  # diagnostics worth running
    side_at_our_door: Side | None = None
    example: tuple[Example, ...] = ()
    not_example: tuple[Example, ...] = ()

    def text(self, lang: str) -> Text:
        """The texts in one language; English for a language that we do not have."""
        return self.ru if lang == "ru" else self.en


def packed(folder: Path) -> bytes:
    """What `read_causes` reads in `folder`, as it reads it from PACKED."""
    return msgspec.msgpack.encode(read_causes(folder))


def read_causes(folder: Path) -> dict[str, Cause]:
    """Every cause in `folder`, by id, in the order of their names.

    Raises ConfigError naming the file and the key that is wrong.
    """
    if (folder / PACKED).exists():
        return msgspec.msgpack.decode((folder / PACKED).read_bytes(), type=dict[str, Cause])
    causes = {}
    for path in sorted(folder.glob("*.toml")):
        cause = read_file(path.name, path.read_bytes(), Cause)
        if f"{cause.id}.toml" != path.name:
            raise ConfigError(
                f"{path.name}: `id` is {cause.id!r}; write the name of the file without .toml"
            )
        check(path.name, cause)
        causes[cause.id] = cause
    return causes


def read_file(name: str, content: bytes, kind: type[Written]) -> Written:
    """What a file holds; raises ConfigError naming the key or the line that is wrong."""
    try:
        return msgspec.convert(tomllib.loads(content.decode("utf-8")), kind)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{name}: not TOML in UTF-8: {error}") from error
    except msgspec.ValidationError as error:
        raise ConfigError(f"{name}: {error}") from error


def check(name: str, cause: Cause) -> None:
    """Raise ConfigError for what a cause's file says but must not."""
    check_rules(name, cause.match)
    _check_languages(name, "", cause.en, cause.ru)
    if (cause.en.at_our_door is None) != (cause.ru.at_our_door is None):
        raise ConfigError(f"{name}: `{AT_OUR_DOOR}` is in one language only; write it in both")
    if cause.en.at_our_door and cause.ru.at_our_door:
        _check_languages(name, f".{AT_OUR_DOOR}", cause.en.at_our_door, cause.ru.at_our_door)


def check_rules(name: str, rules: Sequence[Rule]) -> None:
    """Raise ConfigError for a rule that cannot be right, naming it by its number."""
    for number, rule in enumerate(rules, 1):
        _check_rule(f"{name}: match {number}", rule)


def _check_rule(where: str, rule: Rule) -> None:
    if rule.level.upper() not in Level.__members__:
        levels = ", ".join(level.name.lower() for level in reversed(Level))
        raise ConfigError(f"{where}: `level` is {rule.level!r}; write one of {levels}")
    if not rule.text and rule.level in ("phrase", "hint"):
        raise ConfigError(f"{where}: `text` is missing; phrase and hint rules cannot do without")
    _check_families(where, rule)
    if not (rule.text or rule.families or rule.status or rule.code or rule.command):
        raise ConfigError(f"{where}: it would match everything; write `status` or `code`")
    for status in rule.status:
        if not _STATUS.fullmatch(status):
            raise ConfigError(f"{where}: `status` {status!r}: write 5.2.2, x.2.2 or 5.7.606-649")
    if rule.speaker not in ("", US, THEM):
        raise ConfigError(f"{where}: `speaker` is {rule.speaker!r}; write us or them")
    for words in (*rule.text, *rule.also, *rule.unless):
        if words != words.lower() or not words.strip():
            raise ConfigError(f"{where}: {words!r} can never match; write it in lower case")


def _check_families(where: str, rule: Rule) -> None:
    if rule.text and rule.families:
        raise ConfigError(f"{where}: `text` and `families` exclude each other; write two rules")
    if (rule.level == "family") != bool(rule.families) and rule.level != "guess":
        raise ConfigError(f"{where}: `families` and the level family (or guess) go together")
    for entry in rule.families:
        try:
            needed(entry)
        except KeyError as error:
            raise ConfigError(
                f"{where}: there is no family {error} (lexicon/families.toml)"
            ) from error


def _check_languages(name: str, part: str, en: Text, ru: Text) -> None:
    for text, lang in ((en, "en"), (ru, "ru")):
        if not text.title:
            raise ConfigError(f"{name}: `{lang}{part}.title` is missing")
    if [step.stage for step in en.steps] != [step.stage for step in ru.steps]:
        raise ConfigError(
            f"{name}: `en{part}.steps` and `ru{part}.steps` differ in number or stage"
        )
    for key in _SENTENCES:
        if placeholders(getattr(en, key)) != placeholders(getattr(ru, key)):
            raise ConfigError(f"{name}: `ru{part}.{key}` has other placeholders than English")
    for number, (one, other) in enumerate(zip(en.steps, ru.steps, strict=True), 1):
        if placeholders(one.verb + one.rest) != placeholders(other.verb + other.rest):
            raise ConfigError(f"{name}: step {number} of `ru{part}` has other placeholders")


def placeholders(text: str) -> set[str]:
    """The {names} in a text."""
    return {field for _, field, _, _ in Formatter().parse(text) if field}
