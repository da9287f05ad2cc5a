"""Password hashing with argon2id, and the rules for new passwords."""

from __future__ import annotations

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from vigie.errors import UsageRefused
from vigie.i18n.messages import msg

_MIN_LENGTH, _MAX_LENGTH, _MIN_CHARACTERS = 12, 1000, 5
_HASHER = PasswordHasher()


def hash_password(password: str) -> str:
    """Return the hash of a new password.

    Raises:
        UsageRefused: it is too short, too long, or has too few different characters.
    """
    if not _MIN_LENGTH <= len(password) <= _MAX_LENGTH:
        raise UsageRefused(
            msg(
                "found a password of {password} characters, expected {shortest} to {longest}",
                password=len(password),
                shortest=_MIN_LENGTH,
                longest=_MAX_LENGTH,
            ),
            hint="several words are a good choice",
        )
    if len(set(password)) < _MIN_CHARACTERS:
        raise UsageRefused(
            "found a password with too few different characters", hint="use more different characters"
        )
    return _HASHER.hash(password)


def verify(stored: str | None, password: str) -> bool:
    """Return whether a password matches a hash, in the same time where there is no hash."""
    try:
        return _HASHER.verify(stored or _dummy_hash(), password[:_MAX_LENGTH]) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


@cache
def _dummy_hash() -> str:
    return _HASHER.hash("a password of no user")
