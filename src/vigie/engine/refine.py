"""The story of learning from marks: some rows are said to be fraud or fine, and the table is scored again.

Marks teach the scores of this table only; nothing is stored and no model changes. `suggest` says which rows to look at
next. Must not know who marked, or where the marks are kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from vigie.arrays import Floats, mid_ranks
from vigie.catalog import Catalog
from vigie.engine import pipeline
from vigie.engine.pipeline import Open, Options, Plan, Prediction, Progress, quiet
from vigie.ensemble import active_learning, combination
from vigie.ensemble.combination import EnsembleMember, EnsembleScore
from vigie.errors import InputRefused
from vigie.i18n.messages import msg
from vigie.models.trained import table_model
from vigie.table import Table

__all__ = ["refine", "suggest"]

TOP = 100
_SALT = "marks"


def refine(
    table: Table,
    catalog: Catalog,
    open_bundle: Open,
    options: Options,
    marks: Mapping[int, bool],
    progress: Progress = quiet,
) -> Prediction:
    """Scores a table again, with what somebody says of some of its rows.

    Args:
        table: the upload.
        catalog: where models are registered.
        open_bundle: fetches and verifies the bundle of an entry.
        options: what the user asked for.
        marks: row number from 0 -> whether it is fraud.
        progress: told each stage and the share done.
    """
    rows, fraud = _checked(table, marks)
    planned = pipeline.plan(table, catalog, open_bundle, options, progress)
    said: dict[str, Any] = {}

    def taught(combined: EnsembleScore, members: Sequence[EnsembleMember]) -> EnsembleScore:
        place = np.empty(table.typed.height, dtype=np.int64)
        place[planned.evidence.order] = np.arange(table.typed.height)
        found = active_learning.relearn(
            combined.evidence,
            _signals(planned, members),
            _inputs(planned, table),
            place[rows],
            fraud,
            options.seed,
        )
        said.update(_summary(found, combined.evidence, fraud))
        return replace(combined, evidence=found.evidence)

    done = pipeline.apply(planned, table, progress, taught)
    return replace(done, summary={**done.summary, "refined": said})


def suggest(prediction: Prediction, marks: Mapping[int, bool], n: int = 10, seed: int = 0) -> list[int]:
    """Rows to look at next, from 0: the most suspicious or the most open ones, mixed with rows from every depth.

    Args:
        prediction: of the table, refined or not.
        marks: row number from 0 -> whether somebody says fraud, of the rows that are marked already.
        n: how many.
        seed: of what is drawn.
    """
    score: npt.NDArray[np.float64] = prediction.additions["fraud_score"].to_numpy()
    marked = np.array(sorted(row for row in marks if 0 <= row < len(score)), dtype=np.int64)
    fraud = np.array([bool(marks[int(row)]) for row in marked], dtype=bool)
    return active_learning.next_rows(score, marked, fraud, n, seed)


def _checked(table: Table, marks: Mapping[int, bool]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Marks in the order of their rows; refuses rows that the table does not have."""
    if not marks:
        raise InputRefused(
            msg(
                "{source}: found no marks, expected at least one row said to be fraud or fine",
                source=table.source,
            ),
            hint="look at the rows that `vigie suggest` names, and say of each whether it is fraud",
        )
    outside = [row for row in marks if not 0 <= row < table.typed.height]
    if outside:
        raise InputRefused(
            msg(
                "{source}: found {outside} marks of rows it does not have, expected rows 1 to {height:,}",
                source=table.source,
                outside=len(outside),
                height=table.typed.height,
            )
        )
    rows = np.array(sorted(marks), dtype=np.int64)
    return rows, np.array([bool(marks[int(row)]) for row in rows])


def _signals(planned: Plan, members: Sequence[EnsembleMember]) -> Floats:
    """(rows, signals) what each detector and each member says, as energies."""
    detectors = planned.evidence.detectors
    ranks = [detectors[:, j] for j in range(detectors.shape[1])] + [mid_ranks(m.margin) for m in members]
    return np.stack([combination.tail_score(r, len(detectors)) for r in ranks], axis=1)


def _inputs(planned: Plan, table: Table) -> npt.NDArray[np.float32]:
    """(rows, inputs) the table's own columns and features; no label has told anything of a category yet."""
    nothing = np.zeros(table.typed.height, dtype=bool)
    own = table_model.learn(
        table.typed, planned.roles, planned.evidence, nothing, nothing, leave=frozenset(), salt=_SALT
    )
    return own.matrix(table.typed, table_model.same_names(own), planned.evidence)


def _summary(
    found: active_learning.Relearned, before: Floats, fraud: npt.NDArray[np.bool_]
) -> dict[str, Any]:
    """What the marks changed, as plain JSON."""
    top = min(TOP, len(before))
    first, now = (set(np.argsort(-x, kind="stable")[:top].tolist()) for x in (before, found.evidence))
    return {
        "marks": len(fraud),
        "frauds": int(fraud.sum()),
        "weights": dict(
            zip(("before", "weighed anew", "trees"), (round(w, 4) for w in found.weights), strict=True)
        ),
        "pairs_in_order": {
            name: None if np.isnan(value) else round(value, 4)
            for name, value in zip(("before", "after"), found.told, strict=True)
        },
        "new_in_top": {"of": top, "rows": len(now - first)},
    }
