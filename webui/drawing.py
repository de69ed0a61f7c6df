"""The few shapes that pictures are made of, and how wide text will be."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

LETTER = 6.9  # px a letter of 12 px text takes, generously
BOLD_LETTER = 7.6
WIDER = 1.0  # what a Cyrillic letter takes more


@dataclass(frozen=True, slots=True)
class Text:
    """Words at a place; `look` is a class, `anchor` as SVG has it ("" is start)."""

    x: float
    y: float
    words: str
    look: str = ""
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class Glyph:
    """A symbol of the sprite in a box, on a patch of ground that hides what is under it."""

    x: float
    y: float
    name: str
    size: float
    look: str = ""


@dataclass(slots=True)
class Drawing:
    """SVG parts in the order of drawing: blocks and lines are path data."""

    width: float = 0
    height: float = 0
    left: float = 0
    title: str = ""
    description: str = ""
    rules: str = ""  # hairlines that tie names to the line
    blocks: str = ""  # waiting
    waits: str = ""  # waiting between tries
    ticks: str = ""  # tries put off
    lines: str = ""  # travel
    unseen: str = ""  # beyond what we can see
    dots: list[tuple[float, float, float]] = field(default_factory=list)  # x, y, radius
    texts: list[Text] = field(default_factory=list)
    locks: list[tuple[float, float]] = field(default_factory=list)
    end: Glyph | None = None


def text_width(words: str, *, bold: bool = False) -> float:
    """About how many px the words take at 12 px."""
    letter = BOLD_LETTER if bold else LETTER
    beyond_ascii = sum(character > "\x7f" for character in words)
    return len(words) * letter + beyond_ascii * WIDER


def fitted(words: str, room: float, *, bold: bool = False) -> str:
    """The words cut to the room they have."""
    if text_width(words, bold=bold) <= room:
        return words
    while len(words) > 1 and text_width(f"{words}…", bold=bold) > room:
        words = words[:-1]
    return f"{words}…"


def weight(seconds: float | None) -> float:
    """How much of the width a time gets: it grows with the logarithm, and none gets nothing."""
    return 1.8 + math.log10(1 + 20 * max(seconds or 0.0, 0.0))


def shared_out(weights: Sequence[float], least: Sequence[float], room: float) -> list[float]:
    """Widths in proportion to the weights, none under its least; wider than `room` only if
    the least widths are."""
    fixed = [False] * len(weights)
    widths = list(least)
    while not all(fixed):
        free = room - sum(width for width, held in zip(widths, fixed, strict=True) if held)
        share = free / sum(part for part, held in zip(weights, fixed, strict=True) if not held)
        short = [
            index
            for index, held in enumerate(fixed)
            if not held and share * weights[index] < least[index]
        ]
        if not short:
            return [
                width if held else share * part
                for width, held, part in zip(widths, fixed, weights, strict=True)
            ]
        for index in short:
            fixed[index] = True
    return widths
