"""The settings: what can be set, where it is read from, and their defaults.

One TOML file, over it the environment (`MAILTRACER_STORE__LIVE_DAYS`), over it what the
command line says. The values flow as frozen dataclasses; nothing is global.

Importing pydantic-settings takes longer than a whole search (0.2 to 0.3 s against 0.1 s), so
it is imported where the environment sets something, or to tell what is wrong in a file; a file
without a mistake is read without it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Literal, get_type_hints
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from tracer.config_archive import ArchiveSettings
from tracer.config_diagnostics import DiagnosticsSettings
from tracer.config_exports import ExportsSettings, SmtpSettings, named, signed, web_address
from tracer.config_faults import Given, Place, nearest
from tracer.config_sources import CollectSettings, ReceiptsSettings, SourceSettings, lacking
from tracer.errors import ConfigError

__all__ = ["PREFIX", "Config", "SourceSettings", "default_home", "described", "given_to", "load"]

PREFIX = "MAILTRACER_"
SYSTEM_HOME = Path("/var/lib/mailtracer")
SYSTEM_FILE = Path("/etc/mailtracer/config.toml")
_STRICT: Mapping[str, str] = {"extra": "forbid"}
_HOME, _FILE = PREFIX + "HOME", PREFIX + "CONFIG"


def _positive(number: int) -> str:
    return "" if number > 0 else "must be 1 or more"


def _not_negative(number: int) -> str:
    return "" if number >= 0 else "must be 0 or more"


def _none_or_eleven(number: int) -> str:
    return "" if number == 0 or number >= 11 else "must be 0, or 11 or more"


def _listens(text: str) -> str:
    host, colon, port = text.rpartition(":")
    if host and colon and port.isascii() and port.isdigit() and int(port) < 65536:
        return ""
    return "must be an address and a port, like 127.0.0.1:8025 or [::1]:8025"


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return "must be a time zone's name, like UTC or Europe/Moscow"
    return ""


def _named_apart(sources: tuple[SourceSettings, ...]) -> str:
    names = [source.name for source in sources]
    twice = sorted({name for name in names if names.count(name) > 1})
    return f"must have different names; there are two named {twice[0]}" if twice else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSettings:
    """Where facts are kept."""

    __pydantic_config__: ClassVar[Mapping[str, str]] = _STRICT

    url: str = field(
        default="sqlite:///{home}/mailtracer.db",
        metadata={"help": "The database. `{home}` stands for the home folder."},
    )
    live_days: int = field(
        default=14,
        metadata={
            "help": "For how many days messages are searched in place; older days are sealed into "
            "the archive by `serve`, nightly. 0 seals nothing by itself.",
            "check": _not_negative,
        },
    )
    lines_days: int = field(
        default=0,
        metadata={
            "help": "After how many days raw log lines are deleted, here and in the archive, by "
            "`serve`, nightly; what was read from them stays. At least 11, for a message may be "
            "tried for so long; 0 keeps lines as long as their day.",
            "check": _none_or_eleven,
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings:
    """How the pages are served and shown."""

    __pydantic_config__: ClassVar[Mapping[str, str]] = _STRICT

    listen: str = field(
        default="127.0.0.1:8025",
        metadata={
            "help": "Address and port of the pages. Before others reach it: `mailtracer user add`.",
            "check": _listens,
        },
    )
    language: Literal["en", "ru"] = field(
        default="en",
        metadata={"help": "Language for those whose browser asks for neither: `en` or `ru`."},
    )
    timezone: str = field(
        default="UTC",
        metadata={"help": "Time zone of the times on the pages, by its IANA name.", "check": _zone},
    )
    trusted_hosts: tuple[str, ...] = field(
        default=(),
        metadata={
            "help": "Names the pages answer to behind a proxy, without port; `.corp.example` is "
            "any below it. Empty: on loopback this machine's own names, else any."
        },
    )
    public_url: str = field(
        default="",
        metadata={
            "help": "How others reach the pages, like `https://trace.corp.example`: for links in "
            "notices. Empty: notices have none.",
            "check": web_address,
        },
    )
    audit_days: int = field(
        default=0,
        metadata={
            "help": "For how many days it is kept who looked at what: `serve` begins a new "
            "`audit.log` every night and deletes old ones. 0 leaves the file to you.",
            "check": _not_negative,
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """All settings, checked; `{home}` is filled in."""

    home: Path = field(
        default=SYSTEM_HOME,
        metadata={"help": "The folder that all state lives under; in a checkout it is `./var`."},
    )
    store: StoreSettings = StoreSettings()
    web: WebSettings = WebSettings()
    archive: ArchiveSettings = field(default=ArchiveSettings())
    collect: CollectSettings = field(default=CollectSettings())
    diagnostics: DiagnosticsSettings = field(default=DiagnosticsSettings())
    exports: ExportsSettings = field(default=ExportsSettings(), metadata={"check": signed})
    receipts: ReceiptsSettings = field(default=ReceiptsSettings())
    smtp: SmtpSettings = field(default=SmtpSettings(), metadata={"check": named})
    source: tuple[SourceSettings, ...] = field(default=(), metadata={"check": _named_apart})


def load(path: Path | None, home: Path | None, environ: Mapping[str, str]) -> Config:
    """The settings in force; `path` and `home` are what the command line named, if it did.

    The file: `path`, else `$MAILTRACER_CONFIG`, else `/etc/mailtracer/config.toml` for the
    system's home and `config.toml` inside any other home, if it is there.
    A setting `X` may stand in a file of its own that `MAILTRACER_X_FILE` names.
    Raises ConfigError with the key, where it stands and a suggestion.
    """
    said = {name: text for name, text in environ.items() if name.startswith(PREFIX)}
    named_home = home or (Path(said[_HOME]) if said.get(_HOME) else None)
    file = _file(path, named_home or default_home(), said)
    settings = _settings(said)
    if file is None and not settings:
        config = Config(home=named_home or default_home())
    else:
        config = _checked(_given(file, settings), named_home)
    at_home = config.home.expanduser().absolute()
    store = replace(config.store, url=config.store.url.replace("{home}", str(at_home)))
    archive = replace(config.archive, place=config.archive.place.replace("{home}", str(at_home)))
    return replace(config, home=at_home, store=store, archive=archive)


def given_to(path: Path | None, home: Path | None, environ: Mapping[str, str]) -> Given:
    """What `load` reads for the same arguments, before it is checked."""
    said = {name: text for name, text in environ.items() if name.startswith(PREFIX)}
    named_home = home or (Path(said[_HOME]) if said.get(_HOME) else None)
    return _given(_file(path, named_home or default_home(), said), _settings(said))


def default_home() -> Path:
    """`./var` of the checkout that this code runs from, else the system's folder."""
    checkout = Path(__file__).resolve().parent.parent
    try:
        project = (checkout / "pyproject.toml").read_text(encoding="utf-8")
    except OSError:
        return SYSTEM_HOME
    return checkout / "var" if 'name = "mailtracer"' in project else SYSTEM_HOME


def described() -> Iterator[tuple[Place, type, Any]]:
    """Every setting as (place, type, dataclass field), in the order of the fields."""
    yield from _described(Config, ())


def _described(owner: type, place: Place) -> Iterator[tuple[Place, type, Any]]:
    hints = get_type_hints(owner)
    for one in fields(owner):
        here = (*place, one.name)
        inner = SourceSettings if one.name == "source" else hints[one.name]
        if is_dataclass(inner):
            yield from _described(inner, here)
        else:
            yield here, inner, one


def _file(path: Path | None, home: Path, said: Mapping[str, str]) -> Path | None:
    if path is not None or said.get(_FILE):
        return path or Path(said[_FILE])
    usual = SYSTEM_FILE if home == SYSTEM_HOME else home / "config.toml"
    return usual if usual.is_file() else None


def _given(file: Path | None, settings: Mapping[str, str]) -> Given:
    import tomllib

    text = _text(file) if file else ""
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file}: this is not TOML: {error}") from error
    known = {place[:depth] for place, _, _ in described() for depth in (1, 2)}
    return Given(file, text, values, settings, {".".join(map(str, place)) for place in known})


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file}: is not UTF-8 text; save it as UTF-8.") from error


def _settings(said: Mapping[str, str]) -> dict[str, str]:
    """The environment's settings by full name, secrets read from the files that hold them."""
    said = {name: text for name, text in said.items() if text and name not in (_HOME, _FILE)}
    if not said:
        return {}
    known = {PREFIX + "__".join(map(str, place)).upper() for place, _, _ in described()}
    whole = {PREFIX + one.name.upper() for one in fields(Config)}
    settings = {}
    for name, text in said.items():
        plain = name.removesuffix("_FILE")
        if name not in known and plain in known:
            settings[plain] = _text(Path(text)).strip()
        elif name.split("__")[0] in whole:
            settings[name] = text
        else:
            meant = nearest(name, {*known, *whole, _FILE})
            raise ConfigError(f"{name} is not a setting.{meant}")
    return settings


def _checked(given: Given, home: Path | None) -> Config:
    """What the file and the environment say, as a Config."""
    config = (None if given.environment else _of_file(given)) or _validated(given)
    _check(config, (), given)
    if home or "home" not in given.values:
        return replace(config, home=home or default_home())
    return config


def _of_file(given: Given) -> Config | None:
    """What the file says; None where something in it is not as it must be."""
    for table, inner in given.values.items():
        keys = {key for one in _tables(inner) for key in one}
        if not {table, *(f"{table}.{key}" for key in keys)} <= given.places:
            return None
    try:
        return msgspec.convert(given.values, Config, dec_hook=lambda kind, value: kind(value))
    except (msgspec.ValidationError, TypeError):
        return None


def _tables(value: Any) -> list[Any]:
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, dict)]


def _validated(given: Given) -> Config:
    """The environment over the file.  Raises ConfigError, which says what is wrong in either."""
    from pydantic import ValidationError
    from pydantic_settings import SettingsError

    try:
        merged = _merged(given)(**given.values)
    except ValidationError as error:
        raise given.faults(error.errors()) from error
    except SettingsError as error:
        whole = ", ".join(name for name in given.environment if "__" not in name)
        raise ConfigError(f"{whole}: must be JSON, like [{{...}}].") from error
    return Config(**{one.name: getattr(merged, one.name) for one in fields(Config)})


def _merged(given: Given) -> Any:
    """A pydantic-settings model with the fields of Config: the environment over the file."""
    from pydantic import create_model
    from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsConfigDict

    class Environment(EnvSettingsSource):
        def _load_env_vars(self) -> Mapping[str, str | None]:
            return {name.lower(): text for name, text in given.environment.items()}

        def __call__(self) -> dict[str, Any]:
            return _listed(super().__call__())

    class Merged(BaseSettings):
        model_config = SettingsConfigDict(
            env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid"
        )

        @classmethod
        def settings_customise_sources(
            cls, settings_cls: type[BaseSettings], init_settings: Any, *_: Any, **__: Any
        ) -> Any:
            return Environment(settings_cls), init_settings

    hints = get_type_hints(Config)
    names: Any = {one.name: (hints[one.name], one.default) for one in fields(Config)}
    return create_model("Settings", __base__=Merged, **names)


def _listed(values: dict[str, Any]) -> dict[str, Any]:
    """The environment's values with `a, b` made a list where the setting is one."""
    for (table, *key), kind, _ in described():
        inner = values.get(str(table))
        if key and kind == tuple[str, ...] and isinstance(inner, dict) and key[0] in inner:
            inner[key[0]] = [word.strip() for word in str(inner[key[0]]).split(",") if word.strip()]
    return values


def _check(owner: Any, place: Place, given: Given) -> None:
    for one in fields(owner):
        value, here = getattr(owner, one.name), (*place, one.name)
        problem = one.metadata.get("check", _fine)(value)
        if problem:
            raise ConfigError(given.fault(here, problem))
        if is_dataclass(value):
            _check(value, here, given)
        elif isinstance(value, tuple):
            _check_sources(value, here, given)


def _check_sources(sources: tuple[Any, ...], place: Place, given: Given) -> None:
    for number, source in enumerate(sources):
        if isinstance(source, SourceSettings):
            _check(source, (*place, number), given)
            key, problem = lacking(source)
            if key:
                raise ConfigError(given.fault((*place, number, key), problem))


def _fine(_: object) -> str:
    return ""
