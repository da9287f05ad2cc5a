"""Layout of all pages: translator, navigation, template filters, addresses of static files."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from flask import Blueprint, g, request, url_for
from markupsafe import Markup

from vigie import __version__
from vigie.errors import from_record
from vigie.i18n.catalogue import DEFAULT, catalogue, languages
from vigie.i18n.facts import sentences
from vigie.i18n.messages import Message, translate
from vigie.i18n.precision import UNINFORMATIVE_WIDTH, is_informative
from vigie.i18n.translator import Translator
from vigie.web.option_names import replace_read_options
from vigie.web.pages.amounts import currency_amount, currency_sums
from vigie.web.services import access

blueprint = Blueprint("layout", __name__)

TABS = (
    ("upload", "upload.home", "score"),
    ("history", "history.list_files", "history"),
    ("cases", "cases.queue", "cases"),
    ("models", "models.catalog", "models"),
    ("settings", "settings.account", "settings"),
)
"""Text, endpoint and icon of each tab."""


def translator() -> Translator:
    """Return the translator of the user's language: of the address, the account, the cookie, or the browser."""
    user = getattr(g, "user", None)
    account = user.language if user is not None else ""
    chosen = [request.args.get("lang", ""), account, request.cookies.get("lang", "")]
    preferred = request.accept_languages.best_match(languages()) or DEFAULT
    return Translator(next((language for language in chosen if language in languages()), preferred))


def may(role: str) -> bool:
    """Return whether the user has at least this role; for display only, the views check permissions."""
    user = getattr(g, "user", None)
    return user is not None and access.has_role(user, role)


def safe_redirect_target(address: str) -> str:
    """Return an address of this app unchanged, and the start page for any other.

    Browsers drop tabs and line ends and read a backslash as a slash: an address with one of these is another than it seems.
    """
    try:
        parts = urlsplit(address)
    except ValueError:
        return "/"
    plain = address.isprintable() and not set(address) & set(" \\")
    own = address.startswith("/") and not address.startswith("//") and not parts.scheme and not parts.netloc
    return address if plain and own else "/"


def training_warnings(summary: Mapping[str, Any], language: str) -> list[str]:
    """Return the warnings of a training; in English where an earlier version stored plain text."""
    if "warnings_said" not in summary:
        return list(summary.get("warnings", []))
    return [translate(Message.from_json(stored), language) for stored in summary["warnings_said"]]


def without_language(address: str) -> str:
    """Return an address without the parameter `lang`."""
    parts = urlsplit(address)
    kept = [(name, value) for name, value in parse_qsl(parts.query) if name != "lang"]
    return urlunsplit(parts._replace(query=urlencode(kept)))


@blueprint.app_template_filter()
def breakable(name: str) -> Markup:
    """Allow line breaks after the separators of a long name."""
    return Markup("<wbr>").join(re.split(r"(?<=[_.-])(?=\w)", name))


@blueprint.app_template_filter()
def capitalize_first(text: str) -> str:
    """Begin a text with a capital, and leave the rest as it is."""
    return text[:1].upper() + text[1:]


@blueprint.app_template_filter()
def lower_first(text: str) -> str:
    """Begin a text with a small letter, and leave the rest as it is."""
    return text[:1].lower() + text[1:]


@blueprint.app_template_filter()
def ticks(text: str) -> Markup:
    """Show text between backticks as code."""
    parts = text.split("`")
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if i % 2 else part for i, part in enumerate(parts)
    )


@blueprint.app_template_filter()
def when(moment: datetime | None) -> Markup:
    """Show a time in UTC; layout.js converts it to the browser's time zone."""
    if moment is None:
        return Markup("")
    return Markup('<time datetime="{}">{}</time>').format(moment.isoformat(), translator().date_time(moment))


@blueprint.app_context_processor
def _template_variables() -> dict[str, Any]:
    t = translator()
    theme = request.cookies.get("theme", "")
    return {
        "t": t,
        "languages": {name: catalogue(name).format.name for name in languages()},
        "theme": theme if theme in {"light", "dark"} else "",
        "tabs": TABS,
        "may": may,
        "version": __version__,
        "asset": asset,
        "training_warnings": lambda summary: training_warnings(summary, t.language),
        "error_texts": error_texts,
        "is_informative": is_informative,
        "uninformative_width": UNINFORMATIVE_WIDTH,
        "sentences": lambda row: sentences(row.get("facts"), row["reasons"], t),
        "money_of": lambda value, currency: currency_amount(value, currency, t),
        "sums_of": lambda sums, whole=False: currency_sums(sums, t, whole=whole),
        "role_name": lambda role: t.name("role", role),
        "domain_name": lambda domain: t.name("domain", domain) if domain else t("frame.unknown"),
    }


def error_texts(error: Mapping[str, Any] | None) -> list[str]:
    """Return the message and the hint of a stored error in the user's language."""
    return [translate(text, translator().language) for text in from_record(error)] if error else ["", ""]


@blueprint.app_template_filter()
def option_fields(text: str) -> str:
    """Replace the read options of the command line in a hint by the fields of the page."""
    t = translator()
    return replace_read_options(text, lambda name: t("check.field_name", name=t("check." + name)))


def asset(name: str) -> str:
    """Return the address of a static file; it changes with the content, so that caches never serve an old one."""
    return url_for("static", filename=name, v=_digest(name))


@cache
def _digest(name: str) -> str:
    return hashlib.sha256(files("vigie.web").joinpath("static", name).read_bytes()).hexdigest()[:12]
