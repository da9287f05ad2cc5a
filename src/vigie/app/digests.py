"""Digests of secrets."""

from __future__ import annotations

import hashlib


def digest(secret: str) -> str:
    """Return the SHA-256 of a random secret, in hexadecimal; passwords need argon2 instead."""
    return hashlib.sha256(secret.encode()).hexdigest()
