"""Alert rules: made from a row, tried on earlier files, switched on and off."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

from vigie.alerts import decision
from vigie.alerts.decision import Alerts
from vigie.alerts.effects import RuleEffects, columns_of, layout_of
from vigie.app import Run, User, rules, runs, uploads
from vigie.app.rules import StoredRule
from vigie.app.tables import FRAUD, LEGITIMATE, RULE_STATES
from vigie.db.database import Engine
from vigie.errors import UnknownColumn, UsageRefused
from vigie.i18n.messages import msg
from vigie.roles.inference import Roles
from vigie.rules import Condition, Rule
from vigie.rules.rule import write_rules
from vigie.web.services.access import require
from vigie.web.services.audit import AuditLog
from vigie.web.services.predictions import Predictions
from vigie.web.services.results import Results

_MAX_TRIED = 12
"""Files on which a rule is tried."""
_MAX_LISTED_FILES = 8
"""Newest files whose alerts the list of rules shows."""
_MAX_FOLLOWED = 500
"""Newest files whose cases follow a change of a rule, or of a label that a rule reads."""
_MAX_COMMENT = 2000


@dataclass(frozen=True)
class Trial:
    """What a rule would do to the alerts of one file.

    Attributes:
        run: the newest prediction of the file.
        name: of the file.
        matched: rows that the rule matches.
        changed: rows that would be alerts no more, or would become alerts.
        frauds: these labelled fraud.
        legitimate: these labelled legitimate.
    """

    run: Run
    name: str
    matched: int
    changed: int
    frauds: int
    legitimate: int


@dataclass(frozen=True)
class Effect:
    """What a rule does to the alerts of one run, or would do where it is in shadow."""

    rule: StoredRule
    run: Run
    matched: int
    changed: int


@dataclass(frozen=True)
class Draft:
    """A row to make a rule from.

    Attributes:
        run: a finished run.
        row: from 0.
        columns: column -> role, in order.
        cells: column -> cell of the row.
        column: of the first condition that is proposed.
        amount: column of amounts; None without one.
        time: column of the time; None without one.
        counterpart: column of the counterparty; None without one.
    """

    run: Run
    row: int
    columns: Mapping[str, str]
    cells: Mapping[str, str | None]
    column: str
    amount: str | None
    time: str | None
    counterpart: str | None


class Rules:
    """The rules of users and teams.

    Args:
        engine: the database.
        audit: the audit log.
        predictions: finds runs.
        results: reads rows.
        effects: applies rules.
        changed: called with each of the newest runs whose alerts a change of a rule may have changed.
    """

    def __init__(
        self,
        engine: Engine,
        audit: AuditLog,
        predictions: Predictions,
        results: Results,
        effects: RuleEffects,
        changed: Callable[[Run], None],
    ) -> None:
        self._engine, self._audit = engine, audit
        self._predictions, self._results = predictions, results
        self._effects, self._changed = effects, changed

    def list_for(self, user: User) -> list[StoredRule]:
        """Return the rules that a user may see, newest first."""
        self._audit.record_view(user, "see rules", "rules:all")
        return rules.list_for(self._engine, user)

    def export(self, user: User) -> str:
        """Return the rules of a user that are on as a file, for `vigie predict --rules`."""
        found = [one.rule for one in rules.list_for(self._engine, user) if one.state == rules.ON]
        self._audit.record(user, "export rules", "rules:all", rules=len(found))
        return write_rules(sorted(found, key=lambda rule: rule.id))

    def draft(self, user: User, run_id: str, row: int) -> Draft:
        """Return what a rule may be made from: the cells of a row, from 0, and the columns it is likely about.

        Raises:
            NotFound: there is no such row.
        """
        run = self._predictions.find_finished(user, run_id)
        columns, roles = columns_of(run), Roles.from_json((run.summary or {})["roles"])
        cells = self._results.ranked(run).row_cells(row)
        likely = (roles.counterpart(), roles.actor(), roles.first("category"), *columns)
        column = next((name for name in likely if name and cells.get(name)), next(iter(columns)))
        amount, moment = roles.first("amount"), roles.first("time")
        return Draft(run, row, columns, cells, column, amount, moment, roles.counterpart())

    def build(
        self,
        user: User,
        run_id: str,
        action: str,
        conditions: Sequence[Mapping[str, Any]],
        expires_on: date | None = None,
    ) -> Rule:
        """Return a rule that is not stored yet.

        Args:
            user: the caller.
            run_id: a finished run, whose columns the conditions are about.
            action: `hide` or `alert`.
            conditions: `column`, `operation` and `value` of each.
            expires_on: last day on which it applies to new files; None for no end.

        Raises:
            UnknownColumn: the table has no such column.
            UsageRefused: the rule is malformed, or its end has passed.
        """
        run = self._predictions.find_finished(user, run_id)
        columns = columns_of(run)
        for one in conditions:
            if one["column"] not in columns:
                raise UnknownColumn(one["column"], columns)
        if expires_on is not None and expires_on < datetime.now(UTC).date():
            raise UsageRefused("found a last day that has passed, expected today or a later day")
        made = tuple(
            Condition(one["column"], columns[one["column"]], one["operation"], one.get("value"))
            for one in conditions
        )
        return Rule(0, action, made, layout_of(run), expires_on)

    def try_out(self, user: User, run_id: str, rule: Rule) -> list[Trial]:
        """Return what a rule would do to the newest files with these columns, that of the run first.

        Args:
            user: the caller.
            run_id: the run from which the rule is made.
            rule: as `build` returns it.
        """
        run = self._predictions.find_finished(user, run_id)
        owner = uploads.find(self._engine, run.upload_id, user).owner_id
        others = runs.list_finished(self._engine, owner, limit=_MAX_TRIED)
        fitting = [
            one for one in others if one.upload_id != run.upload_id and rule.layout.fits(layout_of(one))
        ]
        return [self._try_on(user, one, rule) for one in (run, *fitting)]

    def add(
        self, user: User, run_id: str, rule: Rule, *, state: str = rules.ON, comment: str = ""
    ) -> StoredRule:
        """Store a rule; it applies to the file from which it was made and to those scored later.

        Raises:
            NotAllowed: the caller is no analyst.
        """
        require(user, "analyst", "make rules")
        _check_state(state)
        run = self._predictions.find_finished(user, run_id)
        upload = uploads.find(self._engine, run.upload_id, user)
        stored = rules.add(
            self._engine,
            rule,
            owner_id=upload.owner_id,
            author_id=user.id,
            run_id=run.id,
            comment=comment.strip()[:_MAX_COMMENT] or None,
            state=state,
            applies_from=upload.created_at,
        )
        self._audit.record(user, "add rule", f"rule:{stored.id}", run=run.id, does=rule.action, state=state)
        if state == rules.ON:
            self._changed_by(stored)
        return stored

    def change(
        self, user: User, number: int, *, state: str | None = None, **values: date | None
    ) -> StoredRule:
        """Switch a rule on or off, or into shadow, or set its last day; conditions never change.

        Args:
            user: the caller.
            number: of the rule.
            state: `on`, `shadow` or `off`; None to leave it.
            **values: `expires_on`, None for no end.

        Raises:
            NotFound: there is no such rule that the user may see.
        """
        require(user, "analyst", "change rules")
        stored = rules.find(self._engine, number, user)
        if state is not None:
            _check_state(state)
        rules.change(self._engine, stored.id, user.id, state=state, **values)
        detail = {name: str(value) for name, value in values.items()} | ({"state": state} if state else {})
        self._audit.record(user, "change rule", f"rule:{stored.id}", **detail)
        changed = rules.find(self._engine, stored.id, user)
        if rules.ON in {stored.state, changed.state}:
            self._changed_by(stored)
        return changed

    def effects(self, user: User, run_id: str, budget: int | None = None) -> tuple[Alerts, list[Effect]]:
        """Return the alerts of a run, and what each rule does to them or, in shadow, would do."""
        run = self._predictions.find_finished(user, run_id)
        return self._effects.alerts(run, budget), self._effects_on(run, budget)

    def newest_effects(self, user: User) -> dict[int, Effect]:
        """Return what rules do to the newest file that each applies to: number of the rule -> effect."""
        found: dict[int, Effect] = {}
        seen: set[str] = set()
        for run in self._predictions.list_for(user):
            if run.upload_id in seen or run.kind == "train" or run.state != "done" or run.result is None:
                continue
            seen.add(run.upload_id)
            for effect in self._effects_on(run, None):
                found.setdefault(effect.rule.id, effect)
            if len(seen) == _MAX_LISTED_FILES:
                break
        return found

    def _changed_by(self, stored: StoredRule) -> None:
        """Have the cases of the runs follow to which a rule applies, or applied before its change."""
        found = runs.list_finished(self._engine, stored.owner_id, limit=_MAX_FOLLOWED)
        self._follow(one for one in found if stored.covers(one) and stored.rule.layout.fits(layout_of(one)))

    def labels_changed(self, upload_id: str) -> None:
        """Have the cases of the runs follow whose rules read the labels of frauds in an upload."""
        on = [one for one in rules.list_of_upload(self._engine, upload_id) if one.state == rules.ON]
        reading = [
            one for one in on if any(condition.operation == "confirmed" for condition in one.rule.conditions)
        ]
        if not reading:
            return
        owner = reading[0].owner_id
        found = runs.list_finished(self._engine, owner, limit=_MAX_FOLLOWED)
        self._follow(
            one
            for one in found
            if any(rule.covers(one) and rule.rule.layout.fits(layout_of(one)) for rule in reading)
        )

    def _follow(self, changed: Iterable[Run]) -> None:
        """Make the cases of the newest runs again now; the worker makes those of the others."""
        found = list(changed)
        runs.queue_cases(self._engine, [run.id for run in found])
        for run in found[:_MAX_TRIED]:
            self._changed(run)

    def _effects_on(self, run: Run, budget: int | None) -> list[Effect]:
        stored = self._effects.rules_of(run)
        if not stored:
            return []
        matched = self._effects.matched(run, [one.rule for one in stored])
        number, found = (run.budget or 0) if budget is None else budget, []
        for one in stored:
            own = matched.filter(rule=one.id)
            alone = decision.decide(number, own, {one.id: one.rule})
            found.append(Effect(one, run, own.height, len(alone.hidden) + len(alone.added)))
        return found

    def _try_on(self, user: User, run: Run, rule: Rule) -> Trial:
        budget = run.budget or 0
        on = [one.rule for one in self._effects.rules_of(run) if one.state == rules.ON]
        tried = replace(rule, id=0)
        before = self._effects.with_rules(run, budget, on)
        after = self._effects.with_rules(run, budget, [*on, tried])
        changed = (before.hidden.keys() ^ after.hidden.keys()) | (before.added.keys() ^ after.added.keys())
        labels = self._effects.labels(run)
        verdicts = [labels[row].verdict for row in changed if row in labels]
        return Trial(
            run,
            uploads.find(self._engine, run.upload_id, user).name,
            self._effects.matched(run, [*on, tried]).filter(rule=tried.id).height,
            len(changed),
            verdicts.count(FRAUD),
            verdicts.count(LEGITIMATE),
        )


def _check_state(state: str) -> None:
    if state not in RULE_STATES:
        raise UsageRefused(
            msg(
                "found the state {state!r} of a rule, expected one of {states}",
                state=state,
                states=", ".join(RULE_STATES),
            )
        )
