"""Secrets that the program keeps for its administrator, encrypted in the home folder.

The key lies in a file of its own beside them, made on first use and readable by its owner
alone: a copy of the settings or of the store then gives no password away, and a backup that
leaves `secret.key` out holds nothing that opens them. Fernet: AES-128-CBC with HMAC-SHA256
(github.com/fernet/spec).
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from tracer.errors import ConfigError

KEY = "secret.key"


def key_of(home: Path) -> bytes:
    """The key of this home, made if there is none: 44 letters of base64."""
    from cryptography.fernet import Fernet  # few commands need it, and it is slow to import

    file = home / KEY
    with contextlib.suppress(FileExistsError):
        home.mkdir(parents=True, exist_ok=True)
        _write_new(file, Fernet.generate_key())
    return file.read_bytes()


def keep(home: Path, name: str, secret: str) -> None:
    """Keep a secret under a name, in place of the one before."""
    from cryptography.fernet import Fernet

    part = home / f"{name}.secret.tmp"
    part.unlink(missing_ok=True)
    _write_new(part, Fernet(key_of(home)).encrypt(secret.encode()))
    part.replace(home / f"{name}.secret")


def kept(home: Path, name: str) -> str:
    """The secret kept under a name; "" if there is none.

    Raises ConfigError when it cannot be opened with the key that is there.
    """
    from cryptography.fernet import Fernet, InvalidToken

    file = home / f"{name}.secret"
    if not file.exists():
        return ""
    try:
        return Fernet(key_of(home)).decrypt(file.read_bytes()).decode()
    except (InvalidToken, ValueError) as error:
        raise ConfigError(
            f"{file} was not made with the key in {home / KEY}. Put that key back, or store the "
            f"secret again: mailtracer config {name}"
        ) from error


def _write_new(file: Path, content: bytes) -> None:
    """Whole or not there, so that nobody reads half a key."""
    part = file.with_name(f"{file.name}.{os.getpid()}")
    held = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(held, "wb") as out:
        out.write(content)
    try:
        os.link(part, file)
    finally:
        part.unlink()
