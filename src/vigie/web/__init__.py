"""The web app: what an analyst sees, and the same for programs under /api/v1.

    desk        what people can do; pages and API call nothing else
    results     pages of a stored result
    live        a few rows at once, by the plan a run left
    guard       who may call what
    session     who is asking: cookie, link or token
    oidc        signing in with a provider, where one is named
    safety      headers, cookies, CSRF
    problems    errors to answers: the edge's one table
    health      /healthz, /readyz, /metrics
    logs        one line a request, without a cell
    api/        /api/v1
    pages/      the pages, in the user's order

A request starts jobs and reads what they left; but for a few live rows it computes nothing.
"""

from __future__ import annotations

from pathlib import Path

from apiflask import APIFlask
from flask import Blueprint
from flask.json.provider import DefaultJSONProvider

from vigie import __version__, plugins, settings
from vigie.boosting.xgboost_import import skip_estimators
from vigie.logs import to_stderr
from vigie.web import api, authorization, error_handlers, health, logs, oidc, security, session
from vigie.web.services import Services


def create_app(chosen: settings.Settings | None = None, web: settings.WebSettings | None = None) -> APIFlask:
    """The app, ready to be served; refuses to be served to others without a secret of its own."""
    chosen, web = chosen or settings.load(), web or settings.load_web()
    app = APIFlask(
        "vigie.web",
        title="Vigie",
        version=__version__,
        docs_path=None,
        spec_path=None,
        json_errors=False,
        root_path=str(Path(__file__).parent),
    )
    app.json = DefaultJSONProvider(app)
    app.json.sort_keys = False  # cells in the order of the upload's columns
    security.configure(app, chosen, web)
    app.extensions["vigie"] = Services.open(chosen, web)
    logs.install(app)
    error_handlers.install(app)
    session.install(app)
    oidc.install(app, web)
    authorization.install(app)
    for blueprint in (*api.blueprints(), *health.blueprints(), *_pages()):
        app.register_blueprint(blueprint)
    authorization.check(app)
    return app


def serve_app() -> APIFlask:
    """What a web server's process runs: the app of the environment's settings, saying what it does on stderr."""
    to_stderr()
    skip_estimators(unless=lambda: plugins.find("detectors"))
    return create_app()


def _pages() -> list[Blueprint]:
    from vigie.web import pages

    return pages.blueprints()
