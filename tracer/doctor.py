"""The self-check: what stands well in a home, what does not, and the next step."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Connection, select
from sqlalchemy.exc import DBAPIError

from tracer import secret_files, site_rules
from tracer.archive.files import Archive
from tracer.config import Config, SourceSettings
from tracer.errors import TracerError
from tracer.exports.as_json import time_text
from tracer.model import SECOND_US
from tracer.notify import mail
from tracer.store import checkpoints, sealed
from tracer.store.checkpoints import Followed
from tracer.store.engine import open_engine, reading, shown
from tracer.store.jobs import State
from tracer.store.measures import Measures, measures
from tracer.store.revision import half_copied_from, head, revision
from tracer.store.schema import jobs
from tracer.store.states import LATE, LOADING, SEALED

PASS, WARNING, FAIL = "pass", "warning", "fail"
LITTLE_SHARE, LITTLE, TOO_LITTLE = 0.05, 2 * 1024**3, 256 * 1024**2  # free octets
UNSEEN_US = 120 * SECOND_US
MUCH_UNREAD = 64 * 1024**2
STUCK_US = 600 * SECOND_US
ZONE = "Europe/Moscow"


class Finding(msgspec.Struct, frozen=True):
    """One line of the self-check; `next` is what to do, "" where nothing is to be done."""

    check: str
    verdict: str
    text: str
    next: str = ""


def examine(config: Config, now_us: int) -> Iterator[Finding]:
    """Everything, one after the other; a check that cannot be made is a finding too."""
    yield from _home(config)
    yield from _disk(config)
    yield from _zones(config)
    yield from _rules(config)
    yield from _mail(config)
    yield from _store(config, now_us)
    yield from _exports(config)


def _home(config: Config) -> Iterator[Finding]:
    home = config.home
    if not home.is_dir():
        yield Finding("home", WARNING, f"{home} is not there yet", "mailtracer init makes it")
        return
    if not _is_writable(home):
        told = f"chown it to the user that runs Mailtracer (now: {_user()})"
        yield Finding("home", FAIL, f"{home} cannot be written to", told)
        return
    key = home / secret_files.KEY
    if key.exists() and stat.S_IMODE(key.stat().st_mode) & 0o077:
        yield Finding("home", FAIL, f"{key} can be read by others", f"chmod 600 {key}")
    elif stat.S_IMODE(home.stat().st_mode) & 0o007:
        yield Finding("home", WARNING, f"{home} is open to every user", f"chmod o= {home}")
    else:
        yield Finding("home", PASS, str(home))


def _disk(config: Config) -> Iterator[Finding]:
    place = next(one for one in (config.home, *config.home.parents) if one.exists())
    usage = shutil.disk_usage(place)
    told = f"{_size(usage.free)} free of {_size(usage.total)} at {place}"
    step = "make room, lower store.live_days, or move the archive: archive.place"
    if usage.free < TOO_LITTLE:
        yield Finding("disk", FAIL, told, step)
    elif usage.free < min(LITTLE, LITTLE_SHARE * usage.total):
        yield Finding("disk", WARNING, told, step)
    else:
        yield Finding("disk", PASS, told)


def _zones(config: Config) -> Iterator[Finding]:
    try:
        ZoneInfo(ZONE)
    except (OSError, KeyError, ValueError):
        yield Finding("zones", FAIL, "no time zone data", "install the package tzdata")
    else:
        yield Finding("zones", PASS, f"time zone data is there; pages show {config.web.timezone}")


def _rules(config: Config) -> Iterator[Finding]:
    folder = site_rules.folder_of(config.home)
    try:
        files = site_rules.use(folder)
    except TracerError as error:
        yield Finding("rules", FAIL, _line(error), "mailtracer causes --check")
    else:
        yield Finding("rules", PASS, f"{len(files)} files of your own in {folder.name}")


def _mail(config: Config) -> Iterator[Finding]:
    if not config.smtp.host:
        yield Finding("mail", PASS, "no mail server is set, so no e-mail is sent")
        return
    try:
        password = mail.password_of(config.home, config.smtp)
    except TracerError as error:
        yield Finding("mail", FAIL, _line(error), "mailtracer config smtp-password")
        return
    if config.smtp.user and not password:
        told = f"{config.smtp.user} has no password"
        yield Finding("mail", WARNING, told, "mailtracer config smtp-password")
        return
    told = f"by {config.smtp.host}; try it: mailtracer config test-mail ADDRESS"
    yield Finding("mail", PASS, told)


def _store(config: Config, now_us: int) -> Iterator[Finding]:
    path = config.store.url.removeprefix("sqlite:///")
    if path != config.store.url and not os.path.exists(path):
        yield Finding("store", WARNING, f"no store at {path} yet", "mailtracer init")
        return
    engine = open_engine(config.store.url)
    try:
        with reading(engine).connect() as conn:
            yield from _of_store(conn, config, now_us)
    except (TracerError, DBAPIError) as error:
        yield Finding("store", FAIL, f"{shown(config.store.url)}: {_line(error)}", _ON_STORE)
    finally:
        engine.dispose()


_ON_STORE = "look whether the database runs and store.url is right; else mailtracer restore"


def _of_store(conn: Connection, config: Config, now_us: int) -> Iterator[Finding]:
    found = revision(conn)
    if found != head():
        told = f"schema {found or 'none'}; this version needs {head()}"
        step = "a newer version made it: use that one" if found > head() else "mailtracer init"
        yield Finding("schema", FAIL, told, step)
        return
    yield Finding("schema", PASS, found)
    if origin := half_copied_from(conn):
        step = "run mailtracer db copy there again to finish it; use the old store until then"
        yield Finding("store", FAIL, f"it is a copy of {origin} that is not done", step)
        return
    counted = measures(conn, now_us - 3600 * SECOND_US)
    told = f"{_size(counted.octets)}, {sum(counted.days.values())} days of mail"
    yield Finding("store", PASS, f"{shown(config.store.url)}: {told}")
    if loading := counted.days.get(LOADING, 0):
        told = f"{loading} days have no index yet: a reading was cut off, or still goes on"
        yield Finding("bulk", WARNING, told, "if none goes on, read any log again: it is finished")
    else:
        yield Finding("bulk", PASS, "no reading was left unfinished")
    checks: tuple[Callable[[Connection, Config, Measures, int], Iterator[Finding]], ...] = (
        _sources, _archive, _jobs, _webhooks,
    )  # fmt: skip
    for check in checks:
        yield from check(conn, config, counted, now_us)


def _sources(conn: Connection, config: Config, counted: Measures, now_us: int) -> Iterator[Finding]:
    seen = checkpoints.every(conn)
    logs = [one for one in config.source if one.kind == "file"]
    if not logs and not counted.sources:
        step = "mailtracer ingest FILE, or a [[source]] in the settings and mailtracer serve"
        yield Finding("sources", WARNING, "nothing has been read yet", step)
    for one in logs:
        yield _source(one, seen.get(one.name), now_us)
    if counted.sources:
        worst = max(counted.sources, key=lambda state: state.unparsed)
        told = f"{len(counted.sources)} sources, {sum(s.lines for s in counted.sources):,} lines"
        if worst.unparsed > max(worst.lines // 10, 100):
            told += f"; {worst.unparsed:,} lines of {worst.name} could not be read"
            yield Finding("lines", WARNING, told, "see samples of them on the page Sources")
        else:
            yield Finding("lines", PASS, told)


def _source(one: SourceSettings, seen: Followed | None, now_us: int) -> Finding:
    name = f"source {one.name}"
    if seen is None:
        return Finding(name, WARNING, "is not followed yet", "start mailtracer serve or collect")
    if now_us - seen.seen_us > UNSEEN_US:
        told = f"was last looked at {time_text(seen.seen_us)}"
        return Finding(name, WARNING, told, "start mailtracer serve or collect")
    if seen.problem:
        step = "correct its path, or let this user read it: usermod -aG adm USER"
        return Finding(name, WARNING, seen.problem, step)
    told = f"{seen.files} files, {_size(seen.unread)} unread"
    if seen.unread > MUCH_UNREAD:
        return Finding(name, WARNING, told, "it is catching up; wait")
    return Finding(name, PASS, told)


def _archive(conn: Connection, config: Config, counted: Measures, now_us: int) -> Iterator[Finding]:
    wanted = {one.day for one in sealed.every(conn) if one.state in (SEALED, LATE)}
    if not wanted:
        yield Finding("archive", PASS, "no day has been sealed yet")
        return
    there = set(Archive(config.archive.place).days())
    if missing := sorted(wanted - there):
        told = f"{len(missing)} files are missing, the first of {sealed.shown(missing[0])}"
        step = f"put them back into {config.archive.place} from a backup"
        yield Finding("archive", FAIL, told, step)
    else:
        told = f"{len(wanted)} files are there; mailtracer archive verify reads them"
        yield Finding("archive", PASS, told)


def _jobs(conn: Connection, config: Config, counted: Measures, now_us: int) -> Iterator[Finding]:
    old_us = now_us - STUCK_US
    lost = (jobs.c.state == State.RUNNING) & (jobs.c.seen_us < old_us)
    kept_waiting = (jobs.c.state == State.QUEUED) & (jobs.c.asked_us < old_us)
    stuck = conn.execute(select(jobs.c.id).where(lost | kept_waiting)).scalars().all()
    if stuck:
        step = "start mailtracer serve, or restart it: it takes them up again"
        yield Finding("jobs", WARNING, f"{len(stuck)} do not get on: {', '.join(stuck[:3])}", step)
    else:
        yield Finding("jobs", PASS, f"{sum(counted.jobs.values())} known, none is stuck")


def _webhooks(
    conn: Connection, config: Config, counted: Measures, now_us: int
) -> Iterator[Finding]:
    waiting = sum(counted.dead_letters.values())
    if waiting:
        told = f"{waiting} items of webhooks could not be understood"
        yield Finding("webhooks", WARNING, told, "open the page Sources: read them again, or not")
    else:
        told = f"{sum(counted.receipts.values())} requests kept, nothing waits"
        yield Finding("webhooks", PASS, told)


def _exports(config: Config) -> Iterator[Finding]:
    folder = config.home / "exports"
    if not folder.is_dir():
        yield Finding("exports", PASS, "none has been made yet")
    elif not _is_writable(folder):
        told = f"{folder} cannot be written to"
        yield Finding("exports", FAIL, told, f"chown it to the user that runs us ({_user()})")
    else:
        octets = sum(path.stat().st_size for path in folder.iterdir() if path.is_file())
        yield Finding("exports", PASS, f"{_size(octets)} in {folder}")


def _is_writable(folder: Path) -> bool:
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _user() -> str:
    return f"uid {os.getuid()}"


def _size(octets: float) -> str:
    for unit in ("octets", "KiB", "MiB", "GiB"):
        if octets < 1024:
            return f"{octets:.0f} {unit}"
        octets /= 1024
    return f"{octets:.1f} TiB"


def _line(error: TracerError | DBAPIError) -> str:
    said = error.orig if isinstance(error, DBAPIError) else error
    return " ".join(str(said).split())
