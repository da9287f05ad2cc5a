"""Score, refine, train, cancel; and what people say of rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vigie.app import Label, Run, Upload, User, feedback, runs, uploads
from vigie.app.tables import LABELS, UNKNOWN
from vigie.errors import NotFound, UnknownColumn, UnknownLanguage, UsageRefused, WrongState, recalled
from vigie.i18n.catalogue import languages
from vigie.i18n.messages import msg
from vigie.web.services.base import Base, require, require_own

_OPEN_RUNS = 20
_MODEL_NAME = 100
_LONGEST_SEARCH = 3600


class Runs(Base):
    """What people ask of their uploads."""

    def run(self, user: User, run_id: str) -> Run:
        """One run."""
        return runs.find(self.engine, run_id, user)

    def runs(self, user: User, *, upload_id: str | None = None, limit: int = 50) -> list[Run]:
        """The newest runs, newest first; looking at new uploads is not among them."""
        if upload_id is not None:
            uploads.find(self.engine, upload_id, user)
        return runs.list_for(self.engine, user, upload_id=upload_id, limit=min(max(1, limit), 200))

    def start_score(
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
        """Asks for the scores of a table."""
        upload = self._usable(user, upload_id, "score tables")
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
            "roles": dict(upload.mapping),
        }
        return self._start(user, upload, "score", options)

    def start_refine(self, user: User, run_id: str) -> Run:
        """Asks for scores that have learnt from the marks of a finished run's table."""
        before = self.finished(user, run_id)
        upload = self._usable(user, before.upload_id, "refine scores")
        said = [mark for mark in feedback.list_labels(self.engine, upload.id) if mark.verdict != UNKNOWN]
        if not said:
            raise WrongState(
                msg("run {run_id!r}", run_id=run_id),
                found="without a mark",
                expected="at least one row marked fraud or fine",
            )
        # The marks are those of this moment: a run that is done twice must not differ.
        kept = {str(mark.row): mark.verdict for mark in said}
        options = {**before.options, "marks": kept}
        return self._start(user, upload, "refine", options, parent_id=before.id)

    def start_train(
        self, user: User, upload_id: str, *, label: str, name: str, domain: str = "", seconds: float = 120
    ) -> Run:
        """Asks for a model, from a table with labels."""
        upload = self._usable(user, upload_id, "train models")
        if not name or len(name) > _MODEL_NAME:
            raise UsageRefused(
                msg("a model needs a name of 1 to {model_name} characters", model_name=_MODEL_NAME)
            )
        if not 1 <= seconds <= _LONGEST_SEARCH:
            raise UsageRefused(
                msg(
                    "found {seconds} seconds of search, expected 1 to {longest_search}",
                    seconds=seconds,
                    longest_search=_LONGEST_SEARCH,
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
        """Ends a run that is not over; one that is cancelled stays so."""
        run = self.run(user, run_id)
        upload = uploads.find(self.engine, run.upload_id, user)
        if run.user_id != user.id:
            require_own(user, upload, "cancel this run")
        require(user, "analyst", "cancel runs")
        runs.cancel(self.engine, run.id)
        self.note(user, "cancel", f"run:{run.id}")
        return self.run(user, run.id)

    def finished(self, user: User, run_id: str) -> Run:
        """A run that has left rows to look at; refuses any other."""
        run = self.run(user, run_id)
        if run.kind not in {"score", "refine"}:
            raise NotFound("result of run", run_id, hint="this run left no rows")
        if run.state != "done" or run.result is None:
            raise WrongState(
                msg("run {run_id!r}", run_id=run_id),
                found=run.state,
                expected="done",
                hint="its page shows how far it is",
            )
        return run

    def marks(self, user: User, run_id: str) -> list[Label]:
        """What was said of the rows of a run's upload, by row."""
        return feedback.list_labels(self.engine, self.run(user, run_id).upload_id)

    def set_mark(self, user: User, run_id: str, row: int, verdict: str | None) -> None:
        """Says something of one row; nothing removes what was said."""
        self.set_marks(user, run_id, {row: verdict})

    def set_marks(self, user: User, run_id: str, verdicts: Mapping[int, str | None]) -> None:
        """Says something of rows, all or none."""
        require(user, "analyst", "mark rows")
        run = self.finished(user, run_id)
        rows = run.rows or 0
        for row, verdict in verdicts.items():
            if not 0 <= row < rows:
                raise NotFound("row", str(row), hint=msg("the table has the rows 0 to {rows}", rows=rows - 1))
            if verdict is not None and verdict not in LABELS:
                raise UsageRefused(
                    msg(
                        "found verdict {verdict!r}, expected one of {verdicts}",
                        verdict=verdict,
                        verdicts=", ".join(LABELS),
                    )
                )
        if len(verdicts) > 10_000:
            raise UsageRefused(
                msg("found {verdicts:,} marks at once, expected at most 10,000", verdicts=len(verdicts))
            )
        feedback.set_labels(self.engine, run.upload_id, user.id, verdicts)
        self.note(user, "mark", f"upload:{run.upload_id}", rows=len(verdicts))

    def _usable(self, user: User, upload_id: str, what: str) -> Upload:
        require(user, "analyst", what)
        upload = uploads.find(self.engine, upload_id, user)
        if upload.state not in {"received", "ready"}:
            hint = (
                recalled(upload.error)[0]
                if upload.state == "refused" and upload.error
                else "complete it first"
            )
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
    ) -> Run:
        mine = [one for one in self.runs(user, limit=200) if one.user_id == user.id]
        if sum(one.state in runs.UNFINISHED for one in mine) >= _OPEN_RUNS:
            raise WrongState(
                "your runs",
                found=msg("{open_runs} not over yet", open_runs=_OPEN_RUNS),
                expected="fewer",
                hint="wait, or cancel some",
            )
        started = runs.enqueue(self.engine, upload.id, user.id, kind, options, parent_id=parent_id)
        self.note(user, f"start {kind}", f"run:{started}", upload=upload.id)
        return self.run(user, started)
