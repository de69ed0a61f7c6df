"""The settings in force, each with where it comes from; secrets are not shown."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from tracer.config import PREFIX, Config, described
from tracer.config_faults import Given, Place, line_of

SECRETS = frozenset(
    "smtp.password exports.webhook_secret source.token source.secrets source.api_key".split()
)
HIDDEN = "(hidden)"
DEFAULT = "default"


class Setting(msgspec.Struct, frozen=True):
    """One setting: its key, its value, and where that comes from: `default`, a variable of the
    environment, or `FILE:LINE`."""

    key: str
    value: Any
    origin: str


def settings(config: Config, given: Given) -> Iterator[Setting]:
    """Every setting in the order of the documentation; a source's keys only where they are set."""
    for place, _, _ in described():
        if place[0] == "source":
            continue
        key = ".".join(map(str, place))
        yield Setting(key, _shown(key, _value(config, place)), _origin(given, place))
    for number, source in enumerate(config.source):
        for place, _, one in described():
            value = getattr(source, str(place[1])) if place[0] == "source" else None
            if place[0] == "source" and value != one.default:
                key = f"source.{place[1]}"
                here: Place = ("source", number, place[1])
                yield Setting(
                    f"source[{number}].{place[1]}", _shown(key, value), _origin(given, here)
                )


def secrets_in(config: Config) -> list[str]:
    """Every secret that stands in the settings as it is."""
    found = [config.smtp.password, config.exports.webhook_secret, password_of(config.store.url)]
    for source in config.source:
        found += [source.token, source.api_key, *source.secrets]
    return sorted({one for one in found if one}, key=len, reverse=True)


def _value(config: Config, place: Place) -> Any:
    value: Any = config
    for name in place:
        value = getattr(value, str(name))
    return str(value) if isinstance(value, Path) else value


def _shown(key: str, value: Any) -> Any:
    if key in SECRETS and value:
        return [HIDDEN] * len(value) if isinstance(value, tuple) else HIDDEN
    if key == "store.url" and (password := password_of(value)):
        return value.replace(f":{password}@", ":***@")
    return list(value) if isinstance(value, tuple) else value


def password_of(url: str) -> str:
    """The password of `postgresql+psycopg://USER:PASSWORD@HOST/NAME`, as it is written."""
    login, at, _ = url.partition("://")[2].rpartition("@")
    return login.partition(":")[2] if at else ""


def _origin(given: Given, place: Place) -> str:
    variables = (PREFIX + "__".join(map(str, place)).upper(), f"{PREFIX}{place[0]}".upper())
    for variable in variables:
        if variable in given.environment or (len(place) == 1 and os.environ.get(variable)):
            return variable
    value: Any = given.values
    for name in place:
        known = name in value if isinstance(value, dict) else isinstance(name, int)
        if not known:
            return DEFAULT
        value = value[name]
    return f"{given.file}:{line_of(given.text, place)}"
