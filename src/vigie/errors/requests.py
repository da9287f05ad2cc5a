"""Errors of requests that are invalid, whatever the data."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from vigie.errors.base import UsageRefused
from vigie.i18n.messages import as_message, join_or, msg


class AlreadyThere(UsageRefused):
    """An object that must be new already exists; `where` names the store, `key` the object."""

    def __init__(self, where: str, key: str, *, hint: str = "") -> None:
        super().__init__(msg("{where}: {key!r} is already there", where=where, key=key), hint=hint)
        self.where = where
        self.key = key


class SignInRefused(UsageRefused):
    """The credentials are wrong; the message does not say which part."""


class NotAllowed(UsageRefused):
    """The user lacks a permission; `needed` is the required role."""

    def __init__(self, what: str, *, needed: str, hint: str = "") -> None:
        super().__init__(
            msg("you may not {what}", what=as_message(what)),
            hint=hint or msg("ask an administrator for the role {needed!r}", needed=as_message(needed)),
        )
        self.needed = needed


class TooManyAttempts(UsageRefused):
    """Too many attempts; retry after `seconds`."""

    def __init__(self, what: str, *, seconds: int) -> None:
        super().__init__(
            msg("too many attempts: {what}", what=as_message(what)),
            hint=msg("try again in {seconds} seconds", seconds=max(1, seconds)),
        )
        self.seconds = max(1, seconds)


class UnknownLanguage(UsageRefused):
    """No catalogue is installed for a language."""

    def __init__(self, language: str, known: Iterable[str]) -> None:
        super().__init__(
            msg("found language {language!r}, expected {known}", language=language, known=join_or(known))
        )
        self.language = language


class WrongState(UsageRefused):
    """The upload or job is in another state than the request needs; nothing was changed."""

    def __init__(self, what: str, *, found: str, expected: str | Iterable[str], hint: str = "") -> None:
        wanted = as_message(expected) if isinstance(expected, str) else join_or(expected)
        message = msg(
            "{what}: it is {found}, expected {expected}",
            what=as_message(what),
            found=as_message(found),
            expected=wanted,
        )
        super().__init__(message, hint=hint)
        self.found = found


class ChangedMeanwhile(UsageRefused):
    """The object was changed since the user saw it; nothing was changed. `name` is None where Vigie changed it."""

    def __init__(self, what: str, *, name: str | None, at: datetime, done: str) -> None:
        super().__init__(
            msg(
                "{what} was changed by {name} at {time} UTC: {done}",
                what=as_message(what),
                name=as_message("Vigie") if name is None else name,
                time=f"{at:%Y-%m-%d %H:%M}",
                done=as_message(done),
            ),
            hint="nothing of yours was saved; look at the case as it is now, and decide again",
        )
