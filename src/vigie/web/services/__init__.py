"""What people can do; pages and API call nothing else.

    people     signing in, users, links
    tokens     keys of the API
    uploads    files: begun, received in parts, mapped, deleted
    runs       score, refine, train, cancel; marks
    answers    what a finished run left: rows, related rows, charts, downloads
    models     the catalog, as seen from here

Each function takes who asks and decides whether they may: what somebody may not know of is not found. Nothing here knows
a request; `address` says where the caller is, for the audit log.
"""

from __future__ import annotations

from typing import cast

from flask import current_app

from vigie.web.results import Page, RowQuery
from vigie.web.services.accounts import People
from vigie.web.services.models import Models
from vigie.web.services.results import Answers
from vigie.web.services.tokens import Tokens
from vigie.web.services.uploads import Uploads

__all__ = ["Page", "RowQuery", "Services", "current_services"]


class Services(People, Tokens, Uploads, Answers, Models):
    """Everything people can do, of one installation; safe to share between threads."""


def current_services() -> Services:
    """The desk of the app that answers the present request."""
    return cast(Services, current_app.extensions["vigie"])
