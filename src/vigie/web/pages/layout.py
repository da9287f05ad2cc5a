"""What every page stands in: texts, numbers, navigation and the addresses of our static files."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any

from flask import Blueprint, g, request, url_for
from markupsafe import Markup

from vigie import __version__
from vigie.errors import from_record
from vigie.i18n.catalogue import DEFAULT, catalogue, languages
from vigie.i18n.messages import Message, translate
from vigie.i18n.translator import Translator

frame = Blueprint("frame", __name__)

TABS = (
    ("upload", "upload.home", "score"),
    ("history", "history.files", "history"),
    ("models", "models.catalog", "models"),
    ("settings", "settings.you", "settings"),
)
RANKS = ("viewer", "analyst", "admin")


def words() -> Translator:
    """The texts of the reader's language: of the account, else of this browser's choice, else what it asks for."""
    user = getattr(g, "user", None)
    told = [user.language if user is not None else "", request.cookies.get("lang", "")]
    asked = request.accept_languages.best_match(languages()) or DEFAULT
    return Translator(next((one for one in told if one in languages()), asked))


def may(least: str) -> bool:
    """Whether the reader has at least this role; only for what a page shows, the guards decide."""
    user = getattr(g, "user", None)
    return user is not None and RANKS.index(user.role) >= RANKS.index(least)


def warned(summary: Mapping[str, Any], language: str) -> list[str]:
    """What training warned of; English where an older Vigie stored it."""
    if "warnings_said" not in summary:
        return list(summary.get("warnings", []))
    return [translate(Message.from_json(kept), language) for kept in summary["warnings_said"]]


@frame.app_template_filter()
def breakable(name: str) -> Markup:
    """A long name that may go on in the next line after a mark rather than anywhere."""
    return Markup("<wbr>").join(re.split(r"(?<=[_.-])(?=\w)", name))


@frame.app_template_filter()
def ticks(text: str) -> Markup:
    """Commands between backticks as code."""
    parts = text.split("`")
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if i % 2 else part for i, part in enumerate(parts)
    )


@frame.app_template_filter()
def when(moment: datetime | None) -> Markup:
    """A time for a reader; the script of the frame turns it into the reader's own time zone."""
    if moment is None:
        return Markup("")
    return Markup('<time datetime="{}">{}</time>').format(moment.isoformat(), words().date_time(moment))


@frame.app_context_processor
def _everywhere() -> dict[str, Any]:
    said = words()
    theme = request.cookies.get("theme", "")
    return {
        "t": said,
        "languages": {name: catalogue(name).format.name for name in languages()},
        "theme": theme if theme in {"light", "dark"} else "",
        "tabs": TABS,
        "may": may,
        "version": __version__,
        "asset": asset,
        "warned": lambda summary: warned(summary, said.language),
        "retold": lambda error: (
            [translate(text, said.language) for text in from_record(error)] if error else ["", ""]
        ),
        "role_name": lambda role: said.name("role", role),
        "domain_name": lambda domain: said.name("domain", domain) if domain else said("frame.unknown"),
    }


def asset(name: str) -> str:
    """The address of a static file, which changes when the file does."""
    return url_for("static", filename=name, v=_fingerprint(name))


@cache
def _fingerprint(name: str) -> str:
    return hashlib.sha256(files("vigie.web").joinpath("static", name).read_bytes()).hexdigest()[:12]
