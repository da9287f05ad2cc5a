"""Limits of the numbers and texts in requests, so that neither the database nor polars meets what it cannot hold."""

from __future__ import annotations

import json
import math
import re
from functools import partial
from typing import Any, NoReturn

from flask import Flask, current_app, request
from flask.json.provider import DefaultJSONProvider
from werkzeug.routing import IntegerConverter

from vigie.errors import UsageRefused

MAX_WHOLE = 2**31 - 1
"""Largest whole number in an address or a form: what an INTEGER column holds."""
_MAX_JSON_WHOLE = 2**63 - 1
_MAX_DEPTH = 64
_MAX_MEMBERS = 10_000
"""Members of a list or an object, which is what schemas allow: they would look at every member of a longer one first."""
_MAX_JSON_BYTES = 64 * 1024**2
"""2,000 rows of 2,000 columns, the most that a request may score."""
_NOT_STORED = re.compile("[\0\ud800-\udfff]")
_FILES = frozenset({"api_uploads.put_content", "api_uploads.put_part"})
"""Endpoints whose body is a file, whatever type it declares; it is streamed."""


def install(app: Flask) -> None:
    """Read JSON and addresses within the limits; must be called before views are registered."""
    app.json = StrictJson(app)
    app.json.sort_keys = False  # cells stay in the order of the columns
    app.url_map.converters["int"] = WholeNumber
    app.before_request(_check_request)


def whole_number(text: str, largest: int = MAX_WHOLE) -> int:
    """Return a whole number of an address, a form or a document.

    Raises:
        ValueError: it is none, or larger than `largest` in either direction.
    """
    number = int(text) if len(text) <= 20 else largest + 1
    if abs(number) > largest:
        raise ValueError("a number that is too large")
    return number


class WholeNumber(IntegerConverter):
    """A whole number in an address; an address with a larger one is not found."""

    regex = r"\d{1,9}"


class StrictJson(DefaultJSONProvider):
    """JSON without what only some programs read alike: huge numbers, NaN, deep nesting, NUL and half characters."""

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        """Parse a document.

        Raises:
            ValueError: it is malformed or exceeds a limit.
        """
        try:
            read = json.loads(
                s,
                parse_int=partial(whole_number, largest=_MAX_JSON_WHOLE),
                parse_float=_finite,
                parse_constant=_refuse_constant,
                **kwargs,
            )
        except RecursionError:
            raise ValueError("nested too deep") from None
        _check(read)
        return read


def is_text(text: str) -> bool:
    """Return whether a text can be stored: no NUL, no half of a surrogate pair."""
    return not _NOT_STORED.search(text)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number that is too large")
    return number


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _check(document: Any) -> None:
    level, depth = [document], 0
    while level:
        depth += 1
        if depth > _MAX_DEPTH:
            raise ValueError("nested too deep")
        inner: list[Any] = []
        for value in level:
            if isinstance(value, str) and not is_text(value):
                raise ValueError("a text that cannot be stored")
            if isinstance(value, dict | list) and len(value) > _MAX_MEMBERS:
                raise ValueError("too many members")
            if isinstance(value, dict):
                inner += [*value, *value.values()]
            elif isinstance(value, list):
                inner += value
        level = inner


def _check_request() -> None:
    """Check the texts of the address, its parameters and a form, and a JSON document, before any view reads them.

    Raises:
        UsageRefused: a text cannot be stored, or the document is malformed or exceeds a limit.
    """
    if request.is_json and request.endpoint not in _FILES:
        request.max_content_length = min(request.max_content_length or _MAX_JSON_BYTES, _MAX_JSON_BYTES)
        data = request.get_data(cache=True)
        try:
            current_app.json.loads(data or b"null")
        except ValueError:
            raise UsageRefused(
                "found a malformed JSON document in the request, or one with a value that cannot be stored",
                hint="send numbers of at most 18 digits, no NUL character, and lists of at most 10,000 members in at most 64 levels",
            ) from None
    values = [str(value) for value in (request.view_args or {}).values()]
    sources = [request.args]
    # The standard library of Python declares bytes as a form, also those of a file.
    is_form = request.mimetype in {"application/x-www-form-urlencoded", "multipart/form-data"}
    if is_form and request.endpoint not in _FILES:
        sources.append(request.form)
    for source in sources:
        for name, texts in source.lists():
            values += [name, *texts]
    if not all(map(is_text, values)):
        raise UsageRefused(
            "found a character that cannot be stored in the request", hint="leave out control characters"
        )
