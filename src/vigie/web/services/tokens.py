"""API tokens of a user."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from vigie.app import Token, User, tokens
from vigie.app.tokens import SCOPES
from vigie.db.database import Engine
from vigie.errors import UsageRefused
from vigie.i18n.messages import msg
from vigie.web.services.access import SCOPE_ROLE, require, require_session
from vigie.web.services.audit import AuditLog

_MAX_DAYS = 3650


class Tokens:
    """API tokens; every user sees only their own."""

    def __init__(self, engine: Engine, audit: AuditLog) -> None:
        self._engine, self._audit = engine, audit

    def list_own(self, user: User) -> list[Token]:
        """Return the caller's tokens, newest first."""
        return tokens.list_for(self._engine, user.id)

    def create(
        self, user: User, name: str, scopes: Sequence[str], days: int | None = None
    ) -> tuple[Token, str]:
        """Create a token and return it with its secret, which is stored nowhere.

        Args:
            user: the owner.
            name: 1 to 200 characters.
            scopes: some of `SCOPES`, none beyond the owner's role.
            days: lifetime, 1 to 3,650; None for no expiry.

        Raises:
            UsageRefused: an argument is invalid.
            NotAllowed: a scope exceeds the owner's role, or the request came with a token.
        """
        require_session(user, "create API tokens")
        require(user, "analyst", "create API tokens")
        name = name.strip()
        if not name or len(name) > 200:
            raise UsageRefused(
                "a token needs a name of 1 to 200 characters", hint="name the program that will use it"
            )
        if not scopes or any(scope not in SCOPES for scope in scopes):
            raise UsageRefused(
                msg(
                    "found scopes {value}, expected some of {scopes}",
                    value=", ".join(scopes) or "none",
                    scopes=", ".join(SCOPES),
                )
            )
        if days is not None and not 1 <= days <= _MAX_DAYS:
            raise UsageRefused(msg("found {days} days, expected 1 to 3650", days=days))
        for scope in scopes:
            require(user, SCOPE_ROLE[scope], msg("create a token with the scope {scope}", scope=scope))
        lifetime = timedelta(days=days) if days else None
        token, secret = tokens.create(self._engine, user.id, name, scopes, lifetime)
        self._audit.record(user, "make token", f"token:{token.id}", scopes=list(token.scopes))
        return token, secret

    def revoke(self, user: User, token_id: str) -> None:
        """Revoke a token of the caller; a second call changes nothing.

        Raises:
            NotFound: the caller has no such token.
            NotAllowed: the request came with a token.
        """
        require_session(user, "revoke API tokens")
        tokens.revoke(self._engine, user.id, token_id)
        self._audit.record(user, "revoke token", f"token:{token_id}")

    def authenticate(self, secret: str) -> tuple[User, Token] | None:
        """Return owner and token of a valid secret."""
        return tokens.authenticate(self._engine, secret)
