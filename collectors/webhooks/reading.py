"""Reading what strangers send: nothing here raises for a value of another type.

A webhook's item is never refused for its shape: what is missing is absent, what is of another
type is made text where that makes sense, and the rest is left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.parser import BytesParser
from email.policy import HTTP
from email.utils import parseaddr
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from collectors.webhooks.webhook import HookRequest, Item
from tracer.model import SECOND_US, micros

Fields = dict[str, list[str]]
"""Every value of every field of a form."""
DEEPEST = 64
"""Levels of brackets in a body; no provider comes near."""
LATEST_US = 4_102_444_800 * SECOND_US  # 2100: a number beyond is no time in seconds
_DEPTHS = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', re.DOTALL)
_FRACTION = re.compile(r"(\.\d{6})\d+")


class Unreadable(ValueError):
    """A body or an item that cannot be read; the message says why."""


def json_body(body: bytes) -> Any:
    """The JSON value of a body. Raises Unreadable: not UTF-8, not JSON, too deep, NaN."""
    if body.count(b"[") + body.count(b"{") > DEEPEST and _depth(body) > DEEPEST:
        raise Unreadable(f"JSON is nested deeper than {DEEPEST} levels")
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError, ValueError) as error:
        raise Unreadable(f"not JSON: {error}") from error


def _depth(body: bytes) -> int:
    deepest = depth = 0
    for found in _DEPTHS.finditer(body):
        mark = found[0]
        if mark in (b"[", b"{"):
            depth += 1
            deepest = max(deepest, depth)
        elif mark in (b"]", b"}"):
            depth -= 1
    return deepest


def json_item(request: HookRequest) -> list[Item]:
    """A body that is one item."""
    return [Item("", json_body(request.body))]


def json_items(request: HookRequest) -> list[Item]:
    """A body that is a list of items, or one alone."""
    return listed(json_body(request.body), "")


def listed(value: Any, pointer: str) -> list[Item]:
    """The items of a list that stands at `pointer`; anything else is one item."""
    if not isinstance(value, list):
        return [Item(pointer, value)]
    return [Item(f"{pointer}/{n}", item) for n, item in enumerate(value)]


def form(body: bytes) -> list[tuple[str, str]]:
    """The fields of a form (application/x-www-form-urlencoded) in order, repeated ones too."""
    plain = body.decode("utf-8", "replace")
    return parse_qsl(plain, keep_blank_values=True, max_num_fields=5000)


def form_fields(request: HookRequest) -> Fields:
    """Every value of every field of a form, in the order they came; also of one in parts."""
    pairs = _multipart(request) if request.media_type[:9] == "multipart" else form(request.body)
    fields: Fields = {}
    for name, value in pairs:
        fields.setdefault(name, []).append(text(value))
    return fields


def _multipart(request: HookRequest) -> list[tuple[str, str]]:
    head = f"Content-Type: {request.header('content-type')}\r\n\r\n".encode("utf-8", "replace")
    message = BytesParser(policy=HTTP).parsebytes(head + request.body)
    found = []
    for one in message.iter_parts() if message.is_multipart() else ():
        name = one.get_param("name", header="content-disposition")
        content = one.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes):
            found.append((name, content.decode("utf-8", "replace")))
    return found


def record(value: Any) -> Mapping[str, Any]:
    """An item that must be an object. Raises Unreadable for anything else."""
    if not isinstance(value, dict):
        raise Unreadable(f"expected an object, got {type(value).__name__}")
    return value


def part(value: Any, *path: str) -> Mapping[str, Any]:
    """The object at a path of keys; {} where there is none."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def text(value: Any) -> str:
    """A value as text that any store takes; objects, lists and nothing are ""."""
    if value is None:  # most fields of most items
        return ""
    if isinstance(value, str):
        if value.isascii() and "\0" not in value:
            return value
        return value.replace("\0", "").encode("utf-8", "replace").decode()
    return "" if isinstance(value, bool | dict | list) else str(value)


def first(fields: Mapping[str, Any], *names: str) -> str:
    """The text of the first of these fields that has any."""
    for name in names:
        if found := text(fields.get(name)):
            return found
    return ""


def texts(value: Any) -> tuple[str, ...]:
    """Tags: a list of texts, or one text."""
    if isinstance(value, list):
        return tuple(found for item in value if (found := text(item)))
    return (found,) if (found := text(value)) else ()


def number(value: Any) -> int | None:
    """A whole number, also one written as text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = int(float(value)) if isinstance(value, str | float) else value
    except (ValueError, OverflowError):
        return None
    return found if abs(found) < 1 << 62 else None


def metadata(value: Any) -> dict[str, Any]:
    """What the sender attached: an object, or JSON text of one; {} for anything else."""
    if isinstance(value, str):
        try:
            value = msgspec.json.decode(value)
        except (msgspec.DecodeError, UnicodeError, RecursionError, ValueError):
            return {}
    return dict(value) if isinstance(value, dict) else {}


def epoch_us(value: Any, *, per_second: int = 1) -> int | None:
    """Microseconds of a number of seconds since 1970 (`per_second` 1000: of milliseconds)."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        us = _exact_us(value) if per_second == 1 else round(float(value) * SECOND_US / per_second)
    except (ValueError, OverflowError):
        return None
    return us if 0 <= us < LATEST_US else None


def _exact_us(value: float | str) -> int:
    """Without the rounding of a float where the number is written out: 1534108637.153125."""
    whole, _, fraction = str(value).strip().partition(".")
    if whole.isdecimal() and (not fraction or fraction.isdecimal()):
        return int(whole) * SECOND_US + int(fraction[:6].ljust(6, "0"))
    return round(float(value) * SECOND_US)


def time_us(value: Any) -> int | None:
    """Microseconds of an RFC 3339 time; one without a zone is UTC. None for anything else."""
    if not isinstance(value, str) or not value:
        return None
    try:
        at = datetime.fromisoformat(_FRACTION.sub(r"\1", value.strip()))
        us = micros(at if at.tzinfo else at.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        return None
    return us if 0 <= us < LATEST_US else None


def address(value: Any) -> str:
    """The bare address in a header like `Anna <anna@corp.example>`, "" for none."""
    plain = text(value)
    return parseaddr(plain)[1] if "<" in plain or "," in plain else plain.strip()


def plain_id(value: Any) -> str:
    """A Message-ID without its brackets."""
    return text(value).strip().removeprefix("<").removesuffix(">")


def same_words(name: str) -> str:
    """A word in the form that tables of words are keyed by."""
    return name.strip().lower().replace("_", " ").replace("-", " ")
