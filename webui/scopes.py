"""What a script may do: `Authorization: Bearer mt_…`, a token with the scope that is asked for."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from flask import Response, request
from flask.typing import ResponseReturnValue

from tracer.store import tokens
from webui.db import connection
from webui.errors import problem

P = ParamSpec("P")
View = Callable[P, ResponseReturnValue]


def needs_scope(scope: str) -> Callable[[View[P]], View[P]]:
    """Let a view answer only to a token with this scope: else 401 or 403, saying what to do."""

    def guard(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            refused = refusal(scope)
            return view(*args, **kwargs) if refused is None else refused

        return guarded

    return guard


def refusal(scope: str) -> Response | None:
    """The answer to a request without a token of this scope; None for one that has it."""
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    token = None
    if scheme.lower() == "bearer" and secret:
        token = tokens.find(connection(), secret.strip())
    if token is None:
        told = (
            f"Send Authorization: Bearer TOKEN. Make one: mailtracer token create --scope {scope}"
        )
        answer = problem(401, "A token is needed.", told, "token-needed")
        answer.headers["WWW-Authenticate"] = f'Bearer scope="{scope}"'
        return answer
    if not token.may(scope):
        told = f"This token has the scopes {token.scopes}; this needs {scope}."
        return problem(403, "This token may not do this.", told, "scope-needed")
    return None
