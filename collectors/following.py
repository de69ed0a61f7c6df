"""The files of one source: which are there, which is which, where each goes on.

A rotated log is known again wherever it went: renamed (same inode), copied and cut
(same first octets), packed (the same, unpacked). Only what is new in it is read.
"""

from __future__ import annotations

import glob
import os
import stat
import time
from collections.abc import Iterator

from collectors.files import expand
from collectors.inputs import InputProblem, LogInput, in_order, rotation_of
from collectors.tailing import Found, Tail, begun, glance, is_head_of
from tracer.config import SourceSettings
from tracer.store.checkpoints import Checkpoint

QUIET_S = 30.0
"""A file that is no longer the newest of its log, and quiet for so long, is over."""
LETTING_GO_S = 60.0
"""How long a file that is nowhere to be found is read on."""
_PATTERN = frozenset("*?[")


class Follower:
    """Follows the files of one `[[source]]` of kind "file"."""

    def __init__(self, source: SourceSettings, marks: list[Checkpoint]) -> None:
        self.source = source
        self.problem = ""
        self.files = 0
        self._marks = {mark.id: mark for mark in marks}  # of files that are not followed now too
        self._tails: dict[str, Tail] = {}  # by the id of the checkpoint
        self._gone_s: dict[str, float] = {}  # since when a file is nowhere to be found
        self._glances: dict[tuple[str, int, float], Found] = {}
        self._newest: set[str] = set()

    @property
    def tails(self) -> list[Tail]:
        """What is followed, the oldest file of each log first."""
        return list(self._tails.values())

    @property
    def unread(self) -> int:
        """Octets that wait."""
        return sum(tail.unread for tail in self._tails.values())

    def is_over(self, tail: Tail) -> bool:
        """Whether nobody writes to a file any more: a newer one took its place."""
        if tail.mark.id in self._gone_s:
            return time.monotonic() - self._gone_s[tail.mark.id] > QUIET_S
        quiet = time.time() - tail.found.written_s > QUIET_S
        return quiet and tail.found.path not in self._newest

    def look(self) -> None:
        """Find out which files there are now."""
        present = list(self._present())
        self.files = sum(found.is_wanted for found in present)
        if not self.files and not self.problem:
            self.problem = "no such file yet"
        self._newest = {logs[-1].path for logs in in_order([_log(one) for one in present])}
        known = self._known_again(present)
        self._let_go(known, {found.file for found in present})
        tails = {}
        for mark_id, found in known.items():
            tail = self._tails.get(mark_id) or Tail(found, self._marks[mark_id])
            tail.seen(found)
            if not tail.unread and found.path not in self._newest:
                tail.close()
            tails[mark_id] = tail
        order = {found.path: n for n, found in enumerate(present)}
        kept = {key: self._tails[key] for key in self._gone_s}
        self._tails = kept | dict(sorted(tails.items(), key=lambda kv: order[kv[1].found.path]))

    def close(self) -> None:
        """Let all files go."""
        for tail in self._tails.values():
            tail.close()

    def _known_again(self, present: list[Found]) -> dict[str, Found]:
        """Each file's checkpoint: the old one if it is the same file wherever it is now."""
        known: dict[str, Found] = {}
        by_file = {mark.file: mark for mark in self._marks.values()}
        rest = []
        for found in present:
            mark = by_file.get(found.file)
            if mark and is_head_of(mark, found.head) and _reaches(found, mark):
                known[mark.id] = found
            else:
                rest.append(found)
        for found in rest:
            twin = self._twin(found)
            if twin is None or twin.file == found.file:  # new; or cut back to less than was read
                if found.is_wanted and found.head:
                    tail = self._fresh(found)
                    known[tail.mark.id] = found
            elif twin.id not in known and _reaches(found, twin):
                known[twin.id] = found
        return known

    def _twin(self, found: Found) -> Checkpoint | None:
        """The checkpoint of a file that began with the same octets, read furthest."""
        if found.is_mail:  # messages may begin alike, and are not rotated
            return None
        alike = [mark for mark in self._marks.values() if is_head_of(mark, found.head)]
        return max(alike, key=lambda mark: (mark.head_octets, mark.offset), default=None)

    def _fresh(self, found: Found) -> Tail:
        """A file that is read from its start; what was known of its inode is another file's."""
        for mark in self._marks.values():
            if mark.file == found.file:
                mark.file = ""
        tail = begun(found, self.source.name)
        self._marks[tail.mark.id] = tail.mark
        self._tails[tail.mark.id] = tail
        return tail

    def _let_go(self, known: dict[str, Found], files: set[str]) -> None:
        """Read on for a while what is nowhere to be found: whoever had it open may write yet."""
        now = time.monotonic()
        for key, tail in list(self._tails.items()):
            if key in known:
                self._gone_s.pop(key, None)
                continue
            since = self._gone_s.setdefault(key, now)
            is_other = tail.found.file in files
            if is_other or tail.found.is_packed or now - since > LETTING_GO_S:
                tail.close()
                del self._tails[key], self._gone_s[key]
                if not tail.mark.offset:
                    del self._marks[key]

    def _present(self) -> Iterator[Found]:
        """The files that the source's path names, then those that may be rotations of them."""
        self.problem = ""
        paths = self._paths()
        logs, problems = expand(paths)
        self._tell(problems)
        wanted = [log.path for log in logs]
        beside = [path for path in self._beside(paths) if path not in wanted]
        inputs = [LogInput(path) for path in (*wanted, *beside)]
        seen: dict[tuple[str, int, float], Found] = {}
        for log in (log for series in in_order(inputs) for log in series):
            found = self._glance(log.path, log.path in wanted)
            if found is not None:
                seen[found.path, found.size, found.written_s] = found
                yield found
        self._glances = seen

    def _paths(self) -> list[str]:
        path = self.source.path
        if _PATTERN & set(path) and not os.path.exists(path):
            return sorted(glob.glob(path))
        return [path] if os.path.lexists(path) else []

    def _beside(self, paths: list[str]) -> list[str]:
        """Rotations of a log that is named without a pattern."""
        path = self.source.path
        if _PATTERN & set(path) or os.path.isdir(path):
            return []
        series = rotation_of(path).series
        beside = glob.glob(f"{glob.escape(path)}[-._]*")
        return [one for one in beside if rotation_of(one).series == series and one not in paths]

    def _glance(self, path: str, is_wanted: bool) -> Found | None:
        try:
            about = os.stat(path)
            if not stat.S_ISREG(about.st_mode):  # opening a pipe would wait for ever
                self._tell([InputProblem(path, "is no file: mailtracer ingest reads pipes")])
                return None
            found = self._glances.get((path, about.st_size, about.st_mtime))
            if found is None or found.file != f"{about.st_dev:x}:{about.st_ino}":
                found = glance(path, is_wanted=is_wanted)
        except FileNotFoundError:  # rotated away since it was listed
            return None
        except OSError as error:
            self._tell([InputProblem(path, f"cannot be read: {error.strerror or error}")])
            return None
        if found.problem and is_wanted:
            self._tell([InputProblem(path, found.problem)])
        return None if found.problem else found

    def _tell(self, problems: list[InputProblem]) -> None:
        if problems and not self.problem:
            self.problem = f"{problems[0].path}: {problems[0].message}"


def _reaches(found: Found, mark: Checkpoint) -> bool:
    """Whether a file is as long as what was read of it: a copy in the making is not."""
    return found.is_packed or found.size >= mark.offset


def _log(found: Found) -> LogInput:
    return LogInput(found.path, found.size, found.written_s)
