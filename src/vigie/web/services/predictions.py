"""Scoring, refining and training on uploads; labels of rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from vigie.app import Label, Run, Upload, User, feedback, runs, uploads
from vigie.app.tables import FRAUD, LABELS, UNKNOWN
from vigie.db.database import Engine
from vigie.errors import NotFound, UnknownColumn, UnknownLanguage, UsageRefused, WrongState, from_record
from vigie.i18n.catalogue import languages
from vigie.i18n.messages import msg
from vigie.web.services.access import require, require_owner
from vigie.web.services.audit import AuditLog

_MAX_UNFINISHED = 20
_MAX_LISTED = 200
_MAX_MODEL_NAME = 100
_MAX_TUNING_SECONDS = 3600
_MAX_LABELS = 10_000


class Predictions:
    """Runs that users start on uploads.

    Attributes:
        budget_changed: called with a run whose alert budget has changed.
        labels_changed: called with the id of an upload where a label of a fraud was set, replaced or deleted.
    """

    def __init__(self, engine: Engine, audit: AuditLog) -> None:
        self._engine, self._audit = engine, audit
        self.budget_changed: Callable[[Run], None] = lambda _: None
        self.labels_changed: Callable[[str], None] = lambda _: None

    def find(self, user: User, run_id: str) -> Run:
        """Return a run.

        Raises:
            NotFound: there is no such run that the user may see.
        """
        return runs.find(self._engine, run_id, user)

    def find_finished(self, user: User, run_id: str) -> Run:
        """Return a finished scoring or refinement.

        Raises:
            NotFound: there is no such run, or it is of another kind.
            WrongState: the run is not done.
        """
        run = self.find(user, run_id)
        if run.kind not in {"score", "refine"}:
            raise NotFound("result of run", run_id, hint="this run has no rows")
        if run.state != "done" or run.result is None:
            raise WrongState(
                msg("run {run_id!r}", run_id=run_id),
                found=run.state,
                expected="done",
                hint="its page shows the progress",
            )
        return run

    def list_for(self, user: User, *, upload_id: str | None = None, limit: int = 50) -> list[Run]:
        """Return at most `limit` runs, newest first, without inspections; with `upload_id`, of one upload."""
        if upload_id is not None:
            uploads.find(self._engine, upload_id, user)
        return runs.list_for(self._engine, user, upload_id=upload_id, limit=min(max(1, limit), _MAX_LISTED))

    def score(
        self,
        user: User,
        upload_id: str,
        *,
        budget: float | int | None = None,
        fraud_rate: float | None = None,
        top: int = 3,
        minimum: float = 0.5,
        language: str = "en",
        seed: int = 0,
    ) -> Run:
        """Start the scoring of an upload.

        Args:
            user: the caller.
            upload_id: a complete upload.
            budget: rows to alert: a share in (0, 1) or a number; None to let the calibration decide.
            fraud_rate: known share of fraud in (0, 1); None to estimate it.
            top: number of models that vote, 1 to 40.
            minimum: least similarity of a model, in [0, 1].
            language: language of the reasons.
            seed: seed of the scores.
        """
        upload = self._find_usable(user, upload_id, "score tables")
        if budget is not None and not (0 < budget < 1 or (budget >= 1 and budget == int(budget))):
            raise UsageRefused(
                msg(
                    "found an alert budget of {budget}, expected a share between 0 and 1 or a number of rows",
                    budget=budget,
                )
            )
        if fraud_rate is not None and not 0 < fraud_rate < 1:
            raise UsageRefused(
                msg(
                    "found a fraud rate of {fraud_rate}, expected a share between 0 and 1",
                    fraud_rate=fraud_rate,
                )
            )
        if not 1 <= top <= 40 or not 0 <= minimum <= 1 or not 0 <= seed < 2**31:
            raise UsageRefused("expected top from 1 to 40, minimum from 0 to 1, seed from 0")
        if language not in languages():
            raise UnknownLanguage(language, languages())
        options = {
            "budget": int(budget) if budget is not None and budget >= 1 else budget,
            "fraud_rate": fraud_rate,
            "top": top,
            "minimum": minimum,
            "language": language,
            "seed": seed,
            # Before the inspection it is not known whether roles of these columns are remembered: the job looks.
            "roles": dict(upload.mapping) or (None if upload.state == "received" else {}),
        }
        return self._start(user, upload, "score", options)

    def refine(self, user: User, run_id: str, earlier: Mapping[str, Any] | None = None) -> Run:
        """Start a refinement of a finished run by the labels of its upload.

        Args:
            user: the caller.
            run_id: a finished run.
            earlier: labels of an earlier file, of `LabelSource.to_json`. Without them, and without a label of its own, a
                run that was refined with them is scored anew.

        Raises:
            WrongState: no row is labelled fraud or legitimate.
        """
        before = self.find_finished(user, run_id)
        upload = self._find_usable(user, before.upload_id, "refine scores")
        labels = {str(one.row): one.verdict for one in self._labels(upload.id) if one.verdict != UNKNOWN}
        kept = {name: value for name, value in before.options.items() if name not in {"marks", "earlier"}}
        if not labels and earlier is None and "earlier" in before.options:
            return self._start(user, upload, "score", kept)
        if not labels and earlier is None:
            raise WrongState(
                msg("run {run_id!r}", run_id=run_id),
                found="no label",
                expected="at least one row labelled fraud or legitimate",
            )
        # The labels of this moment, so that a second attempt of the job gives the same result.
        options = kept | {"marks": labels} | ({} if earlier is None else {"earlier": dict(earlier)})
        return self._start(
            user, upload, "refine", options, parent_id=before.id, alert_budget=before.alert_budget
        )

    def train(
        self, user: User, upload_id: str, *, label: str, name: str, domain: str = "", seconds: float = 120
    ) -> Run:
        """Start the training of a model on an upload with labels.

        Args:
            user: the caller.
            upload_id: a complete upload.
            label: column with the labels.
            name: name of the model, 1 to 100 characters.
            domain: domain of the table; empty to detect it.
            seconds: time for hyperparameter tuning, 1 to 3,600.
        """
        upload = self._find_usable(user, upload_id, "train models")
        if not name or len(name) > _MAX_MODEL_NAME:
            raise UsageRefused(
                msg("a model needs a name of 1 to {model_name} characters", model_name=_MAX_MODEL_NAME)
            )
        if not 1 <= seconds <= _MAX_TUNING_SECONDS:
            raise UsageRefused(
                msg(
                    "found {seconds} seconds for tuning, expected 1 to {longest_search}",
                    seconds=seconds,
                    longest_search=_MAX_TUNING_SECONDS,
                )
            )
        columns = (upload.inspection or {}).get("columns", [label])
        if label not in columns:
            raise UnknownColumn(label, columns)
        options = {
            "label": label,
            "name": name,
            "domain": domain,
            "seconds": seconds,
            "roles": dict(upload.mapping),
        }
        return self._start(user, upload, "train", options)

    def cancel(self, user: User, run_id: str) -> Run:
        """Cancel an unfinished run; a second call changes nothing.

        Raises:
            NotAllowed: the run belongs to another user and the caller does not own the upload.
            WrongState: the run is done or failed.
        """
        run = self.find(user, run_id)
        upload = uploads.find(self._engine, run.upload_id, user)
        if run.user_id != user.id:
            require_owner(user, upload, "cancel this run")
        require(user, "analyst", "cancel runs")
        runs.cancel(self._engine, run.id)
        self._audit.record(user, "cancel", f"run:{run.id}")
        return self.find(user, run.id)

    def set_budget(self, user: User, run_id: str, budget: int) -> Run:
        """Set the number of rows to review of a finished run; rows, exports and report show as many alerts.

        Raises:
            UsageRefused: the table has fewer rows.
        """
        require(user, "analyst", "set the alert budget")
        run = self.find_finished(user, run_id)
        n_rows = int((run.summary or {})["rows"])
        if not 0 <= budget <= n_rows:
            raise UsageRefused(
                msg(
                    "found an alert budget of {budget} rows, expected 0 to {rows}", budget=budget, rows=n_rows
                )
            )
        if budget != run.alert_budget:
            runs.set_budget(self._engine, run.id, budget)
            self._audit.record(user, "set budget", f"run:{run.id}", alerts=budget)
            self.budget_changed(self.find(user, run.id))
        return self.find(user, run.id)

    def labels(self, user: User, run_id: str) -> list[Label]:
        """Return the labels of the upload of a run, by row."""
        return self._labels(self.find(user, run_id).upload_id)

    def set_labels(
        self,
        user: User,
        run_id: str,
        labels: Mapping[int, str | None],
        comments: Mapping[int, str | None] | None = None,
    ) -> None:
        """Label rows of the upload of a finished run, all or none.

        Args:
            user: the caller.
            run_id: a finished run.
            labels: row -> label; None deletes the label and its comment.
            comments: row -> comment of a row that has a label or gets one; None deletes it.

        Raises:
            NotFound: a row is not in the table.
            UsageRefused: a label is unknown, a row with a comment has no label, or there are more than 10,000.
        """
        require(user, "analyst", "label rows")
        run = self.find_finished(user, run_id)
        n_rows = run.rows or 0
        for row, label in labels.items():
            if not 0 <= row < n_rows:
                hint = msg("the table has the rows 1 to {rows}", rows=n_rows)
                raise NotFound("row", str(row + 1), hint=hint)
            if label is not None and label not in LABELS:
                raise UsageRefused(
                    msg(
                        "found label {verdict!r}, expected one of {verdicts}",
                        verdict=label,
                        verdicts=", ".join(LABELS),
                    )
                )
        if len(labels) > _MAX_LABELS:
            raise UsageRefused(
                msg("found {verdicts:,} labels, expected at most 10,000", verdicts=len(labels))
            )
        comments = {row: (text or "").strip() or None for row, text in (comments or {}).items()}
        labels = self._with_commented(run, labels, comments)
        before = {one.row for one in self._labels(run.upload_id) if one.verdict == FRAUD}
        feedback.set_labels(self._engine, run.upload_id, user.id, labels, comments)
        detail: dict[str, Any] = {"rows": len(labels)}
        if len(labels) == 1:
            (row, verdict) = next(iter(labels.items()))
            detail |= {"row": row + 1, "verdict": verdict}
        self._audit.record(user, "mark", f"upload:{run.upload_id}", **detail)
        if any(label == FRAUD or row in before for row, label in labels.items()):
            self.labels_changed(run.upload_id)

    def _with_commented(
        self, run: Run, labels: Mapping[int, str | None], comments: Mapping[int, str | None]
    ) -> dict[int, str | None]:
        """Return the labels with those that the other commented rows have."""
        missing = [row for row in comments if row not in labels]
        known = {one.row: one.verdict for one in self._labels(run.upload_id)} if missing else {}
        if any(labels.get(row, known.get(row)) is None for row in comments):
            raise UsageRefused("found a comment on a row without a label, expected a label first")
        return {**labels, **{row: known[row] for row in missing}}

    def _labels(self, upload_id: str) -> list[Label]:
        return feedback.list_labels(self._engine, upload_id)

    def _find_usable(self, user: User, upload_id: str, what: str) -> Upload:
        require(user, "analyst", what)
        upload = uploads.find(self._engine, upload_id, user)
        if upload.state not in {"received", "ready"}:
            refused = upload.error if upload.state == "refused" else None
            hint = from_record(refused)[0] if refused else "complete the upload first"
            raise WrongState(
                msg("upload {id!r}", id=upload.id), found=upload.state, expected="ready", hint=hint
            )
        return upload

    def _start(
        self,
        user: User,
        upload: Upload,
        kind: str,
        options: Mapping[str, Any],
        *,
        parent_id: str | None = None,
        alert_budget: int | None = None,
    ) -> Run:
        recent = self.list_for(user, limit=_MAX_LISTED)
        unfinished = [run for run in recent if run.user_id == user.id and run.state in runs.UNFINISHED]
        if len(unfinished) >= _MAX_UNFINISHED:
            raise WrongState(
                "your runs",
                found=msg("{open_runs} unfinished", open_runs=_MAX_UNFINISHED),
                expected="fewer",
                hint="wait, or cancel some",
            )
        run_id = runs.enqueue(
            self._engine, upload.id, user.id, kind, options, parent_id=parent_id, alert_budget=alert_budget
        )
        detail: dict[str, Any] = {"upload": upload.id}
        if "earlier" in options:
            source = options["earlier"]
            detail |= {"earlier": f"upload:{source['upload']}", "rows": len(source["marks"])}
        self._audit.record(user, f"start {kind}", f"run:{run_id}", **detail)
        return self.find(user, run_id)
