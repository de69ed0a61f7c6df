"""Everything that a home holds, in one compressed file; and a home made of such a file.

`FILE` is a tar archive, Zstandard: `manifest.json` first, which names every other member with
its size and SHA-256. The database is a snapshot by SQLite's online backup API, so writers may
go on meanwhile. Exports and what can be made again are left out.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO

import msgspec

from tracer import config_shown, release, secret_files, site_rules
from tracer.config import Config
from tracer.errors import ConfigError, TracerError, UnusableInput
from tracer.model import when
from tracer.store.revision import head

FORMAT = 1
MANIFEST, STORE, SETTINGS = "manifest.json", "mailtracer.db", "config.toml"
WITHOUT_SECRETS = "config.toml.without-secrets"
REMOVED = "REMOVED"
_CHUNK = 1 << 20
_LEVEL = 6  # of Zstandard


class HomeNotEmpty(TracerError):
    """There is something in the home that a restore would replace."""

    exit_code = 2
    http_status = 409


class Member(msgspec.Struct, frozen=True):
    """One file of a backup."""

    name: str
    octets: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True):
    """What a backup holds."""

    format: int
    version: str
    schema: str
    made_at: str
    has_secrets: bool
    files: tuple[Member, ...]


def sqlite_file(config: Config) -> Path:
    """The database file.  Raises ConfigError for a PostgreSQL store, with what to run instead."""
    url = config.store.url
    if url.startswith("sqlite:///"):
        return Path(url.removeprefix("sqlite:///"))
    address = "postgresql" + url[url.index("://") :]
    hidden = address.replace(f":{config_shown.password_of(url)}@", "@")
    raise ConfigError(
        "the store is PostgreSQL, which has tools of its own: "
        f"pg_dump --format=custom --file=mailtracer.dump '{hidden}' and "
        f"pg_restore --clean --if-exists --dbname='{hidden}' mailtracer.dump. "
        "Copy the home folder beside it"
    )


def back_up(config: Config, file: Path, now_us: int, *, secrets: bool = False) -> Manifest:
    """Write a backup; `file` appears whole or not at all.

    Without `secrets` the settings are written with secrets taken out, and neither the home's
    key nor what it opens is there.
    """
    store = sqlite_file(config)
    if not store.is_file():
        raise UnusableInput(f"there is no store at {store}; nothing to back up")
    part = file.with_name(f".{file.name}.part")
    try:
        with tempfile.TemporaryDirectory(dir=file.parent, prefix=".backup-") as folder:
            found = dict(_gathered(config, store, Path(folder), secrets=secrets))
            schema = _schema(found[STORE])
            members = tuple(
                Member(name, path.stat().st_size, _sha256(path)) for name, path in found.items()
            )
            made_at = when(now_us).isoformat().replace("+00:00", "Z")
            manifest = Manifest(FORMAT, release.version(), schema, made_at, secrets, members)
            _write(part, manifest, found)
        part.replace(file)
    except OSError as error:
        raise UnusableInput(f"{file} cannot be written: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)
    return manifest


def restore(config: Config, file: Path, *, force: bool = False) -> Manifest:
    """Put a backup in place of what the home holds; the store of before is kept beside with
    `.before-restore`.

    Everything is unpacked and compared with its checksums first. Raises HomeNotEmpty unless the
    home is empty or `force` is given, UnusableInput where the file is not whole.
    """
    store, home = sqlite_file(config), config.home
    if not force and (store.exists() or _is_used(home)):
        raise HomeNotEmpty(
            f"{home} is not empty. Name another with --home, or replace it with --force "
            "(stop mailtracer serve and collect first; the store of now stays beside it)"
        )
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home, prefix=".restore-") as folder:
        manifest = _unpacked(file, Path(folder))
        _check_schema(manifest)
        for member in manifest.files:
            target = store if member.name == STORE else home / member.name
            _put(Path(folder) / member.name, target)
    return manifest


def _gathered(
    config: Config, store: Path, folder: Path, *, secrets: bool
) -> Iterator[tuple[str, Path]]:
    """Names in the backup, and the files that hold what goes there."""
    snapshot = folder / STORE
    with closing(sqlite3.connect(store)) as live, closing(sqlite3.connect(snapshot)) as copy:
        live.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")
    yield STORE, snapshot
    rules = site_rules.folder_of(config.home)
    for path in sorted(rules.glob("*.toml")) if rules.is_dir() else ():
        yield f"{rules.name}/{path.name}", path
    settings = config.home / SETTINGS
    if settings.is_file() and secrets:
        yield SETTINGS, settings
    elif settings.is_file():
        bare = folder / WITHOUT_SECRETS
        bare.write_text(without_secrets(config, settings.read_text("utf-8")), "utf-8")
        yield WITHOUT_SECRETS, bare
    if secrets:
        for path in sorted((config.home / secret_files.KEY, *config.home.glob("*.secret"))):
            if path.is_file():
                yield path.name, path


def without_secrets(config: Config, text: str) -> str:
    """The settings' text with every secret taken out; "" where one is written in a way that
    cannot be told from the rest."""
    import tomllib

    secrets = config_shown.secrets_in(config)
    for secret in secrets:
        text = text.replace(secret, REMOVED)
    try:
        left = repr(tomllib.loads(text))
    except tomllib.TOMLDecodeError:
        return ""
    return "" if any(repr(secret)[1:-1] in left for secret in secrets) else text


def _schema(snapshot: Path) -> str:
    with closing(sqlite3.connect(snapshot)) as copy:
        return str(copy.execute("SELECT version_num FROM alembic_version").fetchone()[0])


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write(part: Path, manifest: Manifest, found: dict[str, Path]) -> None:
    import zstandard

    held = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with (
        os.fdopen(held, "wb") as out,
        zstandard.ZstdCompressor(_LEVEL).stream_writer(out, closefd=False) as packed,
        tarfile.open(mode="w|", fileobj=packed) as tar,
    ):
        told = msgspec.json.format(msgspec.json.encode(manifest))
        about = tarfile.TarInfo(MANIFEST)
        about.size = len(told)
        tar.addfile(about, io.BytesIO(told))
        for name, path in found.items():
            tar.add(path, arcname=name)
    with part.open("rb") as written:
        os.fsync(written.fileno())


@contextmanager
def _opened(file: Path) -> Iterator[tarfile.TarFile]:
    """A backup's members in order.  Raises UnusableInput where it is none, or is cut short."""
    import zstandard

    try:
        with (
            file.open("rb") as packed,
            zstandard.ZstdDecompressor().stream_reader(packed) as plain,
            tarfile.open(mode="r|", fileobj=plain) as tar,
        ):
            yield tar
    except (OSError, EOFError, tarfile.TarError, zstandard.ZstdError, msgspec.DecodeError) as error:
        raise UnusableInput(f"{file} is not a whole backup of Mailtracer: {error}") from error


def _unpacked(file: Path, folder: Path) -> Manifest:
    """Unpack into a folder and compare every file with the manifest."""
    with _opened(file) as tar:
        first = tar.next()
        told = tar.extractfile(first) if first and first.name == MANIFEST else None
        if told is None:
            raise UnusableInput(f"{file} is not a backup of Mailtracer: it has no {MANIFEST}")
        manifest = msgspec.json.decode(told.read(), type=Manifest)
        expected = {member.name: member for member in manifest.files}
        while about := tar.next():
            content = tar.extractfile(about)
            member = expected.pop(about.name, None)
            if content is None or member is None or not _is_inside(about.name):
                raise UnusableInput(f"{file} holds {about.name}, which its manifest does not name")
            if _copied(content, folder / about.name) != member.sha256:
                raise UnusableInput(f"{file} is damaged: {about.name} is not what was backed up")
    if expected:
        raise UnusableInput(f"{file} is cut short: {', '.join(expected)} is missing")
    return manifest


def _is_inside(name: str) -> bool:
    return not name.startswith("/") and ".." not in Path(name).parts


def _copied(content: IO[bytes], target: Path) -> str:
    target.parent.mkdir(parents=True, exist_ok=True)
    checksum = hashlib.sha256()
    held = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(held, "wb") as out:
        while piece := content.read(_CHUNK):
            checksum.update(piece)
            out.write(piece)
        out.flush()
        os.fsync(out.fileno())
    return checksum.hexdigest()


def _check_schema(manifest: Manifest) -> None:
    if manifest.format > FORMAT or manifest.schema[:4] > head()[:4]:
        raise UnusableInput(
            f"the backup was made by version {manifest.version} with schema {manifest.schema}; "
            f"this version knows up to {head()}. Restore with that version, or a newer one"
        )


def _is_used(home: Path) -> bool:
    return home.is_dir() and any(home.iterdir())


def _put(source: Path, target: Path) -> None:
    """Move a file to its place; a database's own files of before stay beside it together."""
    target.parent.mkdir(parents=True, exist_ok=True)
    for ending in ("", "-wal", "-shm") if target.suffix == ".db" else ():
        before = target.with_name(target.name + ending)
        if before.exists():
            before.replace(target.with_name(f"{target.name}.before-restore{ending}"))
    shutil.move(source, target)
