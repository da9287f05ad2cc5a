"""Labels of earlier files with the same columns, from which the refinement of a later file can start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vigie.alerts.effects import columns_of
from vigie.app import Run, Upload, User, feedback, uploads
from vigie.app.tables import FRAUD, UNKNOWN
from vigie.db.database import Engine
from vigie.errors import NotFound
from vigie.web.services.comparisons import Comparisons
from vigie.web.services.predictions import Predictions


@dataclass(frozen=True)
class LabelSource:
    """An earlier file and the labels of its rows.

    Attributes:
        run: its newest prediction.
        upload: the file; None where it was deleted since.
        labels: row from 0 -> label, without rows that are labelled unknown.
    """

    run: str
    upload: Upload | None
    labels: Mapping[int, str]

    @property
    def frauds(self) -> int:
        """Number of rows labelled fraud."""
        return sum(label == FRAUD for label in self.labels.values())

    def to_json(self) -> dict[str, Any]:
        """Return what the job needs, as plain JSON: the labels of this moment, so that a second attempt has the same."""
        upload = "" if self.upload is None else self.upload.id
        return {"run": self.run, "upload": upload, "marks": {str(k): v for k, v in self.labels.items()}}


class LabelSources:
    """Finds earlier files with labels, and refines by them."""

    def __init__(self, engine: Engine, predictions: Predictions, comparisons: Comparisons) -> None:
        self._engine, self._predictions, self._comparisons = engine, predictions, comparisons

    def offered(self, user: User, run_id: str) -> list[LabelSource]:
        """Return the earlier files with the same columns as that of a run that have labels, the newest first."""
        names = set(columns_of(self._predictions.find_finished(user, run_id)))
        same = [
            one for one in self._comparisons.earlier_files(user, run_id) if set(columns_of(one.run)) == names
        ]
        found = [LabelSource(one.run.id, one.upload, self._labels(one.upload.id)) for one in same]
        return [one for one in found if one.labels]

    def used(self, user: User, run: Run) -> LabelSource | None:
        """Return the source that a run was refined with; None without one."""
        stored = run.options.get("earlier")
        if stored is None:
            return None
        try:
            upload = uploads.find(self._engine, stored["upload"], user)
        except NotFound:
            upload = None
        return LabelSource(stored["run"], upload, {int(row): one for row, one in stored["marks"].items()})

    def refine(self, user: User, run_id: str, earlier: str | None) -> Run:
        """Start a refinement of a finished run, or its scoring anew where no label is left.

        Args:
            user: the caller.
            run_id: a finished run.
            earlier: a prediction of an earlier file whose labels are used, too; empty for none, None for the one that the
                run was refined with, as long as its file is there.

        Raises:
            NotFound: the file of `earlier` is no earlier file with the same columns and with labels.
            WrongState: there is no label.
        """
        run = self._predictions.find_finished(user, run_id)
        used = self.used(user, run)
        wanted = used.run if earlier is None and used is not None and used.upload is not None else earlier
        if not wanted:
            return self._predictions.refine(user, run_id)
        source = next((one for one in self.offered(user, run_id) if one.run == wanted), None)
        if source is None and earlier is None:  # its labels were deleted since
            return self._predictions.refine(user, run_id)
        if source is None:
            raise NotFound(
                "earlier prediction with labels",
                wanted,
                hint="its file needs the same columns and labelled rows",
            )
        return self._predictions.refine(user, run_id, source.to_json())

    def _labels(self, upload_id: str) -> dict[int, str]:
        labels = feedback.list_labels(self._engine, upload_id)
        return {one.row: one.verdict for one in labels if one.verdict != UNKNOWN}
