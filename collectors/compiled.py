"""A compiled copy of the sources, which the reading process runs where `make fast` has made one.

The copy keeps a list of the sources that it was made of, each file with its size and time, and of
the Python that it was made for.  Where that list is not that of the sources as they are,
the copy is passed over and the plain sources run.  A copy is never written to: another gets another
folder, so that a process which is just starting does not take half of each.
"""

from __future__ import annotations

import os
import sys
import zlib
from collections.abc import Iterator

PACKAGES = ("collectors", "tracer")
"""What is copied: all that the reading process may import of ours."""
KEPT_IN = os.path.join(".venv", "compiled")
"""Where the copies lie, below the folder that holds the packages."""
MADE_OF = "made-of"
"""The file of a copy that holds its `sources`."""


def compiled(root: str) -> str:
    """The folder of the copy made of the packages in `root` as they are; "" if there is none."""
    kept = os.path.join(root, KEPT_IN)
    if not os.path.isdir(kept):
        return ""
    try:
        now = sources(root)
        folder = os.path.join(kept, name_of(now))
        with open(os.path.join(folder, MADE_OF), "rb") as file:
            return folder if file.read() == now else ""
    except OSError:  # there is none, or a source that is a link leads nowhere
        return ""


def sources(root: str) -> bytes:
    """The Python that runs and every file of the packages in `root`, with its size and time.

    Raises OSError if one cannot be looked at.
    """
    told = [sys.version.replace("\n", " "), sys.implementation.cache_tag or ""]
    for package in PACKAGES:
        told += sorted(_files(os.path.join(root, package), package))
    return os.fsencode("\n".join(told))


def name_of(told: bytes) -> str:
    """The name of the folder of a copy that is made of these sources."""
    return f"{zlib.crc32(told):08x}"


def _files(folder: str, name: str) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                if entry.name != "__pycache__":
                    yield from _files(entry.path, f"{name}/{entry.name}")
            else:
                about = entry.stat()
                yield f"{name}/{entry.name} {about.st_size} {about.st_mtime_ns}"
