"""What every part of the desk has: the database, the store, the audit log, and who may do what."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Self

from vigie import resources
from vigie.app import Upload, User, audit
from vigie.db import database
from vigie.errors import NotAllowed
from vigie.i18n.messages import msg, phrase
from vigie.settings import Settings, WebSettings
from vigie.stores.base import Store

_AGAIN = 600.0
_REMEMBERED = 10_000
RANK = {"viewer": 0, "analyst": 1, "admin": 2}


def nowhere() -> str:
    """The address of a caller nobody knows."""
    return ""


class Base:
    """One installation, as people see it."""

    def __init__(self, settings: Settings, web: WebSettings, engine: database.Engine, store: Store) -> None:
        self.settings = settings
        self.web = web
        self.engine = engine
        self.store = store
        self.address: Callable[[], str] = nowhere
        self._said: dict[tuple[str, str, str], float] = {}

    @classmethod
    def open(cls, settings: Settings, web: WebSettings) -> Self:
        """The desk of what the settings name."""
        return cls(settings, web, database.open(settings.database_url), resources.model_store(settings))

    def close(self) -> None:
        """Gives the connections back."""
        self.engine.dispose()

    def note(self, actor: User | str, action: str, what: str, **detail: Any) -> None:
        """Adds a line to the audit log; `detail` never holds a cell."""
        name = actor if isinstance(actor, str) else actor.email
        audit.record(self.engine, name, action, what, detail, self.address())

    def note_sight(self, user: User, action: str, what: str) -> None:
        """Like `note`, for what a page asks for again at each touch: once in ten minutes says as much."""
        now, key = time.monotonic(), (user.email, action, what)
        if now - self._said.get(key, -_AGAIN) < _AGAIN:
            return
        if len(self._said) > _REMEMBERED:
            self._said.clear()
        self._said[key] = now
        self.note(user, action, what)


def require(user: User, role: str, what: str) -> None:
    """Refuses who has not at least that role."""
    if RANK[user.role] < RANK[role]:
        raise NotAllowed(what, needed=role)


def require_own(user: User, upload: Upload, what: str) -> None:
    """Refuses who neither owns the upload nor is an administrator."""
    require(user, "analyst", what)
    if upload.owner_id != user.id and user.role != "admin":
        raise NotAllowed(msg("{what}: it belongs to somebody else", what=phrase(what)), needed="admin")
