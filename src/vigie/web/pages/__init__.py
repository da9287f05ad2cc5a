"""The pages, a module each, in the order a person meets them."""

from __future__ import annotations

from flask import Blueprint

from vigie.web.pages import (
    api_explorer,
    check,
    history,
    models,
    progress,
    report,
    results,
    settings,
    sign_in,
    upload,
)
from vigie.web.pages.layout import frame


def blueprints() -> list[Blueprint]:
    """Every page, for the application to register."""
    return [
        frame,
        upload.page,
        check.page,
        progress.page,
        results.page,
        report.page,
        history.page,
        models.page,
        settings.page,
        sign_in.page,
        api_explorer.page,
    ]
