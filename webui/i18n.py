"""Which language and which time zone a request is answered in.

Language: `?lang=`, then the cookie, then the browser's wish, then the site's.
Zone: `?tz=`, then the cookie, then the site's. What is asked for in the address
is remembered in a cookie. Flask-Babel stays behind this module, so that another
gettext can take its place.
"""

from __future__ import annotations

from datetime import UTC, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask, Response, current_app, g, request, url_for
from flask_babel import Babel, get_translations

from tracer.errors import Phrase
from tracer.model import when
from webui.site import Site

LANGUAGES = ("en", "ru")
SITE = "mailtracer.site"
YEAR_S = 365 * 86_400


def site() -> Site:
    """The settings of the application that answers."""
    held: Site = current_app.extensions[SITE]
    return held


def language() -> str:
    """The language of the request: "en" or "ru"."""
    if "language" not in g:
        asked = (request.args.get("lang"), request.cookies.get("lang"))
        known = next((name for name in asked if name in LANGUAGES), None)
        g.language = known or request.accept_languages.best_match(LANGUAGES) or site().language
    chosen: str = g.language
    return chosen


def gettext(message: str, **values: object) -> str:
    """The message in the language of the request, with its values."""
    told: str = _translations().ugettext(message)
    return told % values if values else told


def ngettext(singular: str, plural: str, num: int, **values: object) -> str:
    """The form of the message that fits the number, which is `%(num)s` in it."""
    told: str = _translations().ungettext(singular, plural, num)
    return told % ({"num": num} | values)


def pgettext(context: str, message: str, **values: object) -> str:
    """A message that means different things in different places."""
    told: str = _translations().upgettext(context, message)
    return told % values if values else told


def translated(phrase: Phrase) -> str:
    """A sentence of the core in the language of the request."""
    return gettext(phrase.template, **phrase.params)


def _translations() -> Any:
    """Looked up once a request: Flask-Babel would ask some hundred times for each page."""
    if "translations" not in g:
        g.translations = get_translations()
    return g.translations


def zone_named(name: str) -> tzinfo | None:
    """The zone of an IANA name; None when there is none."""
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None


def zone_name() -> str:
    """The IANA name of the zone that times are shown in."""
    if "zone_name" not in g:
        asked = (request.args.get("tz", ""), request.cookies.get("tz", ""), site().zone)
        g.zone_name = next((name for name in asked if name and zone_named(name)), "UTC")
    chosen: str = g.zone_name
    return chosen


def zone() -> tzinfo:
    """The zone that times are shown in."""
    if "zone" not in g:
        g.zone = zone_named(zone_name()) or UTC
    chosen: tzinfo = g.zone
    return chosen


def zone_label(at_us: int) -> str:
    """Like "MSK +03:00", "UTC"; zones without letters of their own only say the offset."""
    local = when(at_us).astimezone(zone())
    name, offset = local.tzname() or "", local.strftime("%z")
    if name == "UTC":
        return name
    shown = f"{offset[:3]}:{offset[3:5]}"
    return f"{name} {shown}" if name.isalpha() else shown


def zone_short(at_us: int) -> str:
    """Like "MSK", "UTC", or the offset where a zone has no letters."""
    return zone_label(at_us).partition(" ")[0]


def same_page(**changes: Any) -> str:
    """The address of this page with some parameters changed; home where there is no page."""
    if request.endpoint is None:
        return url_for("home.home", **changes)
    asked: dict[str, Any] = request.args.to_dict() | (request.view_args or {}) | changes
    return url_for(request.endpoint, **asked)


def _remember(response: Response) -> Response:
    if request.args.get("lang") in LANGUAGES:
        _keep(response, "lang", request.args["lang"])
    if zone_named(request.args.get("tz", "")):
        _keep(response, "tz", request.args["tz"])
    return response


def _keep(response: Response, name: str, value: str) -> None:
    response.set_cookie(name, value, max_age=YEAR_S, samesite="Lax", httponly=True)


def install(app: Flask, settings: Site) -> None:
    """Gives the application its languages and zones."""
    app.extensions[SITE] = settings
    app.config["BABEL_DEFAULT_LOCALE"] = "en"
    Babel(app, locale_selector=language, timezone_selector=zone_name)
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        lambda message: _translations().ugettext(message),
        lambda *forms: _translations().ungettext(*forms),
        newstyle=True,
        pgettext=lambda *words: _translations().upgettext(*words),
    )
    app.after_request(_remember)
