"""Page to try the API."""

from __future__ import annotations

from flask import Blueprint, render_template

from vigie.web import authorization

page = Blueprint("api_explorer", __name__)


@page.get("/api")
@authorization.needs("viewer")
def show() -> str:
    """Show the operations of the OpenAPI document, each with a form."""
    return render_template("api.html", tab="")
