"""A store of real Postfix lines for the pages' tests: `mail.log`, and a run of newsletters."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine

from collectors.batches import steps
from collectors.files import expand
from collectors.formats import parse_line
from collectors.plan import Plan
from tracer.ingest import ingest
from tracer.model import micros
from tracer.store.engine import open_engine
from tracer.store.migrate import migrate
from webui.site import Site

NOW_US = micros(datetime(2026, 11, 22, 10, 3, 41, tzinfo=UTC))
NEWSLETTERS = 60
_HERE = Path(__file__).parent
_NEWSLETTER = """\
{at}:31.000000+00:00 mx2 postfix/smtpd[{n}]: 4cW{n}Bulkzz5c: client=pc7.corp.example[10.0.0.7]
{at}:31.100000+00:00 mx2 postfix/cleanup[{n}]: 4cW{n}Bulkzz5c: message-id=<news{n}@corp.example>
{at}:31.200000+00:00 mx2 postfix/qmgr[978]: 4cW{n}Bulkzz5c: from=<news@corp.example>, size=2000, \
nrcpt=1 (queue active)
{at}:33.000000+00:00 mx2 postfix/smtp[{n}]: 4cW{n}Bulkzz5c: to=<reader{n}@fabrikam.example>, \
relay=mx.fabrikam.example[192.0.2.90]:25, delay=2, delays=0.2/0.02/0.9/0.88, dsn=2.0.0, \
status=sent (250 2.0.0 Ok: queued as 9F3b{n})
{at}:33.100000+00:00 mx2 postfix/qmgr[978]: 4cW{n}Bulkzz5c: removed
"""


def site() -> Site:
    """Pages at 10:03:41 UTC on 22 November 2026."""
    return Site(now_us=lambda: NOW_US)


def empty_store(folder: Path) -> Engine:
    """A store without mail."""
    engine = open_engine(f"sqlite:///{folder}/mailtracer.db")
    migrate(engine)
    return engine


def filled_store(folder: Path) -> Engine:
    """A store that has read two sources, mx1 and mx2."""
    engine = empty_store(folder)
    numbers = range(10, 10 + NEWSLETTERS)
    newsletters = "".join(_NEWSLETTER.format(at=f"2026-11-21T15:{n - 10:02}", n=n) for n in numbers)
    (folder / "mx2.log").write_text(newsletters, "utf-8")
    read_log(engine, _HERE / "mail.log", "mx1")
    read_log(engine, folder / "mx2.log", "mx2")
    return engine


def read_log(engine: Engine, log: Path, source: str) -> None:
    """Read one log into the store."""
    inputs, problems = expand([str(log)])
    assert not problems
    for step in steps(Plan(tuple(inputs), source=source, zone="UTC")):
        ingest(engine, step.batch, parse_line)
