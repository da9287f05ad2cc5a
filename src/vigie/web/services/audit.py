"""Audit log."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from vigie.app import AuditLine, User, audit, audit_names
from vigie.app.audit import AuditQuery
from vigie.app.audit_names import Names
from vigie.db.database import Engine
from vigie.web.services.access import require

_VIEW_SECONDS = 600.0
_MAX_VIEWS = 10_000
_MAX_LINES = 1000


class AuditLog:
    """Records who did and saw what.

    Attributes:
        address: returns the network address of the caller.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._viewed: dict[tuple[str, str, str], float] = {}
        self.address: Callable[[], str] = lambda: ""

    def record(self, actor: User | str, action: str, what: str, **detail: Any) -> None:
        """Add a line; `detail` must hold no cell."""
        name = actor if isinstance(actor, str) else actor.email
        audit.record(self._engine, name, action, what, detail, self.address())

    def record_view(self, user: User, action: str, what: str) -> None:
        """Add a line unless the same one was added within ten minutes: pages repeat such requests."""
        now, key = time.monotonic(), (user.email, action, what)
        if now - self._viewed.get(key, -_VIEW_SECONDS) < _VIEW_SECONDS:
            return
        if len(self._viewed) > _MAX_VIEWS:
            self._viewed.clear()
        self._viewed[key] = now
        self.record(user, action, what)

    def list_lines(
        self, user: User, *, limit: int = 200, before: int | None = None, query: AuditQuery | None = None
    ) -> list[AuditLine]:
        """Return lines, newest first; for administrators.

        Args:
            user: the caller.
            limit: number of lines, at most 1,000.
            before: id of the last line of the previous page.
            query: selection of lines; None for all.
        """
        require(user, "admin", "read the audit log")
        limit = min(max(1, limit), _MAX_LINES)
        return audit.list_lines(self._engine, limit=limit, before=before, query=query)

    def export(self, user: User, query: AuditQuery) -> Iterator[list[AuditLine]]:
        """Yield all selected lines, newest first, a few hundred at a time; for administrators."""
        require(user, "admin", "read the audit log")
        self.record(user, "export audit log", "audit:all")
        return self._pages(query)

    def choices(self, user: User) -> tuple[list[str], list[str]]:
        """Return the actors and the actions that lines have; for administrators."""
        require(user, "admin", "read the audit log")
        return audit.list_actors(self._engine), audit.list_actions(self._engine)

    def names(self, lines: Iterable[AuditLine]) -> Names:
        """Return the names of what lines are about."""
        objects = [one for line in lines for one in (line.object, str(line.detail.get("earlier", "")))]
        return audit_names.find_names(self._engine, objects)

    def _pages(self, query: AuditQuery) -> Iterator[list[AuditLine]]:
        before: int | None = None
        while lines := audit.list_lines(self._engine, limit=_MAX_LINES, before=before, query=query):
            yield lines
            before = lines[-1].id
