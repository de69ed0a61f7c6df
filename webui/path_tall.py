"""The same path drawn downwards, for narrow pages: it keeps the order, not the scale."""

from __future__ import annotations

from tracer.model import SECOND_US
from webui import show
from webui.drawing import Drawing, Glyph, Text, fitted
from webui.i18n import gettext, ngettext
from webui.path import Path, Step, StepKind, Stop, Try
from webui.path_words import (
    end_words,
    ends_in_queue,
    is_beyond_sight,
    path_description,
    path_title,
    step_word,
    tls_words,
    took,
)
from webui.vocabulary import TONES

LINE, TIMES, WORDS = 76.0, 52.0, 98.0
WIDTH = 346.0
ROOM = WIDTH - 6 - WORDS
TRAVEL, BLOCK, WAIT = 54.0, 42.0, 52.0
SHOWN = 3  # tries at either end of a long row of them


def tall(path: Path) -> Drawing:
    """The picture for narrow pages."""
    drawing = Drawing(
        width=WIDTH, left=-6, title=path_title(path), description=path_description(path)
    )
    y = 14.0
    stops = {stop.before: stop for stop in path.stops}
    for index, step in enumerate(path.steps):
        y = _draw_step(drawing, step, stops.get(index), index == 0, y)
        if step.tries and index + 1 < len(path.steps) and step.took_s is not None:
            _draw_last_try(drawing, step, y)
    drawing.height = _draw_end(drawing, path, y)
    return drawing


def _draw_step(drawing: Drawing, step: Step, stop: Stop | None, first: bool, y: float) -> float:
    """Draws a step from `y` on; returns where it ends."""
    waits = step.kind in (StepKind.QUEUE, StepKind.FILTER)
    if stop:
        name_y = y + 14 if waits else y + 4
        drawing.texts.append(Text(WORDS, name_y, fitted(stop.name, ROOM, bold=True), "b"))
        if step.began_us is not None:
            drawing.texts.append(Text(TIMES, name_y, show.clock(step.began_us), "", "end"))
    if waits and step.tries:
        return _draw_tries(drawing, step, y)
    words = ", ".join(filter(None, (step_word(step).lower(), took(step), tls_words(step))))
    if waits:
        high = BLOCK if stop else BLOCK / 2
        drawing.blocks += f"M{LINE - 10} {y}h20v{high}h-20z"
        drawing.texts.append(Text(WORDS, y + high - 8, fitted(words, ROOM), "mute"))
        return y + high
    drawing.lines += f"M{LINE} {y}v{TRAVEL}"
    if first:
        drawing.dots.append((LINE, y, 5))
    drawing.texts.append(Text(WORDS, y + TRAVEL / 2 + 8, fitted(words, ROOM), "mute"))
    return y + TRAVEL


def _draw_tries(drawing: Drawing, step: Step, y: float) -> float:
    """The first wait is short, as a rule; then a tick for each try and the wait after it."""
    top = y
    y += 34
    shown = _shown(step.tries)
    for held, after in zip(shown, (*shown[1:], None), strict=True):
        y = _draw_gap(drawing, len(step.tries), y) if held is None else y
        if held is None:
            continue
        number = step.tries.index(held) + 1
        drawing.ticks += f"M{LINE - 16} {y}h26"
        drawing.texts.append(Text(TIMES, y + 4, show.clock(held.at_us), "", "end"))
        words = gettext("try %(n)s", n=number)
        words = f"{held.code}, {words}" if held.code else words
        drawing.texts.append(Text(WORDS, y + 4, words, "wait"))
        y += _draw_pause(drawing, step, held, after, number, y)
    drawing.waits += f"M{LINE - 10} {top}h20V{y}h-20z"
    return y


def _shown(tries: tuple[Try, ...]) -> tuple[Try | None, ...]:
    """Every try, or both ends of a long row with None for the ones between."""
    if len(tries) <= 2 * SHOWN + 1:
        return tries
    return (*tries[:SHOWN], None, *tries[-SHOWN:])


def _draw_gap(drawing: Drawing, count: int, y: float) -> float:
    left_out = count - 2 * SHOWN
    words = ngettext("%(num)s more try", "%(num)s more tries", left_out)
    drawing.texts.append(Text(WORDS, y + 4, f"… {words} …", "mute"))
    return y + WAIT / 2


def _draw_pause(
    drawing: Drawing, step: Step, held: Try, after: Try | None, number: int, y: float
) -> float:
    """The wait after a try, if it is known; returns its height."""
    if number < len(step.tries):
        if after is None:
            return WAIT / 2
        waited_s = (after.at_us - held.at_us) / SECOND_US
    elif step.took_s is not None and step.began_us is not None:
        waited_s = step.took_s - (held.at_us - step.began_us) / SECOND_US
    else:
        return 0
    if waited_s <= 0:
        return 0
    words = gettext("waits %(time)s", time=show.duration(round(waited_s), brief=True))
    drawing.texts.append(Text(WORDS, y + 30, words, "mute"))
    return WAIT


def _draw_last_try(drawing: Drawing, step: Step, y: float) -> None:
    last_us = (step.began_us or 0) + round((step.took_s or 0) * SECOND_US)
    drawing.lines += f"M{LINE - 16} {y}h26"
    drawing.texts.append(Text(TIMES, y + 4, show.clock(last_us), "", "end"))
    drawing.texts.append(Text(WORDS, y + 4, gettext("try %(n)s", n=len(step.tries) + 1)))


def _draw_end(drawing: Drawing, path: Path, y: float) -> float:
    """The end mark with its words; returns the height of the whole."""
    if ends_in_queue(path):
        drawing.unseen = f"M{LINE} {y + 2}v22"
        y += 24
    y += 12
    tone, (code, word) = TONES[path.outcome], end_words(path)
    drawing.end = Glyph(LINE, y, path.outcome.value, 11, tone)
    drawing.texts += [
        Text(TIMES, y + 4, show.clock(path.ended_us), "", "end"),
        Text(WORDS, y + 4, fitted(f"{code} {word}".strip(), ROOM, bold=True), f"{tone} b"),
        Text(WORDS, y + 21, fitted(path.end_name, ROOM), "mute"),
    ]
    if is_beyond_sight(path):
        drawing.unseen += f"M{LINE} {y + 12}v56"
        drawing.texts.append(Text(WORDS, y + 64, gettext("what follows cannot be seen"), "mute"))
        return y + 74
    return y + 28
