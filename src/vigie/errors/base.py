"""The base of all errors, the four kinds that decide the exit code, and errors as records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from vigie.i18n.messages import Message, as_message, msg, shorten, translate

_MAX_NAME = 200
"""Characters of a name that are compared with the known names."""


class VigieError(Exception):
    """Base of all errors of Vigie; `hint` tells what to do next."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = as_message(message)
        self.hint = as_message(hint)

    def translated(self, language: str) -> tuple[str, str]:
        """Return the message and the hint in a language."""
        return translate(self.message, language), translate(self.hint, language)

    def to_json(self) -> dict[str, Any]:
        """Return the error as it is stored with a job or an upload."""
        return error_record(self.message, self.hint, type(self).__name__)

    def __str__(self) -> str:
        return f"{self.message}\n  hint: {self.hint}" if self.hint else self.message


class UsageRefused(VigieError):
    """The request is invalid, whatever the data."""


class InputRefused(VigieError):
    """A file or a value that Vigie refuses to guess."""


class NotFound(VigieError):
    """Something that the user named does not exist."""

    def __init__(self, kind: str, name: str, *, known: Iterable[str] = (), hint: str = "") -> None:
        super().__init__(
            msg("no {kind} {name!r}", kind=as_message(kind), name=name),
            hint=hint or nearest_names(name, list(known), f"{kind}s"),
        )
        self.kind = kind
        self.name = name


class Unavailable(VigieError):
    """Something exists but is unavailable now, or must not be trusted."""


def nearest_names(name: str, known: list[str], what: str) -> str:
    """Return a hint with the known names nearest to a name, or the first ones; empty where none is known."""
    near = get_close_matches(name[:_MAX_NAME], known, n=5, cutoff=0.4) or known[:5]
    names = ", ".join(map(shorten, near))
    return msg("the nearest {what}: {names}", what=as_message(what), names=names) if near else ""


def error_record(message: str, hint: str, kind: str) -> dict[str, Any]:
    """Return an error as it is stored with a job or an upload: in English, with the messages to translate it."""
    parts = {"message": as_message(message).to_json(), "hint": as_message(hint).to_json()}
    return {"message": str(message), "hint": str(hint), "kind": kind, "said": parts}


def from_record(error: Mapping[str, Any]) -> tuple[str, str]:
    """Return message and hint of a stored error; plain English strings if an older version stored it."""
    if "said" not in error:
        return str(error["message"]), str(error.get("hint", ""))
    return Message.from_json(error["said"]["message"]), Message.from_json(error["said"]["hint"])
