"""Errors to answers: problem+json for programs, a page for people, both in the words of the command line."""

from __future__ import annotations

import logging
import traceback
from http import HTTPStatus
from typing import Any

from apiflask.exceptions import HTTPError
from flask import Flask, Response, g, jsonify, render_template, request
from flask_wtf.csrf import CSRFError
from jinja2 import TemplateError
from werkzeug.exceptions import HTTPException

from vigie import errors
from vigie.i18n.catalogue import DEFAULT, languages
from vigie.i18n.messages import as_message, msg, translate
from vigie.web.pages.layout import words

log = logging.getLogger("vigie.web")

STATUS: dict[type[BaseException], int] = {
    errors.VigieError: 500,
    errors.UsageRefused: 400,
    errors.AlreadyThere: 409,
    errors.SignInRefused: 401,
    errors.NotAllowed: 403,
    errors.TooManyAttempts: 429,
    errors.WrongState: 409,
    errors.InputRefused: 422,
    errors.TableTooLarge: 413,
    errors.NotFound: 404,
    errors.Unavailable: 503,
    errors.CatalogChanged: 409,
    MemoryError: 503,
}
"""What a request is answered; the first class of an error's MRO that is here decides. Anything else is a bug: 500."""


def status(error: BaseException) -> int:
    """The status an error asks for."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


def install(app: Flask) -> None:
    """Answers every error."""
    app.register_error_handler(errors.VigieError, _ours)
    app.register_error_handler(CSRFError, _csrf)
    app.register_error_handler(HTTPError, _invalid)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _bug)


def _ours(error: errors.VigieError) -> Any:
    answer = _answer(status(error), type(error).__name__, error.message, error.hint)
    if isinstance(error, errors.TooManyAttempts):
        answer.headers["Retry-After"] = str(error.seconds)
    if isinstance(error, errors.SignInRefused) and _for_programs():
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def _csrf(error: CSRFError) -> Any:
    del error
    hint = "reload the page and try again; programs send a token in the header Authorization instead"
    return _answer(400, "CsrfRefused", "this request does not come from a page of Vigie that is open", hint)


def _invalid(error: HTTPError) -> Any:
    """APIFlask's own: what was sent is not what the schema says."""
    detail = error.detail if isinstance(error.detail, dict) else {}
    fields = sorted(_paths(detail))
    found = (
        msg("{message}: {fields}", message=as_message(str(error.message)), fields=", ".join(fields[:5]))
        if fields
        else as_message(str(error.message))
    )
    return _answer(error.status_code, "InvalidRequest", found, "see /api/v1/openapi.json", errors=detail)


def _http(error: HTTPException) -> Any:
    code = error.code or 500
    if code < 400:
        return error
    name = HTTPStatus(code).phrase
    message = "there is nothing at this address" if code == 404 else name.lower()
    answer = _answer(code, name.title().replace(" ", ""), message, "")
    for key, value in error.get_headers():
        if key in {"Allow", "Retry-After"}:
            answer.headers[key] = value
    return answer


def _bug(error: Exception) -> Any:
    """The traceback without the error's own words: a library may quote a cell in them."""
    log.error("bug", extra={"error": type(error).__name__, "frames": frames(error)})
    if status(error) != 500:
        return _answer(503, type(error).__name__, "not enough memory at this moment", "try again later")
    hint = msg(
        "this is a bug of Vigie, not your fault; in the server's log it is request {get}",
        get=g.get("request_id", "?"),
    )
    return _answer(500, "Bug", "something unexpected happened", hint)


def frames(error: BaseException) -> list[str]:
    """Where an error came from, without its words."""
    return [
        f"{frame.filename.rpartition('/src/')[2].rpartition('/site-packages/')[2]}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)
    ]


def _for_programs() -> bool:
    return request.path.startswith("/api/") or request.path in {"/healthz", "/readyz", "/metrics"}


def _language() -> str:
    """The reader's on a page; for programs English, unless they ask for another installed language."""
    if not _for_programs():
        return words().language
    return request.accept_languages.best_match(languages()) or DEFAULT


def _answer(code: int, kind: str, message: str, hint: str, **more: Any) -> Response:
    title = HTTPStatus(code).phrase
    message, hint = (translate(as_message(text), _language()) for text in (message, hint))
    if _for_programs():
        body = {
            "type": "about:blank",
            "title": title,
            "status": code,
            "detail": message,
            "hint": hint,
            "kind": kind,
        }
        answer = jsonify(body | {name: value for name, value in more.items() if value})
        answer.content_type = "application/problem+json"
    else:
        try:
            page = render_template("error.html", status=code, message=message, hint=hint, title=title)
            answer = Response(page, content_type="text/html; charset=utf-8")
        except TemplateError:  # an error page must not fail where a page did
            answer = Response(f"{title}: {message}\n{hint}\n", content_type="text/plain; charset=utf-8")
    answer.status_code = code
    return answer


def _paths(detail: dict[str, Any], before: str = "") -> list[str]:
    found = []
    for name, inner in detail.items():
        here = f"{before}.{name}" if before else str(name)
        found += _paths(inner, here) if isinstance(inner, dict) else [here]
    return found
