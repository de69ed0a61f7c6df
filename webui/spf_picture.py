"""An SPF record and all that it includes, drawn: boxes are records, lines are what leads there.

Geometry only; `spf_picture.html` draws it, with a list that says the same in words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from tracer.diagnostics.notes import noted
from tracer.diagnostics.spf import MAX_LOOKUPS, MAX_VOIDS, SpfNode, SpfTerm
from webui.drawing import fitted
from webui.i18n import gettext, language, ngettext

BOX, GAP, ROW, HIGH = 212.0, 36.0, 52.0, 40.0
DEEPEST, MOST = 12, 60  # levels and terms shown: a record can include for ever
CELL = 26.0
_NAMES = ("include", "redirect")
_PLAIN = ("ip4", "ip6", "all")


@dataclass(frozen=True, slots=True)
class Box:
    """One record; `look` is a tone."""

    x: float
    y: float
    name: str
    small: str
    look: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A term of the list: `number` is the look-up that it spends, 0 for none."""

    term: SpfTerm
    number: int
    is_void: bool
    is_dead: bool
    record: str
    below: tuple[Line, ...] = ()
    matches: str = ""  # the address that it decided about


@dataclass(slots=True)
class SpfPicture:
    """The drawing, the meter above it and the list below it."""

    root: SpfNode
    lookups: int
    void_lookups: int
    lines: tuple[Line, ...] = ()
    boxes: list[Box] = field(default_factory=list)
    ways: str = ""  # path data from box to box
    matched: str = ""  # of them, the way that led to the match
    width: float = 0
    height: float = 0
    title: str = ""

    @property
    def is_tree(self) -> bool:
        """Whether there is more than one box to draw."""
        return len(self.boxes) > 1

    @property
    def spent(self) -> str:
        """Path data of the meter's full cells."""
        return _cells(0, min(self.lookups, MAX_LOOKUPS))

    @property
    def left(self) -> str:
        """Path data of its empty cells."""
        return _cells(min(self.lookups, MAX_LOOKUPS), MAX_LOOKUPS)

    @property
    def over(self) -> str:
        """Path data of the cells beyond what is allowed."""
        return _cells(MAX_LOOKUPS, min(self.lookups, 2 * MAX_LOOKUPS))

    @property
    def meter_width(self) -> float:
        """How far the cells reach."""
        return CELL * max(MAX_LOOKUPS, min(self.lookups, 2 * MAX_LOOKUPS)) + 8

    @property
    def is_over(self) -> bool:
        """Whether a limit of RFC 7208, 4.6.4 is passed."""
        return self.lookups > MAX_LOOKUPS or self.void_lookups > MAX_VOIDS

    @property
    def counter(self) -> str:
        """The meter in words."""
        return gettext(
            "%(n)s of %(most)s look-ups, %(void)s of %(most_void)s void",
            n=self.lookups, most=MAX_LOOKUPS, void=self.void_lookups, most_void=MAX_VOIDS,
        )  # fmt: skip


def spf_picture(root: SpfNode, matches: Mapping[str, str] = MappingProxyType({})) -> SpfPicture:
    """The picture of a tree of records; `matches` has, by term of the first record, the
    addresses that it decided about."""
    picture = SpfPicture(root, root.lookups, root.void_lookups)
    picture.title = gettext("SPF records of %(domain)s", domain=root.domain)
    picture.lines = tuple(
        replace(line, matches=matches.get(line.term.text, ""))
        for line in _lines(root, _Counter(), 0)
    )
    _Drawing(picture, matches).place(root, 0, False)
    picture.width = max(box.x for box in picture.boxes) + BOX + 2
    picture.height = max(box.y for box in picture.boxes) + HIGH + 2
    return picture


def _cells(first: int, last: int) -> str:
    return "".join(f"M{number * CELL:g} 2h22v12h-22z" for number in range(first, last))


class _Counter:
    def __init__(self) -> None:
        self.lookups = 0
        self.terms = 0


def _lines(node: SpfNode, counter: _Counter, depth: int) -> Iterator[Line]:
    for term in node.terms:
        counter.terms += 1
        if counter.terms > MOST:
            return
        inner = term.node
        own = term.lookups - (inner.lookups if inner else 0)
        void = term.void_lookups - (inner.void_lookups if inner else 0)
        counter.lookups += own
        is_plain = term.kind in _PLAIN and not term.matched and not term.problem
        if depth and is_plain:  # the record beside it says as much
            continue
        number = counter.lookups if own else 0
        deeper = inner is not None and depth < DEEPEST
        yield Line(
            term=term,
            number=number,
            is_void=void > 0,
            is_dead=bool(term.problem),
            record=inner.record if inner else "",
            below=tuple(_lines(inner, counter, depth + 1)) if inner and deeper else (),
        )


class _Drawing:
    """Places boxes: a level to the right for each include, a row for each record without any."""

    def __init__(self, picture: SpfPicture, matches: Mapping[str, str]) -> None:
        self._picture = picture
        self._matches = matches
        self._row = 0

    def place(self, node: SpfNode, depth: int, matched: bool) -> float:
        """Where the box of a record stands."""
        inner = [term for term in node.terms if term.kind in _NAMES] if depth < 4 else []
        places = []
        for term in inner[:MOST]:
            places.append((self._place_below(term, depth + 1), term))
        y = (places[0][0] + places[-1][0]) / 2 if places else self._next_row()
        x = depth * (BOX + GAP) + 1
        for below, term in places:
            middle = x + BOX + GAP / 2
            way = f"M{x + BOX:g} {y + HIGH / 2:g}H{middle:g}V{below + HIGH / 2:g}h{GAP / 2:g}"
            if self._has_matched(term, depth):
                self._picture.matched += way
            else:
                self._picture.ways += way
        decided = not depth and any(term.text in self._matches for term in node.terms)
        self._picture.boxes.append(_box(node, x, y, matched or decided))
        return y

    def _place_below(self, term: SpfTerm, depth: int) -> float:
        if term.node:
            return self.place(term.node, depth, self._has_matched(term, depth - 1))
        y, x = self._next_row(), depth * (BOX + GAP) + 1
        name = re.split("[:=]", term.text, maxsplit=1)[-1]
        small = noted(term.problem, language()) or gettext("not needed for this answer")
        self._picture.boxes.append(_worded(x, y, name, small, "bad" if term.problem else ""))
        return y

    def _has_matched(self, term: SpfTerm, depth: int) -> bool:
        return term.matched or (depth == 0 and term.text in self._matches)

    def _next_row(self) -> float:
        y = 1 + self._row * ROW
        self._row += 1
        return y


def _box(node: SpfNode, x: float, y: float, matched: bool) -> Box:
    if not node.record:
        small, look = gettext("no SPF record"), "bad"
    else:
        small = ngettext("%(num)s look-up", "%(num)s look-ups", node.lookups)
        direct = any(term.matched and term.kind not in _NAMES for term in node.terms)
        look = "good" if matched or direct else ""
        if direct:
            term = next(term for term in node.terms if term.matched)
            small = f"{small} · {term.text}"
    return _worded(x, y, node.domain, small, look)


def _worded(x: float, y: float, name: str, small: str, look: str) -> Box:
    return Box(x, y, fitted(name, BOX - 16, bold=True), fitted(small, BOX - 16), look)
