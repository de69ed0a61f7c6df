"""The webhook sources of a running application, and the way into its store."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import Engine

from collectors.webhooks.bucket import Bucket
from collectors.webhooks.intake import Intake
from collectors.webhooks.known import HookSource, of_settings, of_store
from tracer.config import Config
from tracer.store.engine import reading
from webui.site import Site

LOOKED_UP_S = 2.0
"""A source that the command made or changed is known after this long."""


@dataclass
class Hooks:
    """The webhook sources of this application and the way into the store."""

    config: Config
    engine: Engine
    intake: Intake
    site: Site
    _made: Mapping[str, HookSource] = field(default_factory=dict)
    _looked_up: float = -LOOKED_UP_S
    _buckets: dict[str, Bucket] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._settings = of_settings(self.config)

    def source(self, name: str) -> HookSource | None:
        """The source of this name."""
        found = self._settings.get(name)
        return self._stored().get(name) if found is None else found

    def source_at_hand(self, name: str) -> HookSource | None:
        """The source of this name, if it is known without asking the store."""
        found = self._settings.get(name)
        if found is None and time.monotonic() - self._looked_up < LOOKED_UP_S:
            return self._made.get(name)
        return found

    def bucket(self, source: HookSource) -> Bucket | None:
        """The limit of a source, if it has one."""
        if not source.most_per_second:
            return None
        found = self._buckets.get(source.name)
        if found is None or found.rate != source.most_per_second:
            found = self._buckets[source.name] = Bucket(source.most_per_second)
        return found

    def _stored(self) -> Mapping[str, HookSource]:
        now = time.monotonic()
        if now - self._looked_up >= LOOKED_UP_S:
            with reading(self.engine).connect() as conn:
                self._made = of_store(conn, self.config.home)
            self._looked_up = now
        return self._made
