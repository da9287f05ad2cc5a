"""Cases and the queue of a team."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from vigie.alerts.effects import RuleEffects
from vigie.app import Case, Run, User
from vigie.app.cases import CaseAlert, CaseEvent, changes, queries
from vigie.app.cases.changes import Change
from vigie.app.cases.queries import CasePage, CaseQuery, Gathering
from vigie.app.cases.tables import STATUSES
from vigie.cases import entities
from vigie.cases.making import make_cases
from vigie.db.database import Engine
from vigie.errors import NotFound, UsageRefused, VigieError
from vigie.i18n.messages import msg
from vigie.stores.base import Store
from vigie.web.services.access import has_role, require
from vigie.web.services.audit import AuditLog
from vigie.web.services.case_files import CaseFiles
from vigie.web.services.results import Results

VIEWS = ("all", "mine", "unassigned")
MAX_NOTE = 5000
_MAX_SPLIT = 10_000
_GATHERING = 6
_LEAST_GATHERED = 3
_OFFERED = 100
_OTHERS = 20
_PRESENT = timedelta(minutes=10)
"""How long after opening a case a user counts as looking at it."""


@dataclass(frozen=True)
class NamedCase:
    """A case with the name of its entity; None where no file has it any more."""

    case: Case
    name: str | None

    def viewer_at(self, now: datetime, user: User) -> str | None:
        """Return which other user has the case open now; None where there is none."""
        at = self.case.viewed_at
        if at is None or now - at > _PRESENT or self.case.viewer_id == user.id:
            return None
        return self.case.viewer_name


class Cases:
    """Operations on the cases that a user may see.

    Attributes:
        labels_changed: called with the id of an upload whose rows a decision has labelled.
    """

    def __init__(
        self,
        engine: Engine,
        audit: AuditLog,
        store: Store,
        results: Results,
        effects: RuleEffects,
        files: CaseFiles,
    ) -> None:
        self._engine, self._audit, self._store = engine, audit, store
        self._results, self._effects, self._files = results, effects, files
        self.labels_changed: Callable[[str], None] = lambda _: None

    @cached_property
    def _key(self) -> bytes:
        return entities.load_key(self._store)

    def sync(self, run: Run) -> None:
        """Make the cases of a finished run follow its budget and the rules."""
        with suppress(NotFound):  # deleted in the meantime
            make_cases(
                self._engine,
                run.id,
                self._effects.alerts,
                lambda one: nullcontext(self._results.ranked_path(one)),
                self._key,
            )

    def list_cases(self, user: User, query: CaseQuery, search: str = "") -> tuple[list[NamedCase], int]:
        """Return one page of the queue, and the number of all selected cases.

        Args:
            user: the caller.
            query: selection; its entities are those that `search` names.
            search: the whole name of an entity, in any case; empty for all.

        Raises:
            UsageRefused: the query has an unknown view or status.
        """
        page = self._list(user, query, search)
        names = self._files.names(user, page.cases)
        return [NamedCase(case, names.get(case.id)) for case in page.cases], page.total

    def next_after(self, user: User, case: Case, query: CaseQuery) -> str | None:
        """Return the id of the undecided case after a case in a queue; None where nothing is left."""
        return queries.next_after(self._engine, user, case, query)

    def count_by_view(self, user: User) -> dict[str, int]:
        """Return the number of undecided cases of each view, and of the cases of each status."""
        return queries.count_by_view(self._engine, user)

    def count_of_upload(self, user: User, upload_id: str) -> dict[str, int]:
        """Return status -> number of the cases that have alerts of an upload."""
        return queries.count_of_upload(self._engine, upload_id, user)

    def gathering(self, user: User) -> Gathering | None:
        """Return how many alerts a few entities have; None where none has several."""
        return queries.gathering(self._engine, user, most=_GATHERING, least_alerts=_LEAST_GATHERED)

    def currencies(self, user: User) -> list[str]:
        """Return the currencies of the amounts in undecided cases; empty for an unknown one."""
        return queries.list_currencies(self._engine, user)

    def find(self, user: User, case_id: str) -> NamedCase:
        """Return a case.

        Raises:
            NotFound: there is no such case that the user may see.
        """
        case = queries.find(self._engine, case_id, user)
        return NamedCase(case, self._files.names(user, [case]).get(case.id))

    def open(self, user: User, case_id: str) -> NamedCase:
        """Return a case and remember that an analyst has it open."""
        found = self.find(user, case_id)
        self._audit.record_view(user, "see case", f"case:{case_id}")
        if has_role(user, "analyst"):
            changes.view(self._engine, case_id, user.id)
        return found

    def alerts(self, user: User, case_id: str) -> list[CaseAlert]:
        """Return the alerts of a case, in time."""
        return queries.list_alerts(self._engine, queries.find(self._engine, case_id, user).id, user)

    def events(self, user: User, case_id: str) -> list[CaseEvent]:
        """Return history and notes of a case, newest first."""
        return queries.list_events(self._engine, queries.find(self._engine, case_id, user).id)

    def others(self, user: User, case: Case, alerts: Sequence[CaseAlert]) -> list[NamedCase]:
        """Return the other cases of the entities of a case, also where they take another part, such as a receiver who sends.

        Args:
            user: the caller.
            case: a case.
            alerts: its alerts.
        """
        values = {value for values in self._files.entity_values(user, alerts).values() for value in values}
        kinds = queries.list_kinds(self._engine, user)
        digests = {entities.digest(self._key, kind, value) for kind in kinds for value in values}
        digests |= {case.entity} | {alert.entity for alert in alerts}
        query = CaseQuery(statuses=STATUSES, entities=tuple(sorted(digests)), size=_OTHERS)
        found, _ = self.list_cases(user, query)
        return [one for one in found if one.case.id != case.id]

    def colleagues(self, user: User, case: Case) -> list[tuple[int, str]]:
        """Return id and name of the users to whom a case can be assigned."""
        del user
        return queries.list_colleagues(self._engine, case)

    def change(self, user: User, case_id: str, version: int, change: Change) -> Case:
        """Change status, assignee or due date of a case, and add a note.

        Raises:
            NotFound: there is no such case that the user may see.
            ChangedMeanwhile: the case has another version.
            UsageRefused: the status is unknown, the note too long, or the assignee may not see the case.
        """
        require(user, "analyst", "change cases")
        case = queries.find(self._engine, case_id, user)
        if change.status is not None and change.status not in STATUSES:
            raise _unknown_status(change.status)
        if change.assignee and change.assignee not in dict(self.colleagues(user, case)):
            raise UsageRefused("this user cannot see the case, so it cannot be assigned to them")
        change = replace(change, note=_checked_note(change.note))
        labels = changes.update(self._engine, case_id, version, user, change)
        detail: dict[str, Any] = {"status": change.status, "labels": labels} if change.status else {}
        if change.assignee is not None:
            detail["assignee"] = change.assignee
        if change.due is not None or change.clear_due:
            detail["due"] = change.due.isoformat() if change.due else ""
        self._audit.record(user, "change case", f"case:{case_id}", **detail)
        if labels:
            # Rules are those of a team, and so is a case: one of its uploads finds them.
            self.labels_changed(queries.list_alerts(self._engine, case_id, user)[0].upload_id)
        return queries.find(self._engine, case_id, user)

    def add_note(self, user: User, case_id: str, text: str) -> list[CaseEvent]:
        """Add a note to a case and return its history.

        Raises:
            NotFound: there is no such case that the user may see.
            UsageRefused: the note is empty or too long.
        """
        require(user, "analyst", "add notes")
        queries.find(self._engine, case_id, user)
        text = _checked_note(text)
        if not text:
            raise UsageRefused("found an empty note, expected some text")
        case_id = changes.note(self._engine, case_id, user.id, text)
        self._audit.record(user, "add note", f"case:{case_id}")
        return self.events(user, case_id)

    def merge(self, user: User, case_id: str, version: int, other_id: str, other_version: int) -> Case:
        """Merge another case into a case.

        Raises:
            NotFound: there is no such case that the user may see.
            ChangedMeanwhile: one of them has another version.
            UsageRefused: both are the same, or one is decided.
        """
        require(user, "analyst", "merge cases")
        for one in (case_id, other_id):
            queries.find(self._engine, one, user)
        changes.merge(self._engine, case_id, version, other_id, other_version, user.id)
        self._audit.record(user, "merge cases", f"case:{case_id}", other=other_id)
        return queries.find(self._engine, case_id, user)

    def split(self, user: User, case_id: str, version: int, alerts: Sequence[tuple[str, int]]) -> Case:
        """Move alerts of a case into a new one and return it.

        Args:
            user: the caller.
            case_id: an undecided case.
            version: that the user has seen.
            alerts: upload and row, from 0, of each alert.

        Raises:
            NotFound: there is no such case that the user may see, or it has no such alert.
            ChangedMeanwhile: the case has another version.
            UsageRefused: no alert is chosen, or all are, or the case is decided.
        """
        require(user, "analyst", "split cases")
        queries.find(self._engine, case_id, user)
        if len(alerts) > _MAX_SPLIT:
            raise UsageRefused(msg("found {n:,} alerts, expected at most 10,000", n=len(alerts)))
        new = changes.split(self._engine, case_id, version, alerts, user.id)
        self._audit.record(user, "split case", f"case:{case_id}", new=new, alerts=len(alerts))
        return queries.find(self._engine, new, user)

    def mergeable(self, user: User, case: Case) -> list[NamedCase]:
        """Return undecided cases of the same team that a case can be merged with, the largest expected loss first."""
        found, _ = self.list_cases(user, CaseQuery(size=_OFFERED))
        return [one for one in found if one.case.id != case.id and one.case.scope == case.scope]

    def _list(self, user: User, query: CaseQuery, search: str) -> CasePage:
        if query.view not in VIEWS:
            raise UsageRefused(
                msg("found view {view!r}, expected one of {known}", view=query.view, known=", ".join(VIEWS))
            )
        for status in query.statuses:
            if status not in STATUSES:
                raise _unknown_status(status)
        if search.strip():
            value = entities.normalise(search)
            kinds = queries.list_kinds(self._engine, user)
            query = replace(query, entities=tuple(entities.digest(self._key, kind, value) for kind in kinds))
        return queries.list_cases(self._engine, user, query)


def _checked_note(text: str) -> str:
    text = text.strip()
    if len(text) > MAX_NOTE:
        raise UsageRefused(msg("found a note of {n:,} characters, expected at most 5,000", n=len(text)))
    return text


def _unknown_status(status: str) -> VigieError:
    known = ", ".join(STATUSES)
    return UsageRefused(msg("found status {status!r}, expected one of {known}", status=status, known=known))
