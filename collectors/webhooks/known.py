"""The webhook sources: those of the settings, and those that `mailtracer source add` made.

What the command makes stands in the store, so that a running server answers it at once; token
and secrets are encrypted there with the key in the home folder. The settings win where both
name the same source.
"""

from __future__ import annotations

from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path

import msgspec
from sqlalchemy import Connection, delete, select

from collectors.webhooks import BY_NAME
from collectors.webhooks.webhook import Keys, Webhook
from tracer import secret_files
from tracer.config import Config, SourceSettings
from tracer.config_faults import Misplaced
from tracer.config_sources import secrets_of
from tracer.errors import ConfigError, NotFound
from tracer.store.receipt_tables import hook_sources

CERTIFICATES = "sns-certificates"


class HookSource(msgspec.Struct, frozen=True):
    """A webhook source with what proves its requests."""

    name: str
    provider: str
    token: str
    secrets: tuple[str, ...] = ()
    topic_arns: tuple[str, ...] = ()
    cert_dir: str = ""
    public_url: str = ""
    may_fetch: bool = True
    may_be_packed: bool = False
    most_octets: int = 10 * 1024 * 1024
    most_per_second: int = 0
    silent_hours: int = 0
    is_in_settings: bool = False

    @property
    def webhook(self) -> Webhook:
        """The provider's part."""
        return BY_NAME[self.provider]

    @property
    def path(self) -> str:
        """Where its requests go."""
        return f"/hooks/{self.name}/{self.token}"

    @property
    def keys(self) -> Keys:
        """What its requests are proven with."""
        return _keys(self)


@lru_cache(maxsize=256)
def _keys(source: HookSource) -> Keys:
    folder = Path(source.cert_dir) if source.cert_dir else None
    return Keys(source.secrets, source.topic_arns, folder, source.public_url, source.may_fetch)


def of_settings(config: Config) -> dict[str, HookSource]:
    """The webhook sources of the settings, checked. Raises ConfigError: which key of which one."""
    found: dict[str, HookSource] = {}
    for number, one in enumerate(config.source):
        if one.kind != "webhook":
            continue
        try:
            found[one.name] = checked(_from_settings(one, config.home))
        except Unusable as error:
            place = ("source", number, error.key)
            raise Misplaced(place, f"of {one.name} {error.problem}") from error
    return found


class Unusable(ConfigError):
    """A source cannot work: `key` is wrong."""

    def __init__(self, name: str, key: str, problem: str) -> None:
        super().__init__(f"source.{key} of {name} {problem}.")
        self.key = key
        self.problem = problem


def _from_settings(one: SourceSettings, home: Path) -> HookSource:
    try:
        secrets = secrets_of(one)
    except (OSError, UnicodeDecodeError) as error:
        problem = f"cannot be read: {error}"
        raise Unusable(one.name, "secrets_file", problem) from error
    return HookSource(
        one.name, one.provider, one.token, secrets, one.topic_arns,
        one.cert_dir or str(home / CERTIFICATES), one.public_url, one.may_fetch,
        one.may_be_packed, one.most_octets, one.most_per_second, one.silent_hours, True,
    )  # fmt: skip


def checked(source: HookSource) -> HookSource:
    """The source itself if it can work. Raises ConfigError, which says what to write."""
    webhook = BY_NAME.get(source.provider)
    if webhook is None:
        near = get_close_matches(source.provider, BY_NAME, n=1)
        meant = f" Did you mean {near[0]}?" if near else ""
        problem = f"must be one that is known, not {source.provider!r}.{meant}"
        raise Unusable(
            source.name, "provider", f"{problem} There are: {', '.join(sorted(BY_NAME))}"
        )
    if webhook.needs and not getattr(source, webhook.needs):
        why = f"without it nobody can tell whether a request is from {webhook.title}"
        raise Unusable(source.name, webhook.needs, f"is missing: {why}")
    return source


def of_store(conn: Connection, home: Path) -> dict[str, HookSource]:
    """The webhook sources that were made by command. Raises ConfigError: the key is another."""
    rows = conn.execute(select(hook_sources.c.sealed)).scalars().all()
    opened = (_opened(sealed, home) for sealed in rows)
    return {source.name: source for source in opened if source.provider in BY_NAME}


def keep(conn: Connection, source: HookSource, home: Path, now_us: int) -> None:
    """Keep a source in the store, in place of one of the same name."""
    from cryptography.fernet import Fernet

    sealed = Fernet(secret_files.key_of(home)).encrypt(msgspec.json.encode(source)).decode()
    conn.execute(delete(hook_sources).where(hook_sources.c.name == source.name))
    values = {"name": source.name, "provider": source.provider, "sealed": sealed}
    conn.execute(hook_sources.insert().values(**values, made_us=now_us))


def remove(conn: Connection, name: str) -> None:
    """Take a source out of the store; what it brought stays. Raises NotFound."""
    if not conn.execute(delete(hook_sources).where(hook_sources.c.name == name)).rowcount:
        raise NotFound(f"no source that was made by command is named {name}")


def _opened(sealed: str, home: Path) -> HookSource:
    from cryptography.fernet import Fernet, InvalidToken

    try:
        plain = Fernet(secret_files.key_of(home)).decrypt(sealed.encode())
    except (InvalidToken, ValueError) as error:
        raise ConfigError(
            f"a source in the store was not made with the key in {home / secret_files.KEY}. "
            "Put that key back, or make the source again: mailtracer source add"
        ) from error
    return msgspec.json.decode(plain, type=HookSource)


def every(conn: Connection, config: Config) -> dict[str, HookSource]:
    """All webhook sources by name."""
    return dict(sorted({**of_store(conn, config.home), **of_settings(config)}.items()))
