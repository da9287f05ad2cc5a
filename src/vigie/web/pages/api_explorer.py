"""A page to try the API from; it reads what the API says of itself."""

from __future__ import annotations

from flask import Blueprint, render_template

from vigie.web import authorization

page = Blueprint("try_it", __name__)


@page.get("/api")
@authorization.needs("viewer")
def show() -> str:
    """The operations of the OpenAPI document, each with a form."""
    return render_template("api.html", tab="")
