"""Requests that may be repeated: with the same Idempotency-Key the first answer is given again."""

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
_LONGEST = 200


def once(view: View) -> View:
    """Makes a view with a small JSON body safe to repeat."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        key = request.headers.get(HEADER)
        if not key:
            return view(*args, **kwargs)
        if len(key) > _LONGEST or not key.isascii() or not key.isprintable():
            raise UsageRefused(
                msg(
                    "{header}: expected at most {longest} printable ASCII characters",
                    header=HEADER,
                    longest=_LONGEST,
                )
            )
        asked = f"{request.method} {request.full_path}\n".encode() + request.get_data(cache=True)
        engine = current_services().engine
        given = idempotency.begin(engine, g.user.id, key, hashlib.sha256(asked).hexdigest())
        if given is not None:
            answer = make_response(jsonify(given[1]), given[0])
            answer.headers["Idempotency-Replayed"] = "true"
            return answer
        kept = None
        try:
            answer = make_response(view(*args, **kwargs))
            kept = (answer.status_code, answer.get_json(silent=True))
            return answer
        finally:
            # What was refused is asked again: it has done nothing.
            idempotency.finish(engine, g.user.id, key, kept)

    return guarded  # type: ignore[return-value]
