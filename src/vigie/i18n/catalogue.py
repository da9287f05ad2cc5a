"""Catalogues: every text of one language, and how it writes numbers and dates, in one TOML file.

A catalogue has these tables:

- `format`: separators, percentages, months and dates, plural forms, rules of typography;
- `messages`: translations of messages, keyed by their English template; English itself has none;
- all others: texts by id, `section.name`. A text is a string, or a table of plural forms chosen by the value `n`.

Vigie's own catalogues are `catalogues/*.toml`. Another distribution adds a language with an entry point of the group
`vigie.languages` whose name is the language and whose value is the package that holds `<language>.toml`. A text that a
catalogue lacks is taken from the English one.
"""

from __future__ import annotations

import gettext
import re
import string
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from vigie.plugins import find

DEFAULT = "en"
OWN = ("en", "fr")
"""Languages of the catalogues that come with Vigie; the first is the default."""

Text = str | Mapping[str, str]


@dataclass(frozen=True)
class Format:
    """How a language writes numbers and dates.

    Attributes:
        name: of the language, in that language.
        decimal: separator of the decimals.
        thousands: separator of the thousands.
        percent: a percentage, with `{number}`.
        colon: a colon with the space that stands before it.
        months: the twelve short names.
        date: with `{day}`, `{month}` and `{year}`.
        date_time: the same with `{time}`.
        plural: position in `plural_forms` for a whole number.
        plural_forms: their names, those of the Unicode CLDR.
    """

    name: str
    decimal: str
    thousands: str
    percent: str
    colon: str
    months: tuple[str, ...]
    date: str
    date_time: str
    plural: Callable[[int], int]
    plural_forms: tuple[str, ...]

    def number(self, text: str) -> str:
        """Replace the separators in a number that Python has formatted."""
        return text.translate({ord(","): self.thousands, ord("."): self.decimal})


@dataclass(frozen=True)
class Catalogue:
    """The texts of one language.

    Attributes:
        language: its code, as in `en`.
        format: of numbers and dates.
        messages: English template -> translation.
        sections: section -> name -> text.
    """

    language: str
    format: Format
    messages: Mapping[str, str]
    sections: Mapping[str, Mapping[str, Text]]

    def text(self, key: str) -> Text | None:
        """Return the text with the id `section.name`; None where neither this language nor English has it."""
        section, _, name = key.partition(".")
        own = self.sections.get(section, {}).get(name)
        if own is None and section == "domain" and name in find("domains"):
            own = find("domains")[name].load().labels.get(self.language)
        if own is None and self.language != DEFAULT:
            return catalogue(DEFAULT).text(key)
        return own

    def fill(self, template: str, values: Mapping[str, Any]) -> str:
        """Fill the values into a template, numbers as the language writes them."""
        return _Template(self.format).vformat(template, (), values) if values else template


class _Template(string.Formatter):
    def __init__(self, style: Format) -> None:
        self._style = style

    def format_field(self, value: Any, format_spec: str) -> str:
        text = str(format(value, format_spec))
        return text if isinstance(value, str) else self._style.number(text)


def languages() -> tuple[str, ...]:
    """Return the codes of the installed languages, Vigie's own first."""
    return OWN + tuple(name for name in find("languages") if name not in OWN)


@cache
def catalogue(language: str) -> Catalogue:
    """Return the catalogue of a language; English where it is not installed."""
    if language in OWN:
        folder = files("vigie.i18n").joinpath("catalogues")
    elif language in languages():
        folder = files(find("languages")[language].module)
    else:
        return catalogue(DEFAULT)
    return read(folder.joinpath(f"{language}.toml").read_text("utf-8"), language)


def read(written: str, language: str) -> Catalogue:
    """Read a catalogue.

    Args:
        written: the TOML file.
        language: its code.
    """
    tables: dict[str, Any] = tomllib.loads(written)
    style = tables.pop("format")
    tables = _typeset(tables, style.get("typography", ()))
    return Catalogue(
        language,
        Format(
            name=style["name"],
            decimal=style["decimal"],
            thousands=style["thousands"],
            percent=style["percent"],
            colon=style["colon"],
            months=tuple(style["months"].split()),
            date=style["date"],
            date_time=style["date_time"],
            plural=gettext.c2py(style["plural"]),
            plural_forms=tuple(style["plural_forms"]),
        ),
        tables.pop("messages", {}),
        tables,
    )


def _typeset(text: Any, rules: Iterable[tuple[str, str]]) -> Any:
    """Apply rules of typography, such as French spaces before marks, to every text of a table."""
    if isinstance(text, dict):
        return {name: _typeset(inner, rules) for name, inner in text.items()}
    for pattern, replacement in rules:
        text = re.sub(pattern, replacement, text)
    return text
