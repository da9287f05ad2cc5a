"""Keys of the API."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from vigie.app import Token, User, tokens
from vigie.app.tokens import SCOPES
from vigie.errors import UsageRefused
from vigie.i18n.messages import msg
from vigie.web.services.base import RANK, Base, require

SCOPE_RANK = {"read": "viewer", "write": "analyst", "admin": "admin"}


class Tokens(Base):
    """A person's own keys; nobody sees anybody else's."""

    def tokens(self, user: User) -> list[Token]:
        """One's own, newest first."""
        return tokens.list_for(self.engine, user.id)

    def create_token(
        self, user: User, name: str, scopes: Sequence[str], days: int | None = None
    ) -> tuple[Token, str]:
        """A new key and its secret, which is shown this once; never with more rights than its owner."""
        require(user, "analyst", "make API tokens")
        name = name.strip()
        if not name or len(name) > 200:
            raise UsageRefused("a token needs a name of 1 to 200 characters", hint="say what will use it")
        unknown = [scope for scope in scopes if scope not in SCOPES]
        if unknown or not scopes:
            raise UsageRefused(
                msg(
                    "found scopes {value}, expected some of {scopes}",
                    value=", ".join(scopes) or "none",
                    scopes=", ".join(SCOPES),
                )
            )
        if days is not None and not 1 <= days <= 3650:
            raise UsageRefused(msg("found {days} days, expected 1 to 3650", days=days))
        for scope in scopes:
            if RANK[SCOPE_RANK[scope]] > RANK[user.role]:
                require(user, SCOPE_RANK[scope], msg("make a token that may {scope}", scope=scope))
        made, secret = tokens.create(
            self.engine, user.id, name, scopes, timedelta(days=days) if days else None
        )
        self.note(user, "make token", f"token:{made.id}", scopes=list(made.scopes))
        return made, secret

    def revoke_token(self, user: User, token_id: str) -> None:
        """Ends a key of one's own; may be repeated."""
        tokens.revoke(self.engine, user.id, token_id)
        self.note(user, "revoke token", f"token:{token_id}")

    def of_token(self, secret: str) -> tuple[User, Token] | None:
        """Whose key that is."""
        return tokens.authenticate(self.engine, secret)
