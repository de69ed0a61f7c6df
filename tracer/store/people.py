"""Who may open the pages."""

from __future__ import annotations

import re

import msgspec
from sqlalchemy import Connection, delete, select, update

from tracer.errors import NotFound, UnusableInput
from tracer.passwords import SHORTEST, hashed
from tracer.store.driver import fetch
from tracer.store.receipt_tables import people

_NAME = re.compile(r"[\w.@+-]{1,100}")


class Person(msgspec.Struct, frozen=True):
    name: str
    password: str
    made_us: int
    password_us: int


def exist(conn: Connection) -> bool:
    """Whether there is anybody: then the pages ask for a login. Asked at every request."""
    return bool(fetch(conn, "SELECT 1 FROM people LIMIT 1", ()))


def find(conn: Connection, name: str) -> Person | None:
    """The person of this name; case does not count."""
    row = conn.execute(select(*people.c).where(people.c.name == name.casefold())).first()
    return Person(*row) if row else None


def every(conn: Connection) -> tuple[Person, ...]:
    """All people, by name."""
    return tuple(Person(*row) for row in conn.execute(select(*people.c).order_by(people.c.name)))


def add(conn: Connection, name: str, password: str, now_us: int) -> Person:
    """A new person. Raises UnusableInput, which says what is wrong with name or password."""
    if not _NAME.fullmatch(name):
        raise UnusableInput(f"{name!r} cannot be a name: use letters, digits and . @ + - _")
    if find(conn, name) is not None:
        raise UnusableInput(f"{name} exists; to change the password: mailtracer user password")
    person = Person(name.casefold(), _kept(password), now_us, now_us)
    conn.execute(people.insert().values(**msgspec.structs.asdict(person)))
    return person


def set_password(conn: Connection, name: str, password: str, now_us: int) -> None:
    """Another password; whoever is logged in under this name is asked again."""
    _known(conn, name)
    changed = update(people).where(people.c.name == name.casefold())
    conn.execute(changed.values(password=_kept(password), password_us=now_us))


def remove(conn: Connection, name: str) -> None:
    """Let somebody in no longer. Raises NotFound."""
    _known(conn, name)
    conn.execute(delete(people).where(people.c.name == name.casefold()))


def _kept(password: str) -> str:
    if len(password) < SHORTEST:
        raise UnusableInput(f"a password has {SHORTEST} characters at least")
    return hashed(password)


def _known(conn: Connection, name: str) -> None:
    if find(conn, name) is None:
        raise NotFound(f"nobody is named {name}; see: mailtracer user list")
