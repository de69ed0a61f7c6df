"""One line of the language read into nodes.

Its shape is the `grammar`'s; what a value means is read in `values`; what a bare word is,
in `paste`; how to say what is wrong, in `mistakes`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import msgspec

from tracer.errors import InvalidQuery, Phrase
from tracer.query import mistakes, paste
from tracer.query.grammar import parser
from tracer.query.keys import KEYS, WINDOW_KEYS, unknown_key_hint
from tracer.query.nodes import (
    EVERYTHING,
    Compare,
    Node,
    Term,
    Value,
    any_of,
    both,
    either,
    negated,
)
from tracer.query.values import read_values, unquote

if TYPE_CHECKING:
    from lark import Token, Tree

MAX_VALUES = 500
MAX_DEPTH = 40

_NEXT_PART = rf"(?i)-?(?:{'|'.join(KEYS)}):|(?:OR|AND)$"
_LIKE_A_KEY = r"(?s)([^\W\d_][\w-]{0,30}):(?!//)."


class WindowTerm(msgspec.Struct, frozen=True):
    """A `last:`, `since:` or `until:` as typed: times are not the grammar's business."""

    key: str
    value: str
    column: int
    text: str


class Reading(msgspec.Struct):
    """A text that was read. `pasted`: it was not written in the language itself."""

    where: Node = EVERYTHING
    window: list[WindowTerm] = []
    hints: list[Phrase] = []
    pasted: bool = False


def read_line(text: str, *, offset: int = 0, is_alternative: bool = False) -> Reading:
    """The conditions, window terms and hints of one line.

    `offset` is added to the columns. A line that is one alternative of several cannot hold
    a window. Raises InvalidQuery and nothing else, whatever the text.
    """
    reader = _Reader(text, offset)
    top = reader.tree().children[0]
    if top is not None:
        reader.reading.where = reader.node(top, is_top=not is_alternative, depth=0)
    return reader.reading


def _is_bare(child: Any) -> bool:
    return bool(child.data == "bare")


def _is_one_list(left: Any, right: Any) -> bool:
    """Whether a comma or semicolon stands where two bare words meet."""
    separators = (",", ";")
    before, after = str(left.children[0]), str(right.children[0])
    return before.endswith(separators) or after.startswith(separators)


class _Reader:
    """Walks the tree of one line and collects what it finds into `reading`."""

    def __init__(self, text: str, offset: int) -> None:
        self.text = text
        self.offset = offset
        self.reading = Reading()
        self.value_count = 0

    def tree(self) -> Tree[Any]:
        from lark import UnexpectedInput, UnexpectedToken

        try:
            return cast("Tree[Any]", parser().parse(self.text))
        except UnexpectedInput as error:
            is_end = isinstance(error, UnexpectedToken) and error.token.type == "$END"
            position = len(self.text) if is_end else cast(int, error.pos_in_stream)
            found = mistakes.explain(self.text, position)
            found.column += self.offset
            raise found from error

    def node(self, tree: Tree[Any], *, is_top: bool, depth: int) -> Node:
        """The node of a rule. `is_top`: every delivery found must fulfil it."""
        start = tree.meta.start_pos
        if depth > MAX_DEPTH:
            raise self.refusal(Phrase("the parentheses are nested too deeply"), start)
        column, typed = self.column(start), self.text[start : tree.meta.end_pos]
        match tree.data:
            case "any":
                found = (self.node(each, is_top=False, depth=depth + 1) for each in tree.children)
                return either(tuple(found), column=column, text=typed)
            case "all":
                return both(self.parts(tree.children, is_top, depth + 1), column=column, text=typed)
            case "group":
                return self.node(tree.children[1], is_top=is_top, depth=depth + 1)
            case "negation":
                item = self.node(tree.children[1], is_top=False, depth=depth + 1)
                return negated(item, column=column, text=typed)
            case "bare":
                return self.bare(cast("list[Token]", tree.children))
            case _:
                return self.condition(tree.children, typed, is_top)

    def parts(self, children: Sequence[Any], is_top: bool, depth: int) -> tuple[Node, ...]:
        """The AND-ed parts, where `a@x, b@y` with its space is one list."""
        found: list[Node] = []
        run: list[Token] = []
        for child, following in zip(children, [*children[1:], None], strict=True):
            if not _is_bare(child):
                found.append(self.node(child, is_top=is_top, depth=depth))
                continue
            run.append(child.children[0])
            if following is None or not _is_bare(following) or not _is_one_list(child, following):
                found.extend(self.listed(run))
                run = []
        self.advise(children)
        return tuple(found)

    def listed(self, run: list[Token]) -> list[Node]:
        if len(run) > 1 and all(
            paste.keys_of(piece) for token in run for piece in paste.separated(token)
        ):
            return [self.bare(run)]
        return [self.bare([token]) for token in run]

    def bare(self, tokens: Sequence[Token]) -> Node:
        """Words without a key: a list of things that are recognised, or one free text."""
        pieces = [piece for token in tokens for piece in paste.separated(token)]
        first = tokens[0]
        if pieces and all(map(paste.keys_of, pieces)):
            typed = self.text[cast(int, first.start_pos) : cast(int, tokens[-1].end_pos)]
            return any_of(
                [node for piece in pieces for node in self.things(piece, first)],
                column=self.column(first.start_pos),
                text=typed,
            )
        return self.free_text(first)

    def things(self, piece: str, token: Token) -> list[Node]:
        keys = paste.keys_of(piece)
        if keys == ("msgid",) and not paste.looks_like_message_id(piece):
            self.hint(
                Phrase(
                    "%(piece)s was looked for as a Message-ID. For an address leave out the < >.",
                    piece=piece,
                )
            )
        return [self.term(key, [piece], token, piece) for key in keys]

    def free_text(self, token: Token) -> Node:
        like_key = re.match(_LIKE_A_KEY, token)
        if like_key:
            self.hint(unknown_key_hint(like_key[1]))
        return self.term("text", [str(token)], token, str(token))

    def condition(self, tokens: Sequence[Any], typed: str, is_top: bool) -> Node:
        key_token, *values = tokens
        key = key_token[:-1].lower()
        for value in values:
            if self.text[value.start_pos - 1].isspace() and re.match(_NEXT_PART, value):
                raise self.moved(mistakes.explain(self.text, value.start_pos), 0)
        if key in WINDOW_KEYS:
            return self.window(key, values, key_token, typed, is_top)
        term = self.term(key, values, key_token, typed)
        if key in ("size", "delay") and Compare("=", 0) in map(_without_value, term.values):
            self.hint(
                Phrase(
                    "%(typed)s asks for exactly that; for more write %(better)s",
                    typed=typed,
                    better=f"{key}:>{values[0]}",
                )
            )
        return term

    def term(self, key: str, texts: Sequence[str], token: Token, typed: str) -> Term:
        found: dict[Value, None] = {}
        for text in texts:
            try:
                found.update(dict.fromkeys(read_values(key, text)))
            except InvalidQuery as error:
                at = cast("Token", text) if hasattr(text, "start_pos") else token
                raise self.moved(error, cast(int, at.start_pos)) from None
        self.value_count += len(found)
        if self.value_count > MAX_VALUES:
            raise self.refusal(mistakes.too_many_values(MAX_VALUES), token.start_pos)
        return Term(key, tuple(found), self.column(token.start_pos), typed)

    def window(
        self, key: str, values: Sequence[Any], token: Token, typed: str, is_top: bool
    ) -> Node:
        if not is_top:
            message = Phrase(
                "%(key)s: holds for the whole query and cannot be part of OR or of -( )", key=key
            )
            raise self.refusal(message, token.start_pos)
        if len(values) > 1:
            raise self.refusal(Phrase("%(key)s: takes one time", key=key), values[1].start_pos)
        inner = unquote(values[0])
        value = str(values[0]) if inner is None else inner
        column = self.column(values[0].start_pos)
        self.reading.window.append(WindowTerm(key, value, column, typed))
        return EVERYTHING

    def advise(self, children: Sequence[Any]) -> None:
        """Hints on bare words that stand side by side."""
        words = [str(child.children[0]) for child in children if _is_bare(child)]
        for word in words:
            if word.lower() in ("or", "или"):
                self.hint(
                    Phrase(
                        "%(word)s was searched as a word. For a choice write OR in capitals.",
                        word=word,
                    )
                )
        addresses = [word for word in words if paste.keys_of(word)[:1] == ("addr",)]
        if len(addresses) > 2:
            self.hint(
                Phrase(
                    "One delivery must have all these addresses (%(count)s). "
                    "For any of them put commas between.",
                    count=len(addresses),
                )
            )

    def hint(self, text: Phrase) -> None:
        if text not in self.reading.hints:
            self.reading.hints.append(text)

    def column(self, position: int | None) -> int:
        return self.offset + cast(int, position) + 1

    def moved(self, error: InvalidQuery, position: int) -> InvalidQuery:
        """The error with its column counted from `position` of the whole text."""
        error.column += self.offset + position
        return error

    def refusal(self, message: Phrase, position: int | None) -> InvalidQuery:
        return InvalidQuery(message, column=self.column(position))


def _without_value(value: Value) -> Compare | None:
    return Compare(value.op, 0) if isinstance(value, Compare) else None
