"""Where the files of sealed days lie: a folder, or any place that fsspec knows (`s3://…`).

A file appears whole or not at all: it is written beside its place under another name, or in
a temporary folder for a place far away, and then moved there.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq

from tracer.archive.columns import RISING, SCHEMA, VARIED, Row, decoded
from tracer.errors import ConfigError, StoreUnavailable, TracerError
from tracer.store.sealed import DayFile, shown

LEVEL = 18  # of Zstandard: a day is packed once, at night; 12 takes 7 % more room
ROWS_TOGETHER = 100_000
PAGE_OCTETS = 16 << 20  # what is packed together; the default of 1 MiB packs a tenth worse
_CHUNK = 1 << 20
_REPEATED = [
    f"{name}.list.element" if pa.types.is_list(SCHEMA.field(name).type) else name
    for name in SCHEMA.names
    if name not in (*RISING, *VARIED)
]
_SKIPPED_BY = ["hop_id", "received_at", "updated_at", "sender", "recipient", "message_id"]
"""Columns by whose least and greatest values readers pass over what they need not read."""
_AS_IT_IS = {"use_listings_cache": False, "skip_instance_cache": True}
"""Other processes seal and delete too, so nothing that was seen once is taken to be so still."""
_NAME = re.compile(r"(\d{4})-(\d\d)-(\d\d)\.parquet")


class ArchiveDamaged(StoreUnavailable):
    """A file of the archive is missing, or is not what was sealed."""

    exit_code = 65


class Archive:
    """The files at one place."""

    def __init__(self, place: str) -> None:
        """Raises ConfigError where this program cannot reach such a place."""
        try:
            self._files, self._root = fsspec.core.url_to_fs(place, **_AS_IT_IS)
        except ImportError as error:
            raise ConfigError(
                f"archive.place: {place} needs a package that is not installed ({error}). For S3: "
                "pip install s3fs"
            ) from error
        except ValueError as error:
            raise ConfigError(f"archive.place: {place} cannot be used: {error}") from error
        self._is_local = "file" in self._files.protocol

    def name(self, day: str) -> str:
        """Where the file of a day is: `…/2026-11-22.parquet`."""
        return f"{self._root}/{shown(day)}.parquet"

    def days(self) -> list[str]:
        """The days that have a file, newest first."""
        with self._reached():
            if not self._files.exists(self._root):
                return []
            names = (name.rpartition("/")[2] for name in self._files.ls(self._root, detail=False))
            return sorted(
                ("".join(m.groups()) for m in map(_NAME.fullmatch, names) if m), reverse=True
            )

    def write(self, day: str, rows: Iterable[Row]) -> DayFile:
        """Make the file of a day; one that was there is replaced. `rows` are in order of time."""
        with _usable(self._root), self._beside() as folder:
            made = Path(folder) / f"{day}.part"
            count, hops = _write(made, rows)
            known = DayFile(day, count, hops, made.stat().st_size, _sha256(made.open("rb")))
            with self._reached():
                self._place(made, self.name(day))
            return known

    def read(self, day: str) -> Iterator[Row]:
        """The rows of a day, oldest hop first."""
        with (
            self._reached(),
            _whole(self.name(day)),
            self._files.open(self.name(day), "rb") as file,
        ):
            for batch in pq.ParquetFile(file).iter_batches(ROWS_TOGETHER):
                yield from decoded(batch)

    def check(self, known: DayFile) -> None:
        """Raise ArchiveDamaged unless the file is what was sealed, to the octet."""
        name = self.name(known.day)
        with self._reached(), _whole(name), self._files.open(name, "rb") as file:
            found = _sha256(file)
        if found != known.sha256:
            raise ArchiveDamaged(
                f"{name} has changed since it was sealed (SHA-256 {found[:12]}…, not "
                f"{known.sha256[:12]}…). Put a copy from your backup in its place."
            )

    def remove(self, day: str) -> None:
        """Delete the file of a day, if it is there."""
        with self._reached(), suppress(FileNotFoundError):
            self._files.rm_file(self.name(day))

    @contextmanager
    def _reached(self) -> Iterator[None]:
        """Raise StoreUnavailable for what the place refuses; one far away does so in words of its
        own library, which need not be an OSError (botocore: no credentials, no answer)."""
        try:
            with _usable(self._root):
                yield
        except TracerError:
            raise
        except Exception as error:
            if self._is_local:
                raise
            raise _refused(self._root, error) from error

    @contextmanager
    def _beside(self) -> Iterator[str]:
        if not self._is_local:
            with TemporaryDirectory() as folder:
                yield folder
            return
        os.makedirs(self._root, exist_ok=True)
        with TemporaryDirectory(dir=self._root, prefix=".sealing-") as folder:
            yield folder

    def _place(self, made: Path, name: str) -> None:
        if not self._is_local:
            self._files.put_file(str(made), name)
            return
        _sync(made)
        os.replace(made, name)
        _sync(Path(self._root))


def _write(path: Path, rows: Iterable[Row]) -> tuple[int, int]:
    """Write rows; how many they were, and of how many hops."""
    count = hops = last = 0
    waiting: list[Row] = []
    with pq.ParquetWriter(
        path,
        SCHEMA,
        compression="zstd",
        compression_level=LEVEL,
        data_page_size=PAGE_OCTETS,
        use_dictionary=_REPEATED,
        dictionary_pagesize_limit=PAGE_OCTETS,
        store_schema=False,  # Parquet's own says it all, in 4 KB less
        write_statistics=_SKIPPED_BY,
        column_encoding=dict.fromkeys(RISING, "DELTA_BINARY_PACKED"),
    ) as writer:
        for row in rows:
            if len(waiting) >= ROWS_TOGETHER:
                writer.write_batch(_batch(waiting))
                waiting = []
            waiting.append(row)
            count += 1
            hops += row["hop_id"] != last
            last = row["hop_id"]
        writer.write_batch(_batch(waiting))
    return count, hops


def _batch(rows: list[Row]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist(rows, schema=SCHEMA)


def _sha256(file: Any) -> str:
    with file:
        digest = hashlib.sha256()
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _sync(path: Path) -> None:
    """A crash of the machine may come at once after."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


@contextmanager
def _whole(name: str) -> Iterator[None]:
    """Raise ArchiveDamaged for a file that is gone or that is no Parquet."""
    try:
        yield
    except FileNotFoundError as error:
        raise ArchiveDamaged(f"{name} is not there. Put a copy from your backup there.") from error
    except pa.ArrowException as error:
        raise ArchiveDamaged(
            f"{name} cannot be read: {error}. Use a copy from your backup."
        ) from error


@contextmanager
def _usable(place: str) -> Iterator[None]:
    """Raise StoreUnavailable for what the system refuses."""
    try:
        yield
    except OSError as error:
        raise _refused(place, error) from error


def _refused(place: str, error: Exception) -> StoreUnavailable:
    why = str(getattr(error, "strerror", None) or error).rstrip(".")
    return StoreUnavailable(
        f"the archive at {place} cannot be used: {why}. Nothing was lost; try again when it can."
    )
