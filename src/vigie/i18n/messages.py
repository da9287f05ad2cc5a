"""Messages: English texts that remember what they were made of, so that they can be translated when they are shown.

An error is raised with an English message: a template and its values. `translate` looks the template up in the catalogue of a
language, and messages among the values likewise. Values that are no messages (names of files, columns, models; numbers) are
never looked up. Must not know errors, pages or the command line.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import reduce
from numbers import Integral, Real
from typing import Any

from vigie.i18n.catalogue import DEFAULT, catalogue

_MAX_VALUE = 300
"""Characters of a value in a message: names of columns have any length."""


class Message(str):
    """An English text with its template and its values.

    Attributes:
        template: English, with placeholders in braces.
        values: of the placeholders; what JSON can keep, or messages.
        id: of the text where it is one of a catalogue's sections; empty for a message.
    """

    template: str
    values: dict[str, Any]
    id: str

    def __new__(cls, template: str, **values: Any) -> Message:
        """Fill the template in; without values its braces stay."""
        kept = {name: _plain(value) for name, value in values.items()}
        made = super().__new__(cls, template.format(**kept) if kept else template)
        made.template, made.values, made.id = template, kept, ""
        return made

    def to_json(self) -> dict[str, Any]:
        """Return the template and the values, messages among them as such objects."""
        values = {n: v.to_json() if isinstance(v, Message) else v for n, v in self.values.items()}
        return {"template": self.template, "values": values} | ({"id": self.id} if self.id else {})

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Message:
        """Return the message that `to_json` made an object of."""
        values = {n: cls.from_json(v) if isinstance(v, dict) else v for n, v in kept["values"].items()}
        made = cls(kept["template"], **values)
        made.id = kept.get("id", "")
        return made


def msg(template: str, **values: Any) -> Message:
    """Make a message; the template is a constant, so that a translator finds it."""
    return Message(template, **values)


def named(section: str, name: str) -> Message:
    """Make a message of the name of something, as of a role or a domain; its key in plain words where it has none."""
    text = catalogue(DEFAULT).text(f"{section}.{name}")
    made = Message(text if isinstance(text, str) else name.replace("_", " "))
    made.id = f"{section}.{name}"
    return made


def as_message(text: str) -> Message:
    """Return a message as it is, or a constant text as one without values."""
    return text if isinstance(text, Message) else Message(text)


def join_or(texts: Iterable[str]) -> Message:
    """Join alternatives: the first, or the second."""
    return reduce(lambda one, other: msg("{one} or {other}", one=one, other=other), map(as_message, texts))


def join(texts: Iterable[str]) -> Message:
    """Join with commas."""
    return reduce(lambda one, other: msg("{one}, {other}", one=one, other=other), map(as_message, texts))


def translate(text: str, language: str) -> str:
    """Return a message in a language; English where the catalogue has no such template, or it is no message."""
    if language == DEFAULT or not isinstance(text, Message):
        return str(text)
    own = catalogue(language)
    found = own.text(text.id) if text.id else own.messages.get(text.template)
    if not isinstance(found, str):
        return str(text)
    return own.fill(
        found, {n: translate(v, language) if isinstance(v, str) else v for n, v in text.values.items()}
    )


def shorten(text: str, limit: int = _MAX_VALUE) -> str:
    """Return a text of at most `limit` characters: where it is longer, its beginning and its end; messages as they are."""
    if isinstance(text, Message) or len(text) <= limit:
        return text
    end = limit // 4
    return f"{text[: limit - end - 1]}…{text[-end:]}"


def _plain(value: Any) -> Any:
    """Return what JSON can keep: numpy's numbers become Python's, anything else its text, shortened."""
    if isinstance(value, str):
        return shorten(value)
    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, Integral):
        return int(value)
    return float(value) if isinstance(value, Real) else shorten(str(value))
