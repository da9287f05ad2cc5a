"""The HTML pages, one module each, in the order in which a user meets them."""

from __future__ import annotations

from flask import Blueprint

from vigie.web.pages import (
    api_explorer,
    cases,
    check,
    comparison,
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
    watches,
)

_PAGES = (
    upload,
    check,
    progress,
    results,
    rules,
    comparison,
    report,
    history,
    cases,
    models,
    settings,
    watches,
    sign_in,
    api_explorer,
)


def blueprints() -> list[Blueprint]:
    """Return the blueprints that create_app registers."""
    return [layout.blueprint, *(module.page for module in _PAGES)]
