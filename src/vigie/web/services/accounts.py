"""Signing in, users, links."""

from __future__ import annotations

import hmac
import re
from contextlib import suppress
from datetime import timedelta
from typing import Any

from vigie.app import AuditLine, User, audit, login_attempts, sessions, users
from vigie.app.tables import ROLES
from vigie.errors import NotAllowed, NotFound, SignInRefused, TooManyAttempts, UnknownLanguage, UsageRefused
from vigie.i18n.catalogue import languages
from vigie.i18n.messages import msg, phrase
from vigie.web import passwords
from vigie.web.services.base import Base, require

_PER_ACCOUNT = 8
_PER_ADDRESS = 40
LINK_LASTS = timedelta(days=3)
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,250}")


class People(Base):
    """Who may sign in, and how."""

    def sign_in(self, email: str, password: str, address: str = "") -> tuple[User, str]:
        """Opens a session; what is refused never says whether the account exists.

        Returns:
            The user, and the secret of the session for their cookie.
        """
        address = address or self.address()
        account = f"account {users.normalize_email(email)}"
        for key, limit in ((account, _PER_ACCOUNT), (f"address {address}", _PER_ADDRESS)):
            try:
                login_attempts.count(self.engine, key, phrase("signing in"), limit=limit)
            except TooManyAttempts:
                self.note("nobody", "sign in refused: too many", "session")
                raise
        kept = users.find_credentials(self.engine, email)
        if not passwords.fits(kept[1] if kept else None, password) or kept is None:
            self.note("nobody", "sign in refused", "session")
            raise SignInRefused(
                "this e-mail and password open no account", hint="check both, or ask for a new link"
            )
        login_attempts.reset(self.engine, account)
        return self.open_session(users.find(self.engine, kept[0]))

    def enter(self, email: str, name: str) -> User:
        """Whom a provider vouches for: somebody who was invited, or whoever the settings let in."""
        with suppress(NotFound):
            user = users.find_by_email(self.engine, email)
            if user.active:
                return user
            raise SignInRefused("this account is switched off", hint="ask an administrator")
        if not self.web.oidc_role:
            self.note("nobody", "sign in refused: not invited", "session")
            raise SignInRefused("nobody has invited you yet", hint="ask an administrator to add your address")
        user = self._add(email, name, self.web.oidc_role, "", None)
        self.note(user, "first sign in", f"user:{user.id}", role=user.role)
        return user

    def open_session(self, user: User) -> tuple[User, str]:
        """A session for somebody who has shown who they are."""
        secret = sessions.start(self.engine, user.id, timedelta(hours=self.web.session_hours))
        self.note(user, "sign in", "session")
        return user, secret

    def sign_out(self, secret: str) -> None:
        """Ends a session."""
        sessions.end(self.engine, secret)

    def of_session(self, secret: str) -> User | None:
        """Whose session that is."""
        return sessions.find_user(self.engine, secret)

    def user_count(self) -> int:
        """How many accounts there are; nobody can sign in where there is none."""
        return users.count(self.engine)

    def create_first_admin(self, email: str, name: str, password: str, setup_token: str) -> User:
        """The first account, where there is none and the caller knows the setup token of the settings."""
        key = f"setup {self.address()}"
        login_attempts.count(self.engine, key, phrase("setting up"), limit=_PER_ACCOUNT)
        known = self.web.setup_token
        if not known or not hmac.compare_digest(known.encode(), setup_token.encode()):
            raise SignInRefused(
                "that is not the setup token", hint="it is VIGIE_SETUP_TOKEN of the server's environment"
            )
        if self.user_count():
            raise NotAllowed("set up what is set up already", needed="admin")
        user = self._add(email, name, "admin", "", passwords.make(password))
        self.note(user, "set up", f"user:{user.id}")
        return user

    def users(self, user: User) -> list[User]:
        """Everybody, by address."""
        require(user, "admin", "see the list of users")
        return users.list_all(self.engine)

    def add_user(self, user: User, email: str, name: str, role: str, team: str = "") -> tuple[User, str]:
        """Adds somebody; returns them and the link that signs them in once."""
        require(user, "admin", "add users")
        added = self._add(email, name, role, team, None)
        self.note(user, "add user", f"user:{added.id}", role=role)
        return added, self._link(added)

    def change_user(
        self,
        user: User,
        user_id: int,
        *,
        role: str | None = None,
        team: str | None = None,
        name: str | None = None,
        active: bool | None = None,
    ) -> User:
        """Changes somebody; they are signed out where they may do less from now on."""
        require(user, "admin", "change users")
        before = users.find(self.engine, user_id)
        given = {"role": role, "team": team, "name": name, "active": active}
        values = {key: value for key, value in given.items() if value is not None}
        if role is not None:
            _check_role(role)
        loses = (role not in {None, "admin"} or active is False) and before.role == "admin"
        if loses and before.active and users.count_other_admins(self.engine, user_id) == 0:
            raise UsageRefused(
                "this is the last administrator", hint="make somebody else an administrator first"
            )
        if not values:
            return before
        changed = users.update(self.engine, user_id, values, sign_out=role is not None or active is False)
        self.note(user, "change user", f"user:{user_id}", **values)
        return changed

    def invite_link(self, user: User, user_id: int) -> str:
        """A new link that signs somebody in once."""
        require(user, "admin", "make sign-in links")
        self.note(user, "make link", f"user:{user_id}")
        return self._link(users.find(self.engine, user_id))

    def use_link(self, token: str) -> User:
        """Whose link that is; it opens nothing afterwards."""
        return sessions.use_link(self.engine, token)

    def set_password(self, user: User, new: str, old: str | None = None) -> None:
        """Changes one's own password; the old one is asked for where there is one. Every session ends."""
        if user.has_password:
            key = f"password {user.id}"
            login_attempts.count(self.engine, key, phrase("changing the password"), limit=_PER_ACCOUNT)
            kept = users.find_credentials(self.engine, user.email)
            if not passwords.fits(kept[1] if kept else None, old or ""):
                raise SignInRefused(
                    "the present password is not that", hint="ask for a link if you forgot it"
                )
        users.update(self.engine, user.id, {"password_hash": passwords.make(new)}, sign_out=True)
        self.note(user, "change password", f"user:{user.id}")

    def set_language(self, user: User, language: str) -> User:
        """What the pages speak to somebody; empty for what their browser asks."""
        if language not in ("", *languages()):
            raise UnknownLanguage(language, languages())
        return users.update(self.engine, user.id, {"language": language})

    def audit(self, user: User, *, limit: int = 200, before: int | None = None) -> list[AuditLine]:
        """Who saw and did what, newest first."""
        require(user, "admin", "read the audit log")
        return audit.list_lines(self.engine, limit=min(max(1, limit), 1000), before=before)

    def _add(self, email: str, name: str, role: str, team: str, password_hash: str | None) -> User:
        _check_role(role)
        check_email(email)
        named = name.strip()[:200] or email.partition("@")[0]
        return users.add(self.engine, email, named, role, team=team[:100], password_hash=password_hash)

    def _link(self, user: User) -> str:
        return link_url(self.web.public_url, sessions.create_link(self.engine, user.id, LINK_LASTS))


def link_url(public_url: str, secret: str) -> str:
    """The address that signs somebody in once."""
    return f"{public_url}/sign-in/link?token={secret}"


def _check_role(role: Any) -> None:
    if role not in ROLES:
        raise UsageRefused(
            msg("found role {role!r}, expected one of {roles}", role=role, roles=", ".join(ROLES))
        )


def check_email(email: str) -> None:
    """Refuses what cannot be an address."""
    if not _EMAIL.fullmatch(email.strip()):
        raise UsageRefused("that is no e-mail address", hint="such as ada@example.org")
