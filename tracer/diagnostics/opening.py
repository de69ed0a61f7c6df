"""Opening the world for one run, as the settings allow."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Engine

from tracer.config_diagnostics import DiagnosticsSettings
from tracer.diagnostics.closed import ClosedLookup
from tracer.diagnostics.completing import completed
from tracer.diagnostics.https_door import HttpsDoor
from tracer.diagnostics.lookup import Lookup
from tracer.diagnostics.model import Target
from tracer.diagnostics.outbound import Outbound
from tracer.diagnostics.smtp_door import SmtpDoor
from tracer.diagnostics.traces_store import StoreTraces
from tracer.diagnostics.world import World
from tracer.store.engine import reading


def open_world(
    target: Target, settings: DiagnosticsSettings, engine: Engine | None, now_us: int,
    *, nameservers: Sequence[str] = (),
) -> tuple[Target, World]:  # fmt: skip
    """The target with what our store and settings add to it, and the doors of its run.

    `nameservers` take the place of those in the settings. Without an engine nothing is
    known of our own mail. Raises BadNameserver.
    """
    if engine is None:
        target = completed(target, None, settings, now_us)
    else:
        with reading(engine).connect() as conn:
            target = completed(target, conn, settings, now_us)
    outbound = Outbound(enabled=settings.outbound, private=settings.private)
    is_open = settings.outbound
    return target, World(
        dns=Lookup(nameservers or settings.nameservers) if is_open else ClosedLookup(),
        smtp=_smtp(target, outbound, settings) if is_open else None,
        https=HttpsDoor(outbound) if is_open else None,
        traces=StoreTraces(engine, now_us) if engine is not None else None,
        now_us=now_us,
        options={"blocklists": settings.blocklists},
        outbound=outbound,
    )


def _smtp(target: Target, outbound: Outbound, settings: DiagnosticsSettings) -> SmtpDoor:
    return SmtpDoor(target, outbound, helo=settings.helo, seconds=settings.smtp_seconds)
