"""Users, their roles, passwords and sign-in links."""

from __future__ import annotations

import hmac
from datetime import timedelta

from vigie.app import User, login_attempts, sessions, users
from vigie.db.database import Engine
from vigie.errors import AlreadyThere, NotAllowed, SignInRefused, UnknownLanguage
from vigie.i18n.catalogue import languages
from vigie.i18n.messages import as_message
from vigie.settings import WebSettings
from vigie.web import passwords
from vigie.web.services.access import require, require_session
from vigie.web.services.audit import AuditLog

MAX_ATTEMPTS = 8
LINK_LIFETIME = timedelta(days=3)


class Accounts:
    """The users of an installation."""

    def __init__(self, engine: Engine, audit: AuditLog, web: WebSettings) -> None:
        self._engine, self._audit, self._web = engine, audit, web

    def count(self) -> int:
        """Return the number of users."""
        return users.count(self._engine)

    def create_first_admin(self, email: str, name: str, password: str, setup_token: str) -> User:
        """Create the first account, for a caller with the setup token of the settings.

        Raises:
            SignInRefused: the token is wrong or not set.
            NotAllowed: there is an account.
            TooManyAttempts: too many attempts from this address.
        """
        key = f"setup {self._audit.address()}"
        login_attempts.count(self._engine, key, as_message("setting up"), limit=MAX_ATTEMPTS)
        expected = self._web.setup_token
        if not expected or not hmac.compare_digest(expected.encode(), setup_token.encode()):
            raise SignInRefused(
                "wrong setup token", hint="it is the value of VIGIE_SETUP_TOKEN on the server"
            )
        try:
            user = users.add(
                self._engine,
                email,
                name,
                "admin",
                password_hash=passwords.hash_password(password),
                only_first=True,
            )
        except AlreadyThere:
            raise NotAllowed("create the first account: there is one already", needed="admin") from None
        self._audit.record(user, "set up", f"user:{user.id}")
        return user

    def list_all(self, user: User) -> list[User]:
        """Return all users, by address; for administrators."""
        require(user, "admin", "see the list of users")
        return users.list_all(self._engine)

    def add(self, user: User, email: str, name: str, role: str, team: str = "") -> tuple[User, str]:
        """Add a user; return the account and a link that signs the new user in once."""
        require_session(user, "add users")
        require(user, "admin", "add users")
        added = users.add(self._engine, email, name, role, team=team)
        self._audit.record(user, "add user", f"user:{added.id}", role=role)
        return added, self._create_link(added)

    def change(
        self,
        user: User,
        user_id: int,
        *,
        role: str | None = None,
        team: str | None = None,
        name: str | None = None,
        active: bool | None = None,
    ) -> User:
        """Change an account, and end its sessions where its role changes or it is deactivated.

        Raises:
            UsageRefused: the role is unknown, or no active administrator would be left.
        """
        require_session(user, "change users")
        require(user, "admin", "change users")
        before = users.find(self._engine, user_id)
        if role is not None:
            users.check_role(role)
        changes = {"role": role, "team": team, "name": name, "active": active}
        values = {key: value for key, value in changes.items() if value is not None}
        if not values:
            return before
        sign_out = role is not None or active is False
        changed = users.update(self._engine, user_id, values, sign_out=sign_out)
        self._audit.record(user, "change user", f"user:{user_id}", **values)
        return changed

    def create_link(self, user: User, user_id: int) -> str:
        """Create a link that signs another user in once; for administrators."""
        require_session(user, "create sign-in links")
        require(user, "admin", "create sign-in links")
        self._audit.record(user, "make link", f"user:{user_id}")
        return self._create_link(users.find(self._engine, user_id))

    def set_password(self, user: User, new: str, old: str | None = None, *, by_link: bool = False) -> None:
        """Change the caller's password and end all sessions of the account.

        Args:
            user: the caller.
            new: the new password.
            old: the current password.
            by_link: whether the caller just signed in by a one-time link, which replaces a forgotten password.

        Raises:
            SignInRefused: the account has a password, `old` is not it, and the caller did not sign in by a link.
            UsageRefused: the new password is too weak.
            TooManyAttempts: too many attempts for this account.
            NotAllowed: the request came with a token.
        """
        require_session(user, "change the password")
        if user.has_password and not by_link:
            key = f"password {user.id}"
            login_attempts.count(self._engine, key, as_message("changing the password"), limit=MAX_ATTEMPTS)
            stored = users.find_credentials(self._engine, user.email)
            if not passwords.verify(stored[1] if stored else None, old or ""):
                raise SignInRefused(
                    "wrong current password", hint="ask an administrator for a link if you forgot it"
                )
        users.update(self._engine, user.id, {"password_hash": passwords.hash_password(new)}, sign_out=True)
        self._audit.record(user, "change password", f"user:{user.id}", by_link=by_link)

    def set_language(self, user: User, language: str) -> User:
        """Set the caller's language; empty to follow the browser.

        Raises:
            UnknownLanguage: it has no catalogue.
            NotAllowed: the request came with a token.
        """
        require_session(user, "change the language")
        if language and language not in languages():
            raise UnknownLanguage(language, languages())
        return users.update(self._engine, user.id, {"language": language})

    def _create_link(self, user: User) -> str:
        return link_url(self._web.public_url, sessions.create_link(self._engine, user.id, LINK_LIFETIME))


def link_url(public_url: str, secret: str) -> str:
    """Return the address of a one-time sign-in link."""
    return f"{public_url}/sign-in/link?token={secret}"
