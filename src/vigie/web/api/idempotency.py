"""Idempotent requests: a request repeated with its Idempotency-Key gets the stored response."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from flask import g, jsonify, make_response, request

from vigie.app import idempotency
from vigie.errors import UsageRefused
from vigie.i18n.messages import msg
from vigie.web.services import current_services

View = TypeVar("View", bound=Callable[..., Any])
HEADER = "Idempotency-Key"
_MAX_KEY = 200


def idempotent(view: View) -> View:
    """Make a view with a small JSON body idempotent for requests with an Idempotency-Key."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        key = request.headers.get(HEADER)
        if not key:
            return view(*args, **kwargs)
        if len(key) > _MAX_KEY or not key.isascii() or not key.isprintable():
            raise UsageRefused(
                msg(
                    "{header}: expected at most {longest} printable ASCII characters",
                    header=HEADER,
                    longest=_MAX_KEY,
                )
            )
        content = f"{request.method} {request.full_path}\n".encode() + request.get_data(cache=True)
        engine = current_services().engine
        stored = idempotency.begin(engine, g.user.id, key, hashlib.sha256(content).hexdigest())
        if stored is not None:
            response = make_response(jsonify(stored[1]), stored[0])
            response.headers["Idempotency-Replayed"] = "true"
            return response
        outcome = None
        try:
            response = make_response(view(*args, **kwargs))
            outcome = (response.status_code, response.get_json(silent=True))
            return response
        finally:
            # The key of a refused request is released: it changed nothing.
            idempotency.finish(engine, g.user.id, key, outcome)

    return guarded  # type: ignore[return-value]
