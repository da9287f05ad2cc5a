"""Signing in and out."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from vigie.app import User, audit, login_attempts, sessions, users
from vigie.app.audit import ANONYMOUS
from vigie.db.database import Engine
from vigie.errors import AlreadyThere, NotFound, SignInRefused, TooManyAttempts
from vigie.i18n.messages import as_message
from vigie.settings import WebSettings
from vigie.web import passwords
from vigie.web.services.accounts import MAX_ATTEMPTS
from vigie.web.services.audit import AuditLog

_MAX_ATTEMPTS_PER_ADDRESS = 40
_MAX_LINKS_PER_ADDRESS = 60
_KNOWN_ADDRESS = timedelta(days=90)
"""Time for which an address from which a user has signed in counts their wrong passwords apart."""


class Sessions:
    """Sessions of users: by password, by one-time link, or by an OpenID Connect provider."""

    def __init__(self, engine: Engine, audit: AuditLog, web: WebSettings) -> None:
        self._engine, self._audit, self._web = engine, audit, web

    def sign_in(self, email: str, password: str, address: str = "") -> tuple[User, str]:
        """Sign in by password; return the user and the secret of the session.

        Raises:
            SignInRefused: address or password are wrong; the error does not reveal whether the account exists.
            TooManyAttempts: too many attempts for this account or from this network address.
        """
        email, address = users.normalize_email(email), address or self._audit.address()
        account = f"account {email}"
        if audit.has_signed_in(self._engine, email, address, within=_KNOWN_ADDRESS):
            account += f" from {address}"  # wrong passwords of strangers do not lock the owner out here
        limits = {account: MAX_ATTEMPTS, f"address {address}": _MAX_ATTEMPTS_PER_ADDRESS}
        for key, limit in limits.items():
            try:
                login_attempts.count(self._engine, key, as_message("signing in"), limit=limit)
            except TooManyAttempts:
                self._audit.record(ANONYMOUS, "sign in refused: too many", "session")
                raise
        user_id, stored = users.find_credentials(self._engine, email) or (None, None)
        if not passwords.verify(stored, password) or user_id is None:
            # An address without an account is not stored: it may be a password in the wrong field.
            self._audit.record(ANONYMOUS, "sign in refused", f"user:{user_id}" if user_id else "session")
            raise SignInRefused(
                "wrong e-mail address or password", hint="check both, or ask an administrator for a link"
            )
        login_attempts.reset(self._engine, account)
        return self.start(users.find(self._engine, user_id))

    def find_or_create_oidc_user(self, email: str, name: str) -> User:
        """Return the user authenticated by a provider; create the account where the settings allow it.

        Raises:
            SignInRefused: the account is inactive, or there is none and `oidc_role` is not set.
        """
        with suppress(NotFound):
            user = users.find_by_email(self._engine, email)
            if user.active:
                return user
            raise SignInRefused("this account is inactive", hint="ask an administrator")
        if not self._web.oidc_role:
            self._audit.record(ANONYMOUS, "sign in refused: not invited", "session")
            raise SignInRefused(
                "there is no account with this address", hint="ask an administrator to add it"
            )
        try:
            user = users.add(self._engine, email, name, self._web.oidc_role)
        except AlreadyThere:  # signed in twice at once
            return users.find_by_email(self._engine, email)
        self._audit.record(user, "first sign in", f"user:{user.id}", role=user.role)
        return user

    def use_link(self, secret: str) -> User:
        """Return the user of a one-time link and invalidate it.

        Raises:
            SignInRefused: the link is unknown, used or expired.
            TooManyAttempts: too many links from this network address.
        """
        key = f"link {self._audit.address()}"
        login_attempts.count(self._engine, key, as_message("opening links"), limit=_MAX_LINKS_PER_ADDRESS)
        return sessions.use_link(self._engine, secret)

    def start(self, user: User) -> tuple[User, str]:
        """Start a session for an authenticated user; return the user and the secret of the session."""
        secret = sessions.start(self._engine, user.id, timedelta(hours=self._web.session_hours))
        self._audit.record(user, "sign in", "session")
        return user, secret

    def end(self, secret: str) -> None:
        """End a session."""
        user = sessions.find_user(self._engine, secret)
        if user is not None:
            self._audit.record(user, "sign out", "session")
        sessions.end(self._engine, secret)

    def find_user(self, secret: str) -> User | None:
        """Return the user of a session; None where it is unknown or expired."""
        return sessions.find_user(self._engine, secret)
