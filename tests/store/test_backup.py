"""Backup and restore: the same answers afterwards, whatever goes on meanwhile."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import zstandard

from tests.store.filling import LOGS, NOW_US, content, empty, read_lines
from tracer.backup import HomeNotEmpty, Manifest, back_up, restore, without_secrets
from tracer.config import Config, load
from tracer.errors import ConfigError, TracerError, UnusableInput
from tracer.secret_files import KEY, keep, kept
from tracer.store.engine import open_engine

LINES = LOGS[0].read_text("utf-8").splitlines()
SETTINGS = """
[web]
language = "ru"
[[source]]
name = "sg"
kind = "webhook"
provider = "sendgrid"
token = "abcdefghijklmnop-secret"
secrets = ["user:hidden-word"]
"""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home with mail, settings, a rule of its own and a secret."""
    folder = tmp_path / "home"
    folder.mkdir()
    engine = open_engine(f"sqlite:///{folder}/mailtracer.db")
    engine.dispose()
    made = empty(folder)
    made.dispose()
    (folder / "store.db").rename(folder / "mailtracer.db")
    (folder / "config.toml").write_text(SETTINGS, "utf-8")
    (folder / "causes.d").mkdir()
    (folder / "causes.d" / "ours.toml").write_text("# nothing yet\n", "utf-8")
    keep(folder, "smtp-password", "hidden-too")
    fill(folder, LINES)
    yield folder


def config_of(home: Path) -> Config:
    return load(None, home, {})


def fill(home: Path, lines: list[str], name: str = "mail.log") -> None:
    engine = open_engine(f"sqlite:///{home}/mailtracer.db")
    read_lines(engine, home.parent, lines, name)
    engine.dispose()


def stored(home: Path) -> list[dict[str, object]]:
    engine = open_engine(f"sqlite:///{home}/mailtracer.db")
    try:
        return content(engine)
    finally:
        engine.dispose()


def names(manifest: Manifest) -> set[str]:
    return {member.name for member in manifest.files}


def test_a_restored_home_answers_as_the_one_that_was_backed_up(home: Path, tmp_path: Path) -> None:
    made = back_up(config_of(home), tmp_path / "b", NOW_US, secrets=True)
    new = tmp_path / "new"
    assert restore(config_of(new), tmp_path / "b") == made
    assert stored(new) == stored(home) != []
    for name in ("config.toml", "causes.d/ours.toml", KEY):
        assert (new / name).read_bytes() == (home / name).read_bytes()
    assert kept(new, "smtp-password") == "hidden-too"
    assert not list(new.glob(".restore-*")) and not list(tmp_path.glob(".b*"))


def test_without_secrets_nothing_that_opens_anything_is_in_it(home: Path, tmp_path: Path) -> None:
    made = back_up(config_of(home), tmp_path / "b", NOW_US)
    assert names(made) == {"mailtracer.db", "causes.d/ours.toml", "config.toml.without-secrets"}
    plain = zstandard.ZstdDecompressor().stream_reader((tmp_path / "b").read_bytes()).read()
    for secret in (b"hidden", b"abcdefghijklmnop-secret", (home / KEY).read_bytes()):
        assert secret not in plain
    assert b'language = "ru"' in plain


def test_settings_whose_secrets_cannot_be_told_apart_are_left_out(home: Path) -> None:
    odd = r'secrets = ["user:hidden\u002dword"]'
    text = SETTINGS.replace('secrets = ["user:hidden-word"]', odd)
    assert without_secrets(config_of(home), text) == ""


def test_a_backup_under_a_running_writer_is_one_moment(home: Path, tmp_path: Path) -> None:
    stop = threading.Event()
    before = stored(home)
    written: list[int] = []

    def more(number: int) -> list[str]:
        return [line.replace(": 4", f": Z{number:x}x") for line in LINES]

    def write() -> None:
        while not stop.is_set():
            fill(home, more(len(written)), f"more{len(written)}.log")
            written.append(len(written))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        while len(written) < 2:
            pass
        for number in range(3):
            back_up(config_of(home), tmp_path / f"b{number}", NOW_US)
    finally:
        stop.set()
        writer.join()
    for number in range(3):
        new = tmp_path / f"new{number}"
        restore(config_of(new), tmp_path / f"b{number}")
        assert len(stored(new)) >= len(before)
        for read in written:  # what came later makes it the same as the one that went on
            fill(new, more(read), f"more{read}.log")
        assert stored(new) == stored(home)


def test_a_home_with_anything_in_it_is_replaced_only_by_force(home: Path, tmp_path: Path) -> None:
    config = config_of(home)
    back_up(config, tmp_path / "b", NOW_US)
    rows = stored(home)
    (home / "mailtracer.db").write_bytes(b"broken")
    with pytest.raises(HomeNotEmpty, match="--force"):
        restore(config, tmp_path / "b")
    assert (home / "mailtracer.db").read_bytes() == b"broken"
    restore(config, tmp_path / "b", force=True)
    assert stored(home) == rows
    assert (home / "mailtracer.db.before-restore").read_bytes() == b"broken"


@pytest.mark.parametrize("damage", ["cut", "flipped", "other", "absent"])
def test_what_is_no_whole_backup_changes_nothing(home: Path, tmp_path: Path, damage: str) -> None:
    file, new = tmp_path / "b", tmp_path / "new"
    back_up(config_of(home), file, NOW_US)
    octets = bytearray(file.read_bytes())
    if damage == "cut":
        file.write_bytes(octets[: len(octets) // 2])
    elif damage == "flipped":
        octets[len(octets) // 2] ^= 0xFF
        file.write_bytes(octets)
    elif damage == "other":
        file.write_bytes(b"something else")
    else:
        file.unlink()
    with pytest.raises(UnusableInput):
        restore(config_of(new), file)
    assert not list(new.iterdir())


def test_a_backup_of_a_later_version_is_refused(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    back_up(config_of(home), tmp_path / "b", NOW_US)
    monkeypatch.setattr("tracer.backup.head", lambda: "0001_first")
    with pytest.raises(UnusableInput, match="newer"):
        restore(config_of(tmp_path / "new"), tmp_path / "b")


def test_postgresql_is_left_to_its_own_tools(tmp_path: Path) -> None:
    config = load(None, tmp_path, {})
    url = "postgresql+psycopg://mt:hidden@db.corp.example/mail"
    config = replace(config, store=replace(config.store, url=url))
    with pytest.raises(ConfigError) as raised:
        back_up(config, tmp_path / "b", NOW_US)
    told = str(raised.value)
    assert (
        "pg_dump --format=custom --file=mailtracer.dump 'postgresql://mt@db.corp.example/" in told
    )
    assert "hidden" not in told


def test_a_place_that_cannot_be_written_is_told(home: Path, tmp_path: Path) -> None:
    with pytest.raises(TracerError, match="cannot be written"):
        back_up(config_of(home), tmp_path / "absent" / "b", NOW_US)


def test_the_manifest_names_every_file_with_its_checksum(home: Path, tmp_path: Path) -> None:
    made = back_up(config_of(home), tmp_path / "b", NOW_US)
    told = json.loads(json.dumps([member.sha256 for member in made.files]))
    assert all(len(sha256) == 64 for sha256 in told)
    assert made.made_at == "2026-11-22T12:00:00Z"
