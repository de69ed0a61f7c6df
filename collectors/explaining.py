"""The command `explain`: what a reply, a log line, a notice or pasted headers mean.

It stands outside `collectors.cli` and imports the store only when a message is to be looked
up: explaining needs none, and loading it takes longer than the whole explanation.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

import click
import msgspec

from collectors.inputs import STDIN
from collectors.pasted import NO_CODE, Explained, Pasted, Unexplainable, explain_text
from collectors.pasted_json import Line, as_object
from collectors.pasted_words import (
    hint_words,
    kind_words,
    likeliest_words,
    trail_lines,
    visible,
)
from tracer import site_rules
from tracer.config import Config, load
from tracer.errors import StoreUnavailable, UnusableInput
from tracer.model import FAILED, Outcome, Row
from tracer.notices import NoticeKind
from tracer.notices.limits import MOST_OCTETS

log = logging.getLogger(__name__)

LONGEST_LINE = 64 * 1024 * 1024
LONGEST_ID = 2_000  # octets of a broken line in which its id is looked for
_ID = re.compile(rb'"id"\s*:\s*("[ -!#-\[\]-~]{0,500}"|-?[1-9]\d{0,17}\b)')  # no escapes
FAILING = {"hard": ("hard",), "any": ("hard", "soft")}


@click.command()
@click.option("--config", type=click.Path(path_type=Path), help="Settings file (TOML).")
@click.option("--home", type=click.Path(path_type=Path), help="Folder of all state.")
@click.argument("words", nargs=-1, metavar="[TEXT | FILE | -]")
@click.option("--lang", type=click.Choice(["en", "ru"]), default="en", show_default=True)
@click.option("--json", "form", flag_value="json", help="One JSON object.")
@click.option("--jsonl", "form", flag_value="jsonl", help="Read and write one object a line.")
@click.option(
    "--fail-on",
    type=click.Choice(["hard", "any", "unknown"]),
    help="End with 1 if it failed for good, failed or waits, or if the cause is not known.",
)
def explain(
    config: Path | None, home: Path | None, words: tuple[str, ...], lang: str, form: str | None,
    fail_on: str | None,
) -> None:  # fmt: skip
    """Say what a reply means, who must act and what to do.

    TEXT is a server's reply, log lines, a status (5.7.1), a bounce message or the headers of
    a message; FILE or - holds one. With --jsonl every line is
    {id, text, reply_code, enhanced, command}. Nothing is stored or sent anywhere.

    \b
    Examples:
      mailtracer explain "550 5.1.1 User unknown"
      mailtracer explain bounce.eml --lang ru
      mailtracer explain 5.7.1 --json
      mailtracer explain --jsonl replies.jsonl > causes.jsonl
    """
    settings = load(config, home, os.environ)
    site_rules.use(site_rules.folder_of(settings.home))
    today = datetime.now(UTC).date()
    if form == "jsonl":
        bad = _each_line(words, lang, today, fail_on)
    else:
        pasted = explain_text(_octets(words), lang, today=today)
        rows = _known(settings, pasted)
        if form == "json":
            ids = [row.id for row in rows]
            click.echo(msgspec.json.encode(as_object(pasted) | {"trace": ids}).decode())
        else:
            click.echo(in_words(pasted, rows, lang))
        bad = _is_bad(pasted, fail_on)
    if bad:
        raise click.exceptions.Exit(1)


def _octets(words: tuple[str, ...]) -> bytes:
    """What was given: text on the command line, a file, or standard input."""
    if not words and sys.stdin.isatty():
        raise click.UsageError('What is to be explained? Try: mailtracer explain "550 5.1.1 …"')
    if not words or words == (STDIN,):
        return sys.stdin.buffer.read(MOST_OCTETS + 1)
    if len(words) == 1 and _names_a_file(words[0]):
        with _opened(words[0]) as file:
            return file.read(MOST_OCTETS + 1)
    return " ".join(words).encode("utf-8", "surrogateescape")


def _names_a_file(word: str) -> bool:
    if "\n" in word or len(word) > 4096:
        return False
    looks_so = word.lower().endswith((".eml", ".msg", ".txt", ".log", ".jsonl")) and " " not in word
    return looks_so or os.path.isfile(word)


def _opened(path: str) -> BinaryIO:
    try:
        return open(path, "rb")
    except OSError as error:
        raise UnusableInput(f"{path} cannot be read: {error.strerror}") from error


def _known(settings: Config, pasted: Pasted) -> tuple[Row, ...]:
    """The messages in the store that this is about; none if there is no store to ask."""
    if not (pasted.queue_ids or pasted.message_ids):
        return ()
    store = import_module("tracer.cli.store")
    try:
        with store.reading_store(settings) as conn:
            rows: tuple[Row, ...] = import_module("collectors.known").known(conn, pasted)
            return rows
    except StoreUnavailable as error:
        log.info("not looked up: %s", error)
        return ()


def _is_bad(pasted: Pasted, fail_on: str | None) -> bool:
    cards = [one.card for one in pasted.found]
    if fail_on == "unknown":
        return any(card.cause == "unknown" for card in cards)
    return any(card.cause and card.severity in FAILING.get(fail_on or "", ()) for card in cards)


# In bulk


def _each_line(words: tuple[str, ...], lang: str, today: date, fail_on: str | None) -> bool:
    """Explain line by line; whether one of them is bad. Raises when none could be read."""
    if len(words) > 1:
        raise click.UsageError("--jsonl reads one file, or standard input.")
    usable = bad = False
    out = sys.stdout.buffer
    sys.stdout.flush()
    for number, line in enumerate(_lines(words), 1):
        told, pasted = _answer(line, number, lang, today)
        usable = usable or pasted is not None
        bad = bad or (pasted is not None and _is_bad(pasted, fail_on))
        out.write(msgspec.json.encode(told) + b"\n")
    out.flush()
    if not usable:
        raise UnusableInput("no line could be used; each is to be {id, text, …} in JSON")
    return bad


def _lines(words: tuple[str, ...]) -> Iterator[bytes]:
    path = words[0] if words else STDIN
    file = sys.stdin.buffer if path == STDIN else _opened(path)
    with file:
        while line := file.readline(LONGEST_LINE):
            rest = line
            while rest and not rest.endswith(b"\n"):  # too long: what is left of it is no line
                rest = file.readline(LONGEST_LINE)
            if line.strip():
                yield line


def _answer(line: bytes, number: int, lang: str, today: date) -> tuple[Any, Pasted | None]:
    """The object for one line, and what it was; an error object and None if it is no use."""
    id: Any = None
    try:
        asked = _DECODER.decode(line)
        id = asked.id
        pasted = explain_text(asked.text, lang, today=today, given=asked.given())
    except msgspec.DecodeError as error:
        return {"id": _id_of(line), "error": f"line {number}: {error}"}, None
    except Unexplainable as error:
        return {"id": id, "error": f"line {number}: {error}"}, None
    return as_object(pasted, id), pasted


_DECODER = msgspec.json.Decoder(Line)


def _id_of(line: bytes) -> Any:
    """The id of a line whose other fields are wrong."""
    try:
        held = json.loads(line)
    except (ValueError, RecursionError):
        found = _ID.search(line[:LONGEST_ID])
        return json.loads(found[1]) if found else None
    return held.get("id") if isinstance(held, dict) else None


# For people


def in_words(pasted: Pasted, rows: tuple[Row, ...], lang: str) -> str:
    """The explanation for a person at a terminal."""
    told = [click.style(kind_words(pasted, lang), dim=True)]
    told += [f"! {words}" for words in hint_words(pasted.hints, lang)]
    if NO_CODE in pasted.hints:
        return "\n".join(told)  # no steps, nobody to write to: perhaps no server said it
    for one in pasted.found:
        told += ["", *_card(one, lang)]
    if pasted.notice and pasted.kind == NoticeKind.MESSAGE:
        told += ["", *(visible(line) for line in trail_lines(pasted.notice.trail, lang))]
    if rows:
        told += ["", *(_shown(row) for row in rows)]
    return "\n".join(told)


def _shown(row: Row) -> str:
    return visible(f"mailtracer show {row.id}  {row.status}  {row.sender} -> {row.recipient}")


def _card(one: Explained, lang: str) -> Iterator[str]:
    card, told = one.card, one.told
    tone = "red" if told.outcome in FAILED else "yellow" if _waits(told.outcome) else "green"
    yield click.style(visible(card.headline), bold=True, fg=tone)
    yield f"{card.acts}. {card.confidence_word}: {visible(card.why)}"
    if told.reply:
        yield ""
        yield _quoted(told.reply, card.marks)
    if card.likeliest:
        yield ""
        yield from map(visible, likeliest_words(card.likeliest, lang))
    if card.steps:
        yield ""
    for number, (verb, rest) in enumerate(card.steps, 1):
        gap = "" if rest[:1] in (".", ",", ":", ";", "", " ") else " "
        yield f"{number}. {visible(verb)}{gap}{visible(rest)}"
    if card.tell_user:
        yield ""
        yield f"  “{visible(card.tell_user)}”"


def _waits(outcome: Outcome) -> bool:
    return outcome in (Outcome.DEFERRED, Outcome.UNKNOWN)


def _quoted(reply: str, marks: tuple[tuple[int, int], ...]) -> str:
    """The reply with its deciding words marked."""
    told, at = [], 0
    for start, end in marks:
        if start >= at:
            told += [visible(reply[at:start]), click.style(visible(reply[start:end]), reverse=True)]
            at = end
    return "  > " + "".join([*told, visible(reply[at:])]).replace("\n", "\n  > ")
