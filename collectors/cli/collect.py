"""The command `collect`: follows the logs of the settings."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from types import FrameType

import click

from collectors.collecting import Collector
from tracer import site_rules
from tracer.cli import with_config
from tracer.cli.store import reading_store, store_of, telling_faults
from tracer.config import Config
from tracer.errors import ConfigError, StoreUnavailable
from tracer.exports.as_json import time_text
from tracer.store import checkpoints, sources

LOCK = "collect.lock"


@click.command()
@with_config
@click.option("--once", is_flag=True, help="Read what is there now, then end.")
@click.option("--status", is_flag=True, help="Only tell how far each source has been read.")
@click.option("--json", "as_object", is_flag=True, help="With --status: one JSON object a line.")
@click.option("--while-stdin", is_flag=True, hidden=True, help="End when standard input ends.")
def collect(config: Config, once: bool, status: bool, as_object: bool, while_stdin: bool) -> None:
    """Follow the logs of the settings until stopped.

    The logs are those of each [[source]]. Rotation, truncation and packed rotations are
    noticed. SIGTERM ends it once the batch is stored; the next start goes on where this one
    ended. `mailtracer serve` does the same.

    \b
    Examples:
      mailtracer collect
      mailtracer collect --once
      mailtracer collect --status
    """
    if status:
        _print_status(config, as_object)
        return
    logs = [one for one in config.source if one.kind == "file"]
    if not logs:
        raise ConfigError(
            'there is no [[source]] of kind "file" in the settings. Add one: '
            'name = "mx1", path = "/var/log/mail.log*"'
        )
    site_rules.use(site_rules.folder_of(config.home))
    stop = _stopping(while_stdin)
    engine = store_of(config)
    try:
        with alone(config.home), telling_faults(config):
            Collector(engine, logs, warn=_warn).run(stop, once=once)
    finally:
        engine.dispose()


def _stopping(while_stdin: bool) -> Event:
    """Set by SIGTERM and by Ctrl+C, or when whoever started us is gone."""
    stop = Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, end)
    if while_stdin:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started us decides

        def watch() -> None:
            while os.read(sys.stdin.fileno(), 4096):
                pass
            stop.set()

        Thread(target=watch, daemon=True).start()
    return stop


@contextmanager
def alone(home: Path) -> Iterator[None]:
    """Let one process of this home follow the logs: two would count each line twice.

    Raises StoreUnavailable while another one does.
    """
    with open(home / LOCK, "a+", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.seek(0)
            raise StoreUnavailable(
                f"the logs are followed already, by the process {lock.read().strip() or '?'}; "
                "stop it first (mailtracer serve follows them too)"
            ) from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def _warn(text: str) -> None:
    click.echo(f"mailtracer collect: {text}", err=True)


def _print_status(config: Config, as_object: bool) -> None:
    now_us = time.time_ns() // 1000
    with reading_store(config) as conn:
        seen = checkpoints.every(conn)
        states = {state.name: state for state in sources.freshness(conn)}
    for one in config.source:
        if one.kind != "file":
            continue
        note, state = seen.get(one.name), states.get(one.name)
        told = {
            "name": one.name,
            "path": one.path,
            "seen_at": time_text(note.seen_us if note else None),
            "seen_s": (now_us - note.seen_us) // 1_000_000 if note else None,
            "files": note.files if note else 0,
            "unread_octets": note.unread if note else None,
            "complete_until": time_text(state.complete_until_us if state else None),
            "lines": state.lines if state else 0,
            "events": state.events if state else 0,
            "unparsed": state.unparsed if state else 0,
            "problem": note.problem if note else "not followed yet",
        }
        click.echo(json.dumps(told) if as_object else _in_words(told))


def _in_words(told: Mapping[str, object]) -> str:
    how = told["problem"] or f"{told['files']} files, {told['unread_octets']} octets unread"
    return (
        f"{told['name']:<16} complete to {told['complete_until'] or 'nothing yet'}, "
        f"{told['lines']} lines; {how}"
    )
