"""Compression of responses: pages, scripts, styles and JSON are sent as gzip to clients that accept it."""

from __future__ import annotations

import gzip

from flask import Flask, Response, request

_MIN_BYTES = 1024
"""Size from which compression saves more than it costs."""
_LEVEL = 5
_TYPES = ("text/", "application/json", "application/problem+json", "application/javascript", "image/svg+xml")


def install(app: Flask) -> None:
    """Compress responses that are text and are known as a whole; files of results are streamed as they are."""
    app.after_request(_compress)


def _compress(response: Response) -> Response:
    text = (response.mimetype or "").startswith(_TYPES)
    if (
        not text
        or (response.is_streamed and not response.direct_passthrough)
        or "Content-Encoding" in response.headers
    ):
        return response
    response.vary.add("Accept-Encoding")
    if response.status_code != 200 or request.method == "HEAD" or not request.accept_encodings["gzip"]:
        return response
    response.direct_passthrough = False
    data = response.get_data()
    if len(data) >= _MIN_BYTES:
        response.set_data(gzip.compress(data, _LEVEL, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
        if etag := response.get_etag()[0]:
            response.set_etag(f"{etag}-gzip")
            response.make_conditional(request)
    return response
