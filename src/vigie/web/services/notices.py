"""Notices: who gets which, and the webhooks that receive them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vigie.app import User, notices, webhooks
from vigie.app.notice_tables import KINDS, TIMES
from vigie.app.webhooks import Attempt, Webhook
from vigie.db.database import Engine
from vigie.delivery.addresses import check_url
from vigie.errors import NotAllowed, UsageRefused
from vigie.i18n.messages import msg
from vigie.settings import WebSettings
from vigie.web.services.access import has_role, require
from vigie.web.services.audit import AuditLog

_MAX_WEBHOOKS = 20


class Notices:
    """Choices of users and teams, and webhooks."""

    def __init__(self, engine: Engine, audit: AuditLog, web: WebSettings) -> None:
        self._engine, self._audit, self._web = engine, audit, web

    def choices(self, user: User) -> dict[str, str]:
        """Return kind -> time of what a user chose; kinds that are left out follow the team, or the defaults."""
        return notices.choices(self._engine, notices.user_key(user.id))

    def set_choices(self, user: User, chosen: Mapping[str, str]) -> None:
        """Replace what the caller chose.

        Raises:
            UsageRefused: a kind or a time is unknown.
        """
        _check_choices(chosen)
        notices.set_choices(self._engine, notices.user_key(user.id), chosen)
        self._audit.record(user, "choose notices", f"user:{user.id}")

    def team_choices(self, user: User) -> dict[str, str]:
        """Return kind -> time of what the team of a user chose."""
        return notices.choices(self._engine, notices.team_key(user.team)) if user.team else {}

    def set_team_choices(self, user: User, chosen: Mapping[str, str]) -> None:
        """Replace what the caller's team chose; each member's own choice counts before it.

        Raises:
            UsageRefused: the caller has no team, or a kind or a time is unknown.
        """
        require(user, "analyst", "choose the notices of the team")
        if not user.team:
            raise UsageRefused("found no team, expected a user with one", hint="an administrator sets it")
        _check_choices(chosen)
        notices.set_choices(self._engine, notices.team_key(user.team), chosen)
        self._audit.record(user, "choose notices", f"team:{user.team}")

    def list_webhooks(self, user: User) -> list[Webhook]:
        """Return the caller's webhooks and those of their team."""
        return webhooks.list_for(self._engine, user)

    def add_webhook(self, user: User, url: str, kinds: Sequence[str], *, team: bool = False) -> Webhook:
        """Add a webhook with a new key.

        Args:
            user: the caller.
            url: address, encrypted and public unless a setting allows others.
            kinds: kinds of events.
            team: whether it receives those of the whole team.

        Raises:
            UsageRefused: the address cannot be called, or a kind is unknown.
        """
        require(user, "analyst", "add webhooks")
        url = check_url(url, private=self._web.private_webhooks)
        if not kinds or any(kind not in KINDS for kind in kinds):
            raise UsageRefused(
                msg(
                    "found kinds {value}, expected some of {kinds}",
                    value=", ".join(kinds)[:200] or "none",
                    kinds=", ".join(KINDS),
                )
            )
        if team and not user.team:
            raise UsageRefused("found no team, expected a user with one", hint="an administrator sets it")
        if len(self.list_webhooks(user)) >= _MAX_WEBHOOKS:
            raise UsageRefused("found 20 webhooks, expected fewer", hint="remove some")
        added = webhooks.add(self._engine, user, url, sorted(set(kinds)), team=user.team if team else "")
        self._audit.record(user, "add webhook", f"webhook:{added.id}")
        return added

    def attempts(self, user: User, webhook_id: str) -> list[Attempt]:
        """Return the last calls of a webhook, newest first."""
        return webhooks.list_attempts(self._engine, webhooks.find(self._engine, webhook_id, user).id)

    def remove_webhook(self, user: User, webhook_id: str) -> None:
        """Remove a webhook of the caller; administrators remove those of their team too.

        Raises:
            NotAllowed: it belongs to another user.
        """
        require(user, "analyst", "remove webhooks")
        found = webhooks.find(self._engine, webhook_id, user)
        if found.user_id != user.id and not has_role(user, "admin"):
            raise NotAllowed("remove this webhook: it belongs to another user", needed="admin")
        webhooks.remove(self._engine, found.id)
        self._audit.record(user, "remove webhook", f"webhook:{found.id}")


def _check_choices(chosen: Mapping[str, str]) -> None:
    for kind, time in chosen.items():
        if kind not in KINDS or time not in TIMES:
            raise UsageRefused(
                msg(
                    "found {kind}: {time}, expected one of {times}",
                    kind=kind[:40],
                    time=time[:40],
                    times=", ".join(TIMES),
                ),
                hint=msg("kinds: {kinds}", kinds=", ".join(KINDS)),
            )
