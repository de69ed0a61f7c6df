"""Why a log cannot be followed, in the reader's language.

The collector notes it in English, as it warns on its standard error. Here each reason is known
again by its shape; one that is not stands as it is.
"""

from __future__ import annotations

import re

from flask_babel import gettext


def _(words: str) -> str:
    """Marks words that are translated when they are shown."""
    return words


_SHAPES: tuple[tuple[str, str], ...] = (
    (r"no such file yet",
     _("There is no such file yet. Compare the path in the settings.")),
    (r"(?P<path>.+): does not exist",
     _("%(path)s does not exist. Compare the path in the settings.")),
    (r"(?P<path>.+): cannot be read, the rights are missing: .*",
     _("%(path)s cannot be read: the rights are missing. "
       "Run as a user who may, such as root or group adm.")),
    (r"(?P<path>.+): cannot be read: (?P<why>.+)",
     _("%(path)s cannot be read: %(why)s")),
    (r"(?P<path>.+): is no file: mailtracer ingest reads pipes",
     _("%(path)s is no file. Pipes are read by mailtracer ingest.")),
    (r"(?P<path>.+): is UTF-16 or UTF-32, .*",
     _("%(path)s is UTF-16 or UTF-32, which cannot be followed. Read it with mailtracer ingest.")),
    (r"(?P<path>.+): is not a text: it was passed over",
     _("%(path)s is no log: it is not a text.")),
    (r"(?P<path>.+): is a journal of systemd: .*",
     _("%(path)s is a journal of systemd. Read it with journalctl -o json | mailtracer ingest -")),
    (r"(?P<path>.+): is a zip archive: .*",
     _("%(path)s is a zip archive. Unpack it and name the files in it.")),
    (r"(?P<path>.+): is packed by compress: .*",
     _("%(path)s is packed by compress. Unpack it with uncompress first.")),
    (r"(?P<path>.+): is an SQLite database, not a log",
     _("%(path)s is an SQLite database, not a log.")),
    (r"(?P<path>.+): is empty: there was nothing to read",
     _("%(path)s is empty.")),
)  # fmt: skip
_KNOWN = tuple((re.compile(shape, re.DOTALL), words) for shape, words in _SHAPES)


def followed_words(problem: str) -> str:
    """The reason in the reader's language."""
    for shape, words in _KNOWN:
        if found := shape.fullmatch(problem):
            return gettext(words, **found.groupdict())
    return problem
