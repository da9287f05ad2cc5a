"""Passwords: argon2id, and how little is accepted."""

from __future__ import annotations

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from vigie.errors import UsageRefused
from vigie.i18n.messages import msg

_SHORTEST, _LONGEST = 10, 1000
_HASHER = PasswordHasher()


def make(password: str) -> str:
    """What to keep of a new password; refuses one that is easily guessed."""
    if not _SHORTEST <= len(password) <= _LONGEST:
        raise UsageRefused(
            msg(
                "found a password of {password} characters, expected {shortest} to {longest}",
                password=len(password),
                shortest=_SHORTEST,
                longest=_LONGEST,
            ),
            hint="three or four words make a good one",
        )
    if len(set(password)) < 5:
        raise UsageRefused("found a password of hardly any different characters", hint="mix more of them")
    return _HASHER.hash(password)


def fits(kept: str | None, password: str) -> bool:
    """Whether the password is that; takes as long where there is none, so that time tells nothing."""
    try:
        return _HASHER.verify(kept or _nobodys(), password[:_LONGEST]) and kept is not None
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobodys() -> str:
    return _HASHER.hash("nobody's password")
