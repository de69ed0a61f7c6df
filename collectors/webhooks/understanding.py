"""From a request to what it tells: every item on its own, so a bad one harms no other."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import msgspec

from collectors.reported import Reported
from collectors.webhooks.webhook import HookRequest, Item, Webhook

log = logging.getLogger(__name__)

LONGEST_ERROR = 500


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An item that could not be read, and why."""

    pointer: str
    error: str
    item: str  # its JSON; "" where the whole body could not be read


@dataclass(frozen=True, slots=True)
class Understood:
    """What a request tells: (pointer, record) in order, and what could not be read."""

    records: tuple[tuple[str, Reported], ...]
    dead_letters: tuple[DeadLetter, ...]


def understand(webhook: Webhook, request: HookRequest) -> Understood:
    """What a proven request tells. Never raises for what is in it."""
    try:
        items = webhook.split(request)
    except Exception as error:  # whatever a stranger's body provokes is a dead letter
        return Understood((), (_dead(webhook, Item("", None), error),))
    records: list[tuple[str, Reported]] = []
    dead: list[DeadLetter] = []
    for item in items:
        try:
            found = [(item.pointer, one) for one in webhook.parse(item, request)]
            for _, one in found:
                msgspec.json.encode(one)  # metadata is anybody's: it must be storable
        except Exception as error:
            dead.append(_dead(webhook, item, error))
        else:
            records += found
    return Understood(tuple(records), tuple(dead))


def _dead(webhook: Webhook, item: Item, error: Exception) -> DeadLetter:
    expected = isinstance(error, ValueError | TypeError | LookupError)
    if not expected:
        log.warning("%s: an item could not be read", webhook.name, exc_info=error)
    said = f"{type(error).__name__}: {error}"[:LONGEST_ERROR]
    return DeadLetter(item.pointer, said.encode("utf-8", "replace").decode(), _shown(item.value))


def _shown(value: Any) -> str:
    if value is None:
        return ""
    try:
        return msgspec.json.encode(value).decode("utf-8", "replace")
    except (TypeError, ValueError, RecursionError):
        return ""
