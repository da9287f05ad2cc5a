"""Error responses: problem+json for programs, a page for browsers, with the messages of the command line."""

from __future__ import annotations

import logging
from contextlib import suppress
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from apiflask.exceptions import HTTPError
from flask import Flask, Response, g, jsonify, render_template, request
from flask_wtf.csrf import CSRFError
from jinja2 import TemplateError
from werkzeug.exceptions import HTTPException

from vigie import errors
from vigie.i18n.catalogue import DEFAULT, languages
from vigie.i18n.messages import as_message, msg, translate
from vigie.logs import frames
from vigie.web.option_names import name_api_fields
from vigie.web.pages.layout import safe_redirect_target, translator
from vigie.web.services import current_services

log = logging.getLogger("vigie.web")

STATUS: dict[type[BaseException], int] = {
    errors.VigieError: 500,
    errors.UsageRefused: 400,
    errors.AlreadyThere: 409,
    errors.SignInRefused: 401,
    errors.NotAllowed: 403,
    errors.TooManyAttempts: 429,
    errors.WrongState: 409,
    errors.ChangedMeanwhile: 409,
    errors.InputRefused: 422,
    errors.TableTooLarge: 413,
    errors.NotFound: 404,
    errors.Unavailable: 503,
    errors.CatalogChanged: 409,
    MemoryError: 503,
}
"""Status by class; the first class of an error's MRO found here decides. Other errors are bugs: 500."""


def status(error: BaseException) -> int:
    """Return the HTTP status of an error."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


def install(app: Flask) -> None:
    """Register the handlers of all errors."""
    app.register_error_handler(errors.VigieError, _vigie_error)
    app.register_error_handler(CSRFError, _csrf_error)
    app.register_error_handler(HTTPError, _schema_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _bug_error)


def _vigie_error(error: errors.VigieError) -> Any:
    response = _respond(status(error), type(error).__name__, error.message, error.hint)
    if isinstance(error, errors.NotAllowed) and getattr(g, "user", None) is not None:
        rule = request.url_rule.rule if request.url_rule else ""
        with suppress(errors.Unavailable):  # the refusal is answered whether or not it can be recorded
            current_services().audit.record_view(g.user, "refused", f"{request.method} {rule}")
    if isinstance(error, errors.TooManyAttempts):
        response.headers["Retry-After"] = str(error.seconds)
    if isinstance(error, errors.SignInRefused) and _wants_json():
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _csrf_error(error: CSRFError) -> Any:
    del error
    hint = "reload the page and try again; programs send an API token in the header Authorization"
    return _respond(400, "CsrfRefused", "the CSRF token is missing or invalid", hint)


def _schema_error(error: HTTPError) -> Any:
    """Handle a request that does not match its schema."""
    detail = error.detail if isinstance(error.detail, dict) else {}
    fields = sorted(_paths(detail))
    found = (
        msg("{message}: {fields}", message=as_message(str(error.message)), fields=", ".join(fields[:5]))
        if fields
        else as_message(str(error.message))
    )
    return _respond(error.status_code, "InvalidRequest", found, "see /api/v1/openapi.json", errors=detail)


def _http_error(error: HTTPException) -> Any:
    code = error.code or 500
    if code < 400:
        return error
    name = HTTPStatus(code).phrase
    message = "no page at this address" if code == 404 else name.lower()
    response = _respond(code, name.title().replace(" ", ""), message, "")
    for key, value in error.get_headers():
        if key in {"Allow", "Retry-After"}:
            response.headers[key] = value
    return response


def _bug_error(error: Exception) -> Any:
    """Log the traceback without the message of the error: a library may quote a cell in it."""
    log.error("bug", extra={"error": type(error).__name__, "frames": frames(error)})
    if status(error) != 500:
        return _respond(503, type(error).__name__, "not enough memory at the moment", "try again later")
    hint = msg(
        "this is a bug in Vigie; look for request {get} in the server's log",
        get=g.get("request_id", "?"),
    )
    return _respond(500, "Bug", "something unexpected happened", hint)


def _wants_json() -> bool:
    return request.path.startswith("/api/") or request.path in {"/healthz", "/readyz", "/metrics"}


def _language() -> str:
    """Return the language of the page; for programs English unless the request accepts another one."""
    if not _wants_json():
        return translator().language
    return request.accept_languages.best_match(languages()) or DEFAULT


def _respond(code: int, kind: str, message: str, hint: str, **more: Any) -> Response:
    title = HTTPStatus(code).phrase
    message, hint = (translate(as_message(text), _language()) for text in (message, hint))
    if _wants_json():
        body = {
            "type": "about:blank",
            "title": title,
            "status": code,
            "detail": message,
            "hint": name_api_fields(hint),
            "kind": kind,
        }
        response = jsonify(body | {name: value for name, value in more.items() if value})
        response.content_type = "application/problem+json"
    else:
        try:
            page = render_template(
                "error.html", status=code, message=message, hint=hint, title=title, back=_form_page()
            )
            response = Response(page, content_type="text/html; charset=utf-8")
        except TemplateError:  # the error may come from the templates
            response = Response(f"{title}: {message}\n{hint}\n", content_type="text/plain; charset=utf-8")
    response.status_code = code
    return response


def _form_page() -> str:
    """Return the page of ours whose form was refused; empty where the request did not come from one."""
    came_from = urlsplit(request.referrer or "")
    if request.method != "POST" or came_from.netloc != request.host:
        return ""
    return safe_redirect_target(urlunsplit(("", "", came_from.path, came_from.query, "")))


def _paths(detail: dict[str, Any], before: str = "") -> list[str]:
    found = []
    for name, inner in detail.items():
        here = f"{before}.{name}" if before else str(name)
        found += _paths(inner, here) if isinstance(inner, dict) else [here]
    return found
