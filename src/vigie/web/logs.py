"""Request log: one JSON line per request with route and ids, never the content."""

from __future__ import annotations

import logging
import secrets
import time

from flask import Flask, Response, g, request

from vigie.web import health

log = logging.getLogger("vigie.web")


def install(app: Flask) -> None:
    """Log each request after its response."""
    app.before_request(_start)
    app.after_request(_log_request)


def _start() -> None:
    g.started = time.perf_counter()
    g.request_id = secrets.token_hex(8)


def _log_request(response: Response) -> Response:
    rule = request.url_rule.rule if request.url_rule else "unknown"
    seconds = time.perf_counter() - g.get("started", time.perf_counter())
    response.headers["X-Request-Id"] = g.get("request_id", "")
    health.observe(request.method, rule, response.status_code, seconds)
    if rule not in {"/healthz", "/readyz", "/metrics"} and request.endpoint != "static":
        user = g.get("user")
        log.info(
            "request",
            extra={
                "request_id": g.get("request_id"),
                "method": request.method if request.method in health.METHODS else "other",
                "route": rule,
                "status": response.status_code,
                "milliseconds": round(1000 * seconds, 1),
                "user": user.id if user else None,
            },
        )
    return response
