"""Logging in and out, and the door before everything else.

While nobody has a login (`mailtracer user add`), every page is open, as on the machine of one
administrator. As soon as somebody has, pages want a session, and data wants a session or a token
with the scope `WHAT:read` or `WHAT:write`, WHAT being the word after `/api/v1/`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlencode

from flask import Blueprint, Flask, Response, current_app, g, redirect, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response as BaseResponse

from tracer import passwords
from tracer.secret_files import key_of
from tracer.store import people
from webui.audit import Audit
from webui.db import connection
from webui.errors import wants_data
from webui.i18n import gettext, site
from webui.rate_limits import RateLimit
from webui.scopes import refusal
from webui.sessions import COOKIE, SESSION_S, Sessions

pages = Blueprint("login", __name__)

DOOR = "mailtracer.door"
BRAKE_S = 15 * 60
MOST_OF_AN_ADDRESS, MOST_OF_A_NAME = 20, 40
"""Tries in BRAKE_S seconds, after which no password is looked at any more."""

OPEN = frozenset(
    ("/login", "/livez", "/healthz", "/readyz", "/metrics", "/api/openapi.json", "/favicon.ico")
)
_OPEN_BELOW = ("/static/", "/hooks/")
_WHAT = {"trace": "deliveries", "m": "messages"}


@dataclass
class Door:
    """What the door needs: the home folder, where the key and the audit lines are."""

    home: Path
    addresses: RateLimit = field(
        default_factory=lambda: RateLimit(MOST_OF_AN_ADDRESS, BRAKE_S, time.monotonic)
    )
    names: RateLimit = field(
        default_factory=lambda: RateLimit(MOST_OF_A_NAME, BRAKE_S, time.monotonic)
    )

    @cached_property
    def sessions(self) -> Sessions:
        return Sessions(key_of(self.home))

    @cached_property
    def audit(self) -> Audit:
        return Audit(self.home)


def install(app: Flask, home: Path) -> None:
    """Puts the door before every request, and writes down who went through."""
    app.extensions[DOOR] = Door(home)
    app.register_blueprint(pages)
    app.before_request(_ask)
    app.after_request(_write_down)
    app.jinja_env.globals["person"] = lambda: g.get("person", "")


def door() -> Door:
    """The door of the application that answers."""
    held: Door = current_app.extensions[DOOR]
    return held


def _ask() -> ResponseReturnValue | None:
    path = request.path
    if path in OPEN or path.startswith(_OPEN_BELOW) or not people.exist(connection()):
        return None
    g.person = _person()
    if g.person:
        return None
    if wants_data() or "Authorization" in request.headers:
        return refusal(_scope(path))
    wanted = request.full_path.rstrip("?") if request.method == "GET" else "/"
    return redirect(f"/login?{urlencode({'next': wanted})}", 303)


def _person() -> str:
    told = door().sessions.told(request.cookies.get(COOKIE, ""))
    found = people.find(connection(), told[0]) if told else None
    return found.name if found and told and found.password_us == told[1] else ""


def _scope(path: str) -> str:
    words = path.removeprefix("/api/v1").strip("/").split("/")
    what = words[0].partition(".")[0]
    may = "read" if request.method in ("GET", "HEAD") else "write"
    return f"{_WHAT.get(what, what)}:{may}"


@pages.get("/login")
def form() -> ResponseReturnValue:
    """The form, which leads back to where the visitor wanted to go."""
    return _form("")


@pages.post("/login")
def enter() -> ResponseReturnValue:
    """Let somebody in; a refusal does not tell whether there is such a name."""
    name, password = request.form.get("name", "").strip(), request.form.get("password", "")
    wait_s = max(door().addresses.wait_s(_address()), door().names.wait_s(name.casefold()[:100]))
    if wait_s:
        said = gettext("There were too many tries. Try again in %(n)s minutes.", n=_minutes(wait_s))
        return _form(said), 429, {"Retry-After": str(int(wait_s) + 1)}
    person = people.find(connection(), name)
    if not passwords.matches(password, person.password if person else "") or person is None:
        door().audit.add(site().now_us(), name[:100], _address(), "login refused", "")
        return _form(gettext("Name or password is wrong. Check both and try again.")), 401
    door().audit.add(site().now_us(), person.name, _address(), "login", "")
    answer = redirect(_inside(request.form.get("next", "")), 303)
    _set_cookie(answer, door().sessions.value(person.name, person.password_us), SESSION_S)
    return answer


@pages.post("/logout")
def leave() -> ResponseReturnValue:
    """Forget this browser."""
    answer = redirect("/login", 303)
    _set_cookie(answer, "", 0)
    return answer


def _form(said: str) -> str:
    name = request.form.get("name", "")
    wanted = request.values.get("next", "")
    return render_template("login.html", said=said, name=name, wanted=wanted)


def _inside(wanted: str) -> str:
    """Where to go on: a path of ours, never another site's."""
    is_ours = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and "\n" not in wanted
    return wanted if is_ours else "/"


def _minutes(seconds: float) -> int:
    return int(seconds // 60) + 1


def _set_cookie(answer: BaseResponse, value: str, age_s: int) -> None:
    is_private = request.is_secure or request.headers.get("X-Forwarded-Proto") == "https"
    answer.set_cookie(
        COOKIE, value, max_age=age_s, httponly=True, samesite="Lax", secure=is_private
    )


def _address() -> str:
    """Who asks; behind a proxy on this machine, whom the proxy names last."""
    address = request.remote_addr or ""
    try:
        is_proxy = ip_address(address).is_loopback
    except ValueError:
        is_proxy = not address  # a socket
    told = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    return told[:64] if is_proxy and told else address


def _write_down(answer: Response) -> Response:
    who = g.get("person", "")
    if who and not request.path.startswith("/static/"):
        asked = request.full_path.rstrip("?")
        done = f"{request.method} {answer.status_code}"
        door().audit.add(site().now_us(), who, _address(), done, asked)
    return answer
