"""The web application: blueprints, languages, error pages, headers; nothing else."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from flask import Flask, url_for
from markupsafe import Markup
from sqlalchemy import Engine

from tracer.config import Config
from tracer.jobs.desk import Desk
from tracer.store.engine import reading
from webui import (
    api,
    causes,
    db,
    desk,
    diagnoses,
    diagnoses_api,
    diagnosis_runs,
    errors,
    explaining,
    exports,
    exports_api,
    guide,
    header_pages,
    headers,
    health,
    home,
    hooks,
    i18n,
    login,
    metrics,
    openapi,
    outcomes,
    receipts,
    same_origin,
    search,
    shipping,
    show,
    sources,
    then_and_now,
    timing,
    traces,
    trust,
    vocabulary,
)
from webui.cause_words import row_cause
from webui.freshness import freshness
from webui.navigation import NAVIGATION
from webui.path_words import queue_words
from webui.results_view import excerpt
from webui.site import Site

YEAR_S = 365 * 86_400


def create_app(engine: Engine, site: Site | None = None, jobs: Desk | None = None) -> Flask:
    """A WSGI application whose pages read from `engine`; diagnoses and `jobs` write to it."""
    app = Flask(__name__)
    settings = site or Site()
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = YEAR_S  # addresses of files carry their digest
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    db.install(app, reading(engine))
    i18n.install(app, settings)
    timing.install(app)
    metrics.install(app)
    headers.install(app)
    trust.install(app, settings.trusted_hosts)
    same_origin.install(app)
    errors.install(app)
    at_work = jobs or Desk(engine, Config(), now_us=settings.now_us)
    desk.install(app, at_work)
    login.install(app, at_work.config.home)
    hooks.install(app, at_work.config, engine)
    app.register_blueprint(receipts.pages, url_prefix="/api/v1")
    app.register_blueprint(shipping.pages, url_prefix="/api/v1")
    app.register_blueprint(sources.pages)
    diagnosis_runs.install(app, diagnosis_runs.Runs(engine, settings.diagnostics, settings.now_us))
    for blueprint in (home.pages, search.pages, traces.pages, outcomes.pages, health.pages):
        app.register_blueprint(blueprint)
    for blueprint in (
        causes.pages, diagnoses.pages, explaining.pages, guide.pages, header_pages.pages,
        then_and_now.pages,
    ):  # fmt: skip
        app.register_blueprint(blueprint)
    for blueprint in (api.pages, diagnoses_api.pages, explaining.api):
        app.register_blueprint(blueprint, url_prefix="/api/v1")
    app.register_blueprint(openapi.pages)
    app.register_blueprint(exports.pages)
    app.register_blueprint(exports_api.pages, url_prefix="/api/v1")
    _dress(app)
    return app


def _dress(app: Flask) -> None:
    """What every template may use."""
    digests = _digests(Path(app.static_folder or ""))

    def asset(name: str) -> str:
        return url_for("static", filename=name, v=digests[name])

    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.finalize = _safe_to_show
    app.jinja_env.globals.update(
        asset=asset,
        relations=vocabulary.RELATIONS,
        kinds=vocabulary.SOURCE_KINDS,
        same_page=i18n.same_page,
        language=i18n.language,
        zone_label=i18n.zone_label,
        zone_name=i18n.zone_name,
        zone_short=i18n.zone_short,
        freshness=freshness,
        navigation=NAVIGATION,
        now_us=app.extensions[i18n.SITE].now_us,
        tones=vocabulary.TONES,
        words=vocabulary.WORDS,
    )
    for filter_ in (
        show.ago, show.breakable, show.clock, show.clock_fine, show.clock_short, show.clock_utc,
        show.day, show.day_short, show.duration, show.heading, show.host_name, show.iso,
        show.moment, show.number, show.shortened, show.size, excerpt, i18n.translated, row_cause,
        queue_words,
        vocabulary.tls_word,
    ):  # fmt: skip
        app.jinja_env.filters[filter_.__name__] = filter_


def _safe_to_show(value: Any) -> Any:
    """Every piece of text on its way to a page passes here: it must not steer a terminal or
    turn the direction of what follows."""
    if not isinstance(value, str) or value.isprintable():
        return value
    shown = show.visible(value)
    return Markup(shown) if isinstance(value, Markup) else shown


def _digests(folder: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()[:8]
        for path in folder.iterdir()
        if path.is_file()
    }
