"""The commands of the collectors, a module each, and the option that some of them share."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click

_AUTO = "auto"


class FormatName(click.Choice[str]):
    """The name of a log format; formats are imported only when one is named, or all are told."""

    def __init__(self) -> None:
        super().__init__([_AUTO])

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value != _AUTO:
            self._know_all()
        return super().convert(value, param, ctx)

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str | None:
        self._know_all()
        return super().get_metavar(param, ctx)

    def _know_all(self) -> None:
        formats: Any = import_module("collectors.formats")
        self.choices = (_AUTO, *(form.name for form in formats.FORMATS))
