"""Tokens that scripts come with, by the checksum of each: a copy of the store opens nothing."""

from __future__ import annotations

import hashlib
import secrets

import msgspec
from sqlalchemy import Connection, select, update

from tracer.errors import NotFound
from tracer.store.receipt_tables import tokens

PREFIX = "mt_"


class Token(msgspec.Struct, frozen=True):
    """A token without its secret."""

    id: str
    name: str
    scopes: str  # "receipts:read events:write"
    made_us: int
    used_us: int | None
    revoked_us: int | None

    def may(self, scope: str) -> bool:
        """Whether it opens what this scope names; `WHAT:write` opens `WHAT:read` too."""
        what = scope.partition(":")[0]
        return bool({scope, f"{what}:write"} & set(self.scopes.split()))


_COLUMNS = [tokens.c[name] for name in Token.__struct_fields__]


def create(conn: Connection, name: str, scopes: str, now_us: int) -> tuple[Token, str]:
    """A new token and its secret, which is told this once only."""
    secret = PREFIX + secrets.token_urlsafe(32)
    token = Token(f"t_{secrets.token_hex(4)}", name, scopes, now_us, None, None)
    conn.execute(
        tokens.insert().values(**msgspec.structs.asdict(token) | {"sha256": _checksum(secret)})
    )
    return token, secret


def find(conn: Connection, secret: str) -> Token | None:
    """The token with this secret; None if there is none, or it was revoked."""
    here = (tokens.c.sha256 == _checksum(secret)) & tokens.c.revoked_us.is_(None)
    row = conn.execute(select(*_COLUMNS).where(here)).first()
    return Token(*row) if row else None


def used(conn: Connection, token_id: str, now_us: int) -> None:
    """Note when a token was last used."""
    conn.execute(update(tokens).where(tokens.c.id == token_id).values(used_us=now_us))


def every(conn: Connection) -> tuple[Token, ...]:
    """All tokens, oldest first."""
    return tuple(Token(*row) for row in conn.execute(select(*_COLUMNS).order_by(tokens.c.made_us)))


def revoke(conn: Connection, wanted: str, now_us: int) -> Token:
    """End the token with this id or name. Raises NotFound."""
    here = (tokens.c.id == wanted) | (tokens.c.name == wanted)
    live = here & tokens.c.revoked_us.is_(None)
    row = conn.execute(select(*_COLUMNS).where(live)).first()
    if row is None:
        raise NotFound(f"no token that is in use is named {wanted}")
    token = Token(*row)
    conn.execute(update(tokens).where(tokens.c.id == token.id).values(revoked_us=now_us))
    return token


def _checksum(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
