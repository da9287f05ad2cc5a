"""Phrases that keep what they were made of, so that an error can be told in the language of whoever reads it.

An error is raised with an English phrase: a template and its values. The phrase is the English text, and is used
as such; `told` says it in another language by looking its template up in that language's table (`fr.toml`), and the
phrases among its values likewise. Values that are no phrases (names of files, columns, models; numbers) are never
looked up. Must not know errors, pages or the command line.
"""

from __future__ import annotations

import re
import string
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache, reduce
from importlib.resources import files
from numbers import Integral, Real
from typing import Any

THIN = "\u202f"


class Message(str):
    """An English text that remembers its template and its values."""

    template: str
    values: dict[str, Any]

    def __new__(cls, template: str, **values: Any) -> Message:
        """Fills the template in; without values its braces stay."""
        kept = {name: _plain(value) for name, value in values.items()}
        made = super().__new__(cls, template.format(**kept) if kept else template)
        made.template, made.values = template, kept
        return made

    def to_json(self) -> dict[str, Any]:
        """The template and the values, phrases among them as such objects."""
        values = {n: v.to_json() if isinstance(v, Message) else v for n, v in self.values.items()}
        return {"template": self.template, "values": values}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Message:
        """The phrase that `to_json` kept."""
        values = {n: cls.from_json(v) if isinstance(v, dict) else v for n, v in kept["values"].items()}
        return cls(kept["template"], **values)


def msg(template: str, **values: Any) -> Message:
    """A phrase; the template is a constant, so that a translator finds it."""
    return Message(template, **values)


def phrase(text: str) -> Message:
    """A phrase as it is, or a constant text as one without values."""
    return text if isinstance(text, Message) else Message(text)


def join_or(texts: Iterable[str]) -> Message:
    """Alternatives: the first, or the second."""
    return reduce(lambda one, other: msg("{one} or {other}", one=one, other=other), map(phrase, texts))


def translate(text: str, language: str) -> str:
    """A phrase in a language, `en` or `fr`; English where the table has no such template, or it is no phrase."""
    if language != "fr" or not isinstance(text, Message) or text.template not in french():
        return str(text)
    values = {n: translate(v, language) if isinstance(v, str) else v for n, v in text.values.items()}
    return (
        french_spaces(_FRENCH.vformat(french()[text.template], (), values))
        if values
        else french()[text.template]
    )


@cache
def french() -> dict[str, str]:
    """The French of each English template."""
    written = files("vigie.i18n").joinpath("fr.toml").read_text("utf-8")
    return {english: french_spaces(said) for english, said in tomllib.loads(written).items()}


def french_spaces(text: str) -> str:
    """Spaces that do not break, where French sets one before a mark."""
    text = re.sub(r"(?<=[\w»)}%]) (?=[?!;»])", THIN, text)
    return re.sub(r"(?<=[\w»)}%]) (?=:)", "\u00a0", text).replace("« ", f"«{THIN}")


class _French(string.Formatter):
    """Thousands apart by a thin space, and a decimal comma."""

    def format_field(self, value: Any, format_spec: str) -> str:
        text = str(format(value, format_spec))
        if isinstance(value, str):
            return text
        return text.replace(",", THIN).replace(".", ",")


_FRENCH = _French()


def _plain(value: Any) -> Any:
    """What JSON can keep: numpy's numbers become Python's, anything else its text."""
    if isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, Integral):
        return int(value)
    return float(value) if isinstance(value, Real) else str(value)
