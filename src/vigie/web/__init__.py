"""The web app: pages for users and an API for programs under /api/v1.

    server              the HTTP server of a web process, with limits for slow and idle clients
    services            operations of the app, with permissions
    passwords           hashing of passwords, and the rules for new ones
    result_cache        files of stored results on this machine
    stored_results      pages of a stored result
    comparison          two results with the same columns compared
    concentration       customers and counterparties that many alerts have in common
    online_scoring      scoring of a few rows with a stored scorer
    live_rows           cells of these rows, as the uploaded file writes them
    live_rules          alert rules on these rows
    exports/            a result as CSV, Parquet or Excel
    downloads           files of a result as responses
    audit_words         lines of the audit log in words
    authorization       role that each view needs
    session             authentication by cookie, link or token
    oidc                sign-in by an OpenID Connect provider
    security            headers, cookies, CSRF
    compression         compression of responses
    request_values      limits of numbers and texts in requests
    error_handlers      errors as responses
    option_names        read options in hints, as the API and the pages call them
    health              /healthz, /readyz, /metrics
    logs                request log
    api/                views of /api/v1
    pages/              HTML pages

A request starts jobs and reads their results; only online scoring computes in the web process.
"""

from __future__ import annotations

from pathlib import Path

from apiflask import APIFlask
from flask.typing import ResponseReturnValue
from polars.exceptions import PanicException

from vigie import __version__, settings
from vigie.boosting.xgboost_import import skip_estimators
from vigie.isolation import is_out_of_memory
from vigie.logs import to_stderr
from vigie.web import (
    api,
    authorization,
    compression,
    error_handlers,
    health,
    logs,
    oidc,
    pages,
    request_values,
    security,
    session,
)
from vigie.web.services import Services


class WebApp(APIFlask):
    """The app; a panic of polars, which is no `Exception`, is answered like any other error of a view."""

    def dispatch_request(self) -> ResponseReturnValue:
        """Call the view of the request."""
        try:
            return super().dispatch_request()
        except PanicException as error:
            kind = MemoryError if is_out_of_memory(error) else RuntimeError
            # Without the message, which may hold a cell.
            raise kind("panic").with_traceback(error.__traceback__) from None


def create_app(chosen: settings.Settings | None = None, web: settings.WebSettings | None = None) -> APIFlask:
    """Create the WSGI app.

    Args:
        chosen: settings; by default those of the environment.
        web: settings of the web app; by default those of the environment.

    Raises:
        UsageRefused: the settings are not safe to serve.
    """
    chosen, web = chosen or settings.load(), web or settings.load_web()
    app = WebApp(
        "vigie.web",
        title="Vigie",
        version=__version__,
        docs_path=None,
        spec_path=None,
        json_errors=False,
        root_path=str(Path(__file__).parent),
    )
    request_values.install(app)
    security.configure(app, chosen, web)
    oidc.install(app, web)
    # After all that refuses settings, so that no connection stays open.
    app.extensions["vigie"] = Services.open(chosen, web)
    logs.install(app)
    compression.install(app)
    error_handlers.install(app)
    session.install(app)
    authorization.install(app)
    for blueprint in (*api.blueprints(), *health.blueprints(), *pages.blueprints()):
        app.register_blueprint(blueprint)
    api.describe(app)
    authorization.check(app)
    return app


def serve_app() -> APIFlask:
    """Create the app of a server process, with logs on stderr."""
    to_stderr()
    skip_estimators()
    return create_app()
