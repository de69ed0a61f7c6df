"""The causes that this site explains by: ours, and what stands in its folder `causes.d`.

Rules of a site are proven like ours before they are used: each example must get its own
cause, each counter-example another one, and no example of ours may be taken over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from threading import RLock

from tracer.causes import Cause, built_in, catalog, hear
from tracer.causes.catalog import Example
from tracer.causes.judging import judge, judge_by
from tracer.causes.site import SiteFile, merged, read_site, read_text
from tracer.errors import ConfigError
from tracer.model import Outcome

FOLDER = "causes.d"
_QUOTED = 100  # characters of a reply that an error quotes
_PROVING = RLock()  # proving puts the new rules in force for a moment


def folder_of(home: Path) -> Path:
    """Where a site's rules lie."""
    return home / FOLDER


def use(folder: Path) -> tuple[SiteFile, ...]:
    """Explain by our causes and this folder's from now on; its files.

    Called by a program when it starts, before anything is judged. Costs nothing where the
    folder has no files. Raises ConfigError naming the file, the line and what to do.
    """
    if not any(folder.glob("*.toml")):
        return ()
    files = read_site(folder, built_in())
    _prove(files)
    return files


def add(folder: Path, name: str, text: str) -> Path:
    """Prove one more file, write it, and explain by it from now on; where it was written.

    A file of that name that exists stays: the new one gets a number. Raises ConfigError
    if the file is not right, OSError if it cannot be written.
    """
    with _PROVING:
        new = prove(folder, name, text)
        folder.mkdir(parents=True, exist_ok=True)
        path = _written(folder, name, text)
        judge_by(new)
    return path


def _written(folder: Path, name: str, text: str) -> Path:
    for path in _names(folder, name):
        try:
            file = path.open("x", encoding="utf-8")
        except FileExistsError:
            continue
        try:
            with file:
                file.write(text)
        except OSError:  # half a rule would stop the next start
            path.unlink(missing_ok=True)
            raise
        return path
    raise AssertionError("names never end")


def prove(folder: Path, name: str, text: str) -> Mapping[str, Cause]:
    """The causes in force if this file were added. Raises ConfigError if it must not be."""
    known = read_site(folder, built_in())
    file = read_text(f"{folder.name}/{name}.toml", text.encode(), built_in())
    with _PROVING:
        before = catalog()
        try:
            return _prove((*known, file))
        finally:
            judge_by(before)


def _names(folder: Path, name: str) -> Iterator[Path]:
    yield folder / f"{name}.toml"
    number = 2
    while True:
        yield folder / f"{name}-{number}.toml"
        number += 1


def _prove(files: Sequence[SiteFile]) -> Mapping[str, Cause]:
    """Explain by these files if they are right, else by what was in force, and ConfigError."""
    causes = merged(built_in(), files)
    with _PROVING:
        before = catalog()
        judge_by(causes)
        try:
            _prove_own(files)
            _prove_ours(files)
        except ConfigError:
            judge_by(before)
            raise
    return causes


def _prove_own(files: Sequence[SiteFile]) -> None:
    for file in files:
        own = file.content.id
        for number, example in enumerate(file.content.example, 1):
            if (named := _named(example)) != own:
                raise ConfigError(
                    f"{file.line('example', number)}: example {number} gets the cause {named}, "
                    f"not {own}: {_quoted(example)}. Write the words of [[match]] as they are "
                    f"heard: {_heard(example)!r}; longer words win."
                )
        for number, example in enumerate(file.content.not_example, 1):
            if _named(example) == own:
                raise ConfigError(
                    f"{file.line('not_example', number)}: not_example {number} gets the cause "
                    f"{own} all the same: {_quoted(example)}. Make the words of [[match]] longer, "
                    "or give it an `unless`."
                )


def _prove_ours(files: Sequence[SiteFile]) -> None:
    """No example of ours may get a cause that a site's rule gives."""
    given = {file.content.id for file in files}
    for cause in built_in().values():
        for example in cause.example:
            named = _named(example)
            if named != cause.id and named in given:
                who = _who(files, named, example)
                raise ConfigError(
                    f"{who}: this rule takes over a reply whose cause is {cause.id}: "
                    f"{_quoted(example)}. Make its words longer, or give it an `unless`."
                )


def _who(files: Sequence[SiteFile], named: str, example: Example) -> str:
    """The file and line of the rule that most likely did it."""
    heard = _heard(example)
    for file in files:
        for number, rule in enumerate(file.content.match, 1):
            if file.content.id == named and any(words in heard for words in rule.text or ("",)):
                return file.line("match", number)
    return next(file.name for file in files if file.content.id == named)


def _named(example: Example) -> str:
    outcome = Outcome(example.outcome) if example.outcome else Outcome.BOUNCED
    return judge(outcome, example.reply, example.status, example.command, example.program).cause


def _heard(example: Example) -> str:
    return hear(example.reply, example.status, example.command, example.program).text


def _quoted(example: Example) -> str:
    said = " ".join(example.reply.split())
    return f"“{said if len(said) <= _QUOTED else said[:_QUOTED] + '…'}”"
