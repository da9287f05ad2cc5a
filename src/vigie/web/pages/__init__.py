"""The HTML pages, one module each, in the order in which a user meets them."""

from __future__ import annotations

from flask import Blueprint

from vigie.web.pages import (
    api_explorer,
    cases,
    check,
    history,
    layout,
    models,
    progress,
    report,
    results,
    rules,
    settings,
    sign_in,
    upload,
)

_PAGES = (
    upload,
    check,
    progress,
    results,
    rules,
    report,
    history,
    cases,
    models,
    settings,
    sign_in,
    api_explorer,
)


def blueprints() -> list[Blueprint]:
    """Return the blueprints that create_app registers."""
    return [layout.blueprint, *(module.page for module in _PAGES)]
