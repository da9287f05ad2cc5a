"""Watches: locations whose new files are scored."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from vigie.app import User, watch_template, watched_files, watches
from vigie.app.watched_files import WatchedFile
from vigie.app.watches import Watch
from vigie.db.database import Engine
from vigie.errors import NotAllowed, UsageRefused
from vigie.i18n.catalogue import DEFAULT
from vigie.i18n.messages import msg
from vigie.settings import WebSettings
from vigie.sources import open as sources
from vigie.sources import patterns, schedule
from vigie.web.services.access import has_role, require
from vigie.web.services.audit import AuditLog

_MAX_WATCHES = 100


class Watches:
    """Watches of users; a team sees those of its members, as it sees their uploads."""

    def __init__(self, engine: Engine, audit: AuditLog, web: WebSettings) -> None:
        self._engine, self._audit, self._web = engine, audit, web

    def list_for(self, user: User) -> list[Watch]:
        """Return the watches that a user may see, by name."""
        return watches.list_for(self._engine, user)

    def find(self, user: User, watch_id: str) -> Watch:
        """Return a watch.

        Raises:
            NotFound: there is no such watch that the user may see.
        """
        return watches.find(self._engine, watch_id, user)

    def files(self, user: User, watch_id: str, *, limit: int = 50) -> list[WatchedFile]:
        """Return the files that a watch found last, newest first."""
        return watched_files.list_newest(self._engine, self.find(user, watch_id).id, min(max(1, limit), 200))

    def add(
        self,
        user: User,
        source: str,
        *,
        name: str = "",
        pattern: str = "*",
        cron: str = "",
        timezone: str = "UTC",
        like: str = "",
        budget: float | int | None = None,
        max_fraud_share: float | None = None,
        write_back: bool = False,
        new_only: bool = False,
    ) -> Watch:
        """Add a watch.

        Args:
            user: the caller, who owns the results.
            source: absolute path of a folder, or address of a prefix in a store.
            name: name; by default the last part of the address.
            pattern: pattern of the paths below the source.
            cron: schedule of the looks; empty to score files as they appear.
            timezone: time zone of the schedule.
            like: id of an upload or prediction whose columns, roles, budget and models are used.
            budget: rows to alert: a share in (0, 1) or a number; None for that of `like`.
            max_fraud_share: share of fraud in (0, 1) above which a notice is sent.
            write_back: whether predictions are written beside each file.
            new_only: whether files that are there already are left out.

        Raises:
            UsageRefused: an argument is invalid, or users may not watch the source.
        """
        require(user, "analyst", "add watches")
        url = self._check_source(source)
        cron = cron.strip()
        schedule.check(cron, timezone)
        if len(self.list_for(user)) >= _MAX_WATCHES:
            raise UsageRefused("found 100 watches, expected fewer", hint="remove some")
        template = watch_template.read(self._engine, like.strip(), user)
        options: Mapping[str, Any] = {**template.options}
        if not like:
            options = {**options, "language": user.language or DEFAULT}
        if budget is not None:
            _check_budget(budget)
            options = {**options, "budget": int(budget) if budget >= 1 else budget}
        now = datetime.now(UTC)
        values = {
            "url": url,
            "pattern": patterns.check(pattern),
            "schedule": cron,
            "timezone": timezone,
            "write_back": write_back,
            "options": options,
            "mapping": dict(template.mapping),
            "columns": template.columns,
            "max_fraud_share": max_fraud_share,
            "files_since": now if new_only else None,
            "next_look_at": schedule.next_look(cron, timezone, now, 0.0),
        }
        added = watches.add(self._engine, user, (name.strip() or Path(url).name or url)[:200], values)
        self._audit.record(user, "add watch", f"watch:{added.id}", url=url)
        return added

    def set_active(self, user: User, watch_id: str, active: bool) -> Watch:
        """Pause a watch, or resume it."""
        found = self._find_own(user, watch_id)
        watches.update(self._engine, found.id, active=active)
        self._audit.record(user, "change watch", f"watch:{found.id}", active=active)
        return self.find(user, watch_id)

    def look(self, user: User, watch_id: str) -> Watch:
        """Let a worker look at once; a file that is new is looked at twice."""
        found = self._find_own(user, watch_id)
        watches.update(self._engine, found.id, next_look_at=datetime.now(UTC))
        return self.find(user, watch_id)

    def remove(self, user: User, watch_id: str) -> None:
        """Remove a watch; files, uploads and results stay."""
        found = self._find_own(user, watch_id)
        watches.remove(self._engine, found.id)
        self._audit.record(user, "remove watch", f"watch:{found.id}")

    def _find_own(self, user: User, watch_id: str) -> Watch:
        require(user, "analyst", "change this watch")
        found = self.find(user, watch_id)
        if found.owner_id != user.id and not has_role(user, "admin"):
            raise NotAllowed("change this watch: it belongs to another user", needed="admin")
        return found

    def _check_source(self, source: str) -> str:
        """Return the address of a source that users may watch."""
        source = source.strip()
        if "://" not in source and not Path(source).is_absolute():
            raise UsageRefused(
                msg("found source {source!r}, expected an absolute path or an address", source=source[:80]),
                hint="such as /srv/exports, s3://bucket/exports or sftp://user@host/exports",
            )
        url = sources.normalize(source)
        if self._web.watch_roots or self._web.production:
            sources.check_allowed(url, self._web.watch_roots)
        return url


def _check_budget(budget: float | int) -> None:
    if not (0 < budget < 1 or (budget >= 1 and budget == int(budget))):
        raise UsageRefused(
            msg(
                "found an alert budget of {budget}, expected a share between 0 and 1 or a number of rows",
                budget=budget,
            )
        )
