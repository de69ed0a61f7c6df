"""The grammar of the language: its shape, and the parser made from it.

Lark takes longer to make a parser from a grammar than a search takes to run, so what it
made is kept beside this module, under a mark of the grammar and of Lark's version. Where
the mark does not fit, the parser is made anew. After a change of either:
python -c 'from tracer.query import grammar; grammar.write()'
"""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from tracer.query.keys import KEYS

if TYPE_CHECKING:
    from lark import Lark

READY_MADE = Path(__file__).with_name("grammar.bin")

# Each repetition reads a character that no other branch can begin with, or runs up to the
# next @ or quotation mark once: no text takes more than linear time.
_PIECE = r'"(?:[^"\\]|\\.)*"|<[^<>\s"@]*@[^<>\s"]*>'
VALUE_PATTERN = rf'“[^”]*”|«[^»]*»|(?:{_PIECE}|[^\s,()"])+'
GRAMMAR = rf"""
start: [any]
?any: all (_OR all)*
?all: part (_AND? part)*
?part: MINUS part -> negation
     | LPAR any RPAR -> group
     | KEY VALUE (_COMMA VALUE)* -> condition
     | BARE -> bare
_COMMA.7: ","
_OR.6: /OR(?![^\s()])/
_AND.6: /AND(?![^\s()])/
MINUS.6: /-(?=\S)/
LPAR.6: "("
RPAR.6: ")"
KEY.5: /(?:{"|".join(KEYS)}):/i
VALUE: /{VALUE_PATTERN}/s
BARE: /“[^”]*”|«[^»]*»|(?!(?:OR|AND)(?![^\s()]))(?:{_PIECE}|[^\s()"])+/s
%ignore /\s+/
"""


@cache
def parser() -> Lark:
    """The parser, read ready-made where that fits."""
    # Imported here because it takes a tenth of a cold command's time, and not every
    # command reads a query.
    from lark import Lark

    stored = READY_MADE.read_bytes() if READY_MADE.is_file() else b""
    own = mark()
    return Lark.load(BytesIO(stored[len(own) :])) if stored.startswith(own) else made()


def made() -> Lark:
    """The parser, made from the grammar."""
    from lark import Lark

    return Lark(GRAMMAR, parser="lalr", propagate_positions=True)


def mark() -> bytes:
    """Which grammar and which Lark a ready-made parser belongs to."""
    from lark import __version__ as version

    return sha256(f"{version}\n{GRAMMAR}".encode()).digest()


def write(path: Path = READY_MADE) -> None:
    """Keep the parser for later."""
    content = BytesIO()
    made().save(content)
    path.write_bytes(mark() + content.getvalue())
