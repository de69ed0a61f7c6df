"""Writes docs/settings.md from the fields of tracer.config; `make docs` runs it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import MISSING, Field
from pathlib import Path
from typing import Any

from tracer.config import (
    PREFIX,
    SourceSettings,
    StoreSettings,
    WebSettings,
    described,
)
from tracer.config_archive import ArchiveSettings
from tracer.config_diagnostics import DiagnosticsSettings
from tracer.config_exports import ExportsSettings, SmtpSettings
from tracer.config_sources import CollectSettings, ReceiptsSettings

PAGE = Path(__file__).with_name("settings.md")

HEAD = """\
# Settings

Nothing has to be set: every setting has a default that works. This page is made from the code by
`make docs`.

Mailtracer reads one [TOML](https://toml.io) file, and over it the environment:

1. what the command line says (`--home`, `--config`) wins over
2. the environment: `MAILTRACER_STORE__LIVE_DAYS=30` is `live_days` in the table `[store]`, over
3. the file that `--config` or `MAILTRACER_CONFIG` names, else `/etc/mailtracer/config.toml`, or
   `config.toml` inside the home folder when that is not `/var/lib/mailtracer`, over
4. the defaults below.

A value that should not stand in the environment, such as a database's password, can stand in a
file of its own: `MAILTRACER_STORE__URL_FILE=/run/secrets/store` reads `store.url` from there.

An unknown key or a wrong value stops the program with exit code 78. It names the key, the file
and the line, and the setting that was probably meant:

```
/etc/mailtracer/config.toml:3: store.live_day is not a setting. Did you mean store.live_days?
```

```toml
home = "/srv/mailtracer"

[store]
live_days = 30

[[source]]
name = "mx1"
path = "/var/log/mail.log*"
```

A command without any setting starts about 0.2 s sooner: checking a file or the environment loads
more code than a search does.
"""


def page() -> str:
    """The whole page, as it should stand in docs/settings.md."""
    return "\n".join([HEAD, *_tables()])


def _tables() -> Iterator[str]:
    titles = {
        (): ("At the top of the file", "Before any table."),
        ("store",): ("`[store]`", StoreSettings.__doc__),
        ("web",): ("`[web]`", WebSettings.__doc__),
        ("archive",): ("`[archive]`", ArchiveSettings.__doc__),
        ("collect",): ("`[collect]`", CollectSettings.__doc__),
        ("diagnostics",): ("`[diagnostics]`", DiagnosticsSettings.__doc__),
        ("exports",): ("`[exports]`", ExportsSettings.__doc__),
        ("receipts",): ("`[receipts]`", ReceiptsSettings.__doc__),
        ("smtp",): ("`[smtp]`", SmtpSettings.__doc__),
        ("source",): ("`[[source]]`", SourceSettings.__doc__),
    }
    for table, (title, about) in titles.items():
        yield f"## {title}\n\n{about}\n"
        yield "| key | default | in the environment | meaning |"
        yield "|---|---|---|---|"
        for place, _, one in described():
            if place[:-1] == table:
                yield _row(one, tuple(map(str, place)))
        yield ""


def _row(one: Field[Any], place: tuple[str, ...]) -> str:
    default = "must be set" if one.default is MISSING else f"`{one.default}`"
    if place[0] == "source":
        variable = "`MAILTRACER_SOURCE`, all sources as JSON"
    else:
        variable = f"`{PREFIX}{'__'.join(place).upper()}`"
    return f"| `{place[-1]}` | {default} | {variable} | {one.metadata['help']} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
