"""The path of a mail from left to right: geometry only, drawn by `pictures.html`.

Lines are travel, blocks are waiting, ticks are tries, locks are TLS. Widths share out as
`weight()` of the time. Words that have no room are cut or left out; the table has them all.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from tracer.model import SECOND_US
from webui import show
from webui.drawing import Drawing, Glyph, Text, fitted, shared_out, text_width, weight
from webui.i18n import gettext
from webui.path import Path, Step, StepKind, Stop
from webui.path_words import (
    end_words,
    ends_in_queue,
    is_beyond_sight,
    path_description,
    path_title,
    queue_words,
    step_word,
    tls_words,
    took,
)
from webui.vocabulary import TONES

LEFT, WIDTH = 8.0, 960.0
BEYOND = 250.0  # room for what we cannot see
END_ROOM = 75.0
WAITING = 56.0  # from the last try to the end mark of a mail that never left
LOCK_ROOM = 40.0
RADIUS = 11.0
NAME_ROOM = 120.0
GAP = 8.0  # between two words that stand side by side


@dataclass(frozen=True, slots=True)
class Cell:
    """A part of the line: a step, or one wait between two tries of a step."""

    step: Step
    took_s: float | None
    least: float
    tick_us: int | None = None  # a try put off, or the last one, at the right edge
    tick_words: str = ""
    first: bool = True  # the step's first cell: its words stand here


def wide(path: Path) -> Drawing:
    """The picture for wide pages."""
    cells = [cell for step in path.steps for cell in _cells(step, path)]
    cells = _with_room_for_names(cells, path)
    room = WIDTH - _end_room(path)
    widths = shared_out([weight(cell.took_s) for cell in cells], [c.least for c in cells], room)
    drawing = Drawing(title=path_title(path), description=path_description(path), left=LEFT)
    base = 90.0 if any(step.tries for step in path.steps) else 72.0
    places = _places(cells, widths)
    _draw_steps(drawing, cells, places, base)
    end_x = places[-1]
    if ends_in_queue(path):
        end_x += WAITING
        drawing.unseen = f"M{places[-1] + 4:.1f} {base}H{end_x - RADIUS:.1f}"
    _draw_end(drawing, path, end_x, base)
    _draw_stops(drawing, path, cells, [*places[:-1], end_x], base)
    drawing.width = max(WIDTH, places[-1] + _end_room(path) - LEFT)
    drawing.height = base + 68
    return drawing


def _end_room(path: Path) -> float:
    if is_beyond_sight(path):
        return BEYOND + RADIUS
    room = max(END_ROOM, *(text_width(word, bold=True) for word in end_words(path)))
    return room + WAITING if ends_in_queue(path) else room


def _with_room_for_names(cells: list[Cell], path: Path) -> list[Cell]:
    """The first cell of a stop's step is wide enough for the stop's name, if that is short."""
    wanted = {
        id(path.steps[stop.before]): _name_room(stop)
        for stop in path.stops
        if stop.before < len(path.steps)
    }
    return [
        replace(cell, least=max(cell.least, wanted.get(id(cell.step), 0))) if cell.first else cell
        for cell in cells
    ]


def _name_room(stop: Stop) -> float:
    name = text_width(short_name(stop.name), bold=True)
    return min(max(name, text_width(stop.address)) + GAP, NAME_ROOM)


def short_name(name: str) -> str:
    """The first label of a host's name; an address whole."""
    return name if name[:1].isdigit() or ":" in name else name.partition(".")[0]


def _places(cells: list[Cell], widths: list[float]) -> list[float]:
    places = [LEFT]
    for width in widths:
        places.append(places[-1] + width)
    return places if cells else [LEFT]


def _cells(step: Step, path: Path) -> list[Cell]:
    if not step.tries:
        lines = (step_word(step), took(step, brief=True), tls_words(step))
        least = max(map(text_width, lines)) + GAP
        return [Cell(step, step.took_s, max(least, LOCK_ROOM if step.tls else 0))]
    return _waits(step, path)


def _waits(step: Step, path: Path) -> list[Cell]:
    """One cell before each try; and, if it was tried again, one up to that last try."""
    began_us = step.began_us or step.tries[0].at_us
    cells: list[Cell] = []
    before_us = began_us
    for held in step.tries:
        words = f"{show.clock_short(held.at_us)} · {held.code}".rstrip(" ·")
        waited_s = (held.at_us - before_us) / SECOND_US
        cells.append(Cell(step, waited_s, GAP, held.at_us, words, not cells))
        before_us = held.at_us
    if step.took_s is not None and step is not path.steps[-1]:
        last_us = began_us + round(step.took_s * SECOND_US)
        words = gettext(
            "%(time)s · try %(n)s", time=show.clock_short(last_us), n=len(step.tries) + 1
        )
        waited_s = (last_us - before_us) / SECOND_US
        cells.append(Cell(step, waited_s, GAP, last_us, words, False))
    return cells


def _draw_steps(drawing: Drawing, cells: list[Cell], places: list[float], base: float) -> None:
    for index, cell in enumerate(cells):
        start, end = places[index], places[index + 1]
        if cell.step.tries:
            _draw_wait(drawing, cell, start, end, base)
        elif cell.step.kind in (StepKind.QUEUE, StepKind.FILTER):
            drawing.blocks += f"M{start:.1f} {base - 10}h{end - start:.1f}v20h-{end - start:.1f}z"
        else:
            _draw_travel(drawing, cell, start, end, base)
        if cell.first:
            _draw_words(drawing, cell.step, start, _room(cells, places, index), base)
    _draw_ticks(drawing, cells, places, base)


def _room(cells: list[Cell], places: list[float], index: int) -> float:
    """How far the words of a step may reach: to the next step's."""
    after = index + 1
    while after < len(cells) and not cells[after].first:
        after += 1
    return places[after] - places[index] - GAP / 2


def _draw_words(drawing: Drawing, step: Step, x: float, room: float, base: float) -> None:
    drawing.texts.append(Text(x, base + 30, fitted(queue_words(step), room + GAP)))
    lines = [took(step), tls_words(step)]
    if text_width(lines[0]) > room:
        lines[0] = took(step, brief=True)
    for number, words in enumerate(filter(None, lines)):
        drawing.texts.append(Text(x, base + 47 + 17 * number, words, "mute"))


def _draw_wait(drawing: Drawing, cell: Cell, start: float, end: float, base: float) -> None:
    drawing.waits += f"M{start:.1f} {base - 10}H{end:.1f}v20H{start:.1f}z"
    words = show.duration(round(cell.took_s or 0), brief=True)
    if (cell.took_s or 0) >= 0.5 and text_width(words) + GAP < end - start:
        drawing.texts.append(Text((start + end) / 2, base + 4, words, "", "middle"))


def _draw_travel(drawing: Drawing, cell: Cell, start: float, end: float, base: float) -> None:
    drawing.lines += f"M{start:.1f} {base}H{end:.1f}"
    if start <= LEFT:
        drawing.dots.append((start, base, 5))
    elif cell.step.kind in (StepKind.TRANSFER, StepKind.STORE):
        drawing.dots.append((start, base, 3.5))
    if cell.step.tls and cell.step.kind is not StepKind.TRANSFER:
        drawing.locks.append((min((start + end) / 2, start + 34), base))


def _draw_ticks(drawing: Drawing, cells: list[Cell], places: list[float], base: float) -> None:
    """A tick for each try; its words beside it, or above where ticks stand close."""
    taken = next_tick = places[-1] + END_ROOM
    for index in reversed(range(len(cells))):
        cell, x = cells[index], places[index + 1]
        if cell.tick_us is None:
            continue
        is_last = index + 1 == len(cells) or not cells[index + 1].tick_us
        put_off = not is_last or cell.tick_us == cell.step.tries[-1].at_us
        mark = f"M{x:.1f} {base - 20}v30"
        if put_off:
            drawing.ticks += mark
        else:
            drawing.lines += mark
        look = "wait" if put_off else ""
        if x + 6 + text_width(cell.tick_words) <= next_tick:
            drawing.texts.append(Text(x + 6, base - 20, cell.tick_words, look))
            taken = x
        elif x + text_width(cell.tick_words) <= taken:
            drawing.texts.append(Text(x, base - 26, cell.tick_words, look))
            taken = x
        next_tick = x


def _draw_end(drawing: Drawing, path: Path, x: float, base: float) -> None:
    tone, (code, word) = TONES[path.outcome], end_words(path)
    drawing.end = Glyph(x, base, path.outcome.value, RADIUS, tone)
    if is_beyond_sight(path):
        right = x + BEYOND
        drawing.unseen = f"M{x + 12:.1f} {base}H{right:.1f}"
        drawing.texts += [
            Text(x - 3, base + 30, f"{code} {word}".strip(), "b"),
            Text(x - 3, base + 47, show.clock(path.ended_us), "mute"),
            Text(right, base + 30, gettext("mailbox?"), "", "end"),
        ]
        return
    right = _right(path, x)
    drawing.texts.append(Text(right, base + 30, code, f"{tone} b", "end"))
    drawing.texts.append(Text(right, base + 47, word, tone, "end"))


def _right(path: Path, end_x: float) -> float:
    """The right edge: words that end there belong to the end of the path."""
    room = _end_room(path) - (WAITING if ends_in_queue(path) else 0)
    return max(LEFT + WIDTH, end_x + room)


def _draw_stops(
    drawing: Drawing, path: Path, cells: list[Cell], places: list[float], base: float
) -> None:
    x_end = places[-1]
    right = _right(path, x_end)
    starts = [
        places[next((i for i, cell in enumerate(cells) if cell.step is step), 0)]
        for step in path.steps
    ]
    own_end = not path.stops or path.end_name != path.stops[-1].name
    taken = right + GAP
    if own_end:
        taken = _draw_end_name(drawing, path, x_end, right)
        drawing.rules += f"M{x_end:.1f} 38V{base - RADIUS}"
    for stop in reversed(path.stops):
        x = starts[stop.before] if stop.before < len(starts) else x_end
        room = taken - x - GAP
        drawing.texts.append(Text(x, 14, fitted(_name(stop, room), room, bold=True), "b"))
        drawing.texts.append(Text(x, 30, fitted(stop.address, room), "mute"))
        drawing.rules += f"M{x:.1f} 38V{base - (0 if x <= LEFT else 10)}"
        taken = x


def _name(stop: Stop, room: float) -> str:
    """The whole name where there is room for it."""
    return stop.name if text_width(stop.name, bold=True) <= room else short_name(stop.name)


def _draw_end_name(drawing: Drawing, path: Path, x: float, right: float) -> float:
    """Where the words begin, so that others keep off."""
    if is_beyond_sight(path):
        start = x - 6
        drawing.texts.append(Text(start, 14, fitted(path.end_name, right - x, bold=True), "b"))
        drawing.texts.append(Text(start, 30, path.end_address, "mute"))
        return start
    name = fitted(path.end_name, WIDTH / 2, bold=True)
    drawing.texts.append(Text(right, 14, name, "b", "end"))
    drawing.texts.append(Text(right, 30, path.end_address, "mute", "end"))
    return right - max(text_width(name, bold=True), text_width(path.end_address))
