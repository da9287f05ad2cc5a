"""Scores of a table that take labels of some of its rows into account.

Labels change the scores of this table only; nothing is stored and no model changes. `suggest` says which rows to label
next.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from vigie.arrays import Floats, mid_ranks
from vigie.calibration.false_alerts import reference_rows
from vigie.engine.decision import review_count
from vigie.engine.options import ScoringContext
from vigie.engine.output import Prediction
from vigie.engine.pipeline import fit_table
from vigie.engine.scorer import ProfiledTable
from vigie.ensemble import active_learning, combination
from vigie.ensemble.combination import EnsembleScore, MemberVote
from vigie.errors import InputRefused
from vigie.fitted_state import FeatureState
from vigie.i18n.messages import msg
from vigie.models import model_inputs
from vigie.models.model_inputs import ModelInputs
from vigie.models.trained import table_model
from vigie.table import Table

TOP = 100
_SALT = "marks"


def refine(table: Table, context: ScoringContext, labels: Mapping[int, bool]) -> Prediction:
    """Score a table again with labels of some of its rows.

    Args:
        table: the upload.
        context: catalog, options and progress.
        labels: row number from 0 -> whether the row is fraud.

    Raises:
        InputRefused: there are no labels, or labels of rows that the table does not have.

    Where the user bounds the share of false alerts, labels of the reference decide how many alerts there are and do not
    change the scores: a label that taught them could not judge them.
    """
    rows, fraud = _checked(table, labels)
    teaching = np.ones(len(rows), dtype=bool)
    if context.options.max_false_alerts is not None:
        teaching = ~reference_of(table)[rows]
    hook = _Relearning(rows[teaching], fraud[teaching], context.options.seed)
    prediction = fit_table(table, context, keep=False, hook=hook, labels=labels).prediction
    hook.summary |= {"marks": len(rows), "frauds": int(fraud.sum())}
    return replace(prediction, summary={**prediction.summary, "refined": hook.summary})


def reference_of(table: Table) -> npt.NDArray[np.bool_]:
    """Return (rows,) the rows whose labels decide how many alerts a share of false ones allows.

    Args:
        table: the upload.
    """
    hashes = model_inputs.row_hashes(table.typed, FeatureState())[0]
    return reference_rows(hashes, review_count(table.typed.height))


def suggest(
    prediction: Prediction,
    labels: Mapping[int, bool],
    n: int = 10,
    seed: int = 0,
    *,
    bounding: bool = False,
) -> list[int]:
    """Return the numbers, from 0, of the rows to label next: suspicious or uncertain ones, and rows of every depth.

    Args:
        prediction: scores of the table, with or without labels.
        labels: row number from 0 -> whether the row is fraud, of the rows that are labelled already.
        n: number of rows.
        seed: seed of what is drawn.
        bounding: the most suspicious rows of the reference instead, which bound the share of false alerts.
    """
    score: npt.NDArray[np.float64] = prediction.additions["fraud_score"].to_numpy()
    if bounding:
        reference = reference_of(prediction.table)
        ranked = np.argsort(-score, kind="stable").tolist()
        return [row for row in ranked if reference[row] and row not in labels][:n]
    marked = np.array(sorted(row for row in labels if 0 <= row < len(score)), dtype=np.int64)
    fraud = np.array([bool(labels[int(row)]) for row in marked], dtype=bool)
    return active_learning.rows_to_label(score, marked, fraud, n, seed)


def _checked(table: Table, labels: Mapping[int, bool]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Return the rows in order and their labels; refuse rows that the table does not have."""
    if not labels:
        raise InputRefused(
            msg(
                "{source}: found no marks, expected at least one row said to be fraud or fine",
                source=table.source,
            ),
            hint="look at the rows that `vigie suggest` names, and say of each whether it is fraud",
        )
    outside = [row for row in labels if not 0 <= row < table.typed.height]
    if outside:
        raise InputRefused(
            msg(
                "{source}: found {outside} marks of rows it does not have, expected rows 1 to {height:,}",
                source=table.source,
                outside=len(outside),
                height=table.typed.height,
            )
        )
    rows = np.array(sorted(labels), dtype=np.int64)
    return rows, np.array([bool(labels[int(row)]) for row in rows])


@dataclass
class _Relearning:
    """Score hook that learns from labels.

    Attributes:
        rows: numbers of the labelled rows.
        fraud: (labels,) whether each is fraud.
        seed: seed of the trees.
        summary: what the labels changed, as plain JSON.
    """

    rows: npt.NDArray[np.int64]
    fraud: npt.NDArray[np.bool_]
    seed: int
    summary: dict[str, Any] = field(default_factory=dict)

    def __call__(
        self, table: ProfiledTable, inputs: ModelInputs, votes: Sequence[MemberVote], score: EnsembleScore
    ) -> EnsembleScore:
        if not len(self.rows):
            self.summary = _unchanged(len(score.score))
            return score
        place = np.empty(len(inputs.order), dtype=np.int64)
        place[inputs.order] = np.arange(len(inputs.order))
        found = active_learning.refine_scores(
            score.score,
            signals(inputs, votes),
            row_matrix(table, inputs),
            place[self.rows],
            self.fraud,
            self.seed,
        )
        self.summary = _summary(found, score.score)
        return replace(score, score=found.score)


def signals(inputs: ModelInputs, votes: Sequence[MemberVote]) -> Floats:
    """Return the (rows, signals) tail scores of each detector and each member.

    Args:
        inputs: model inputs of the rows.
        votes: votes of the members.
    """
    ranks = [*inputs.detectors.T, *(mid_ranks(vote.margin) for vote in votes)]
    return np.stack([combination.tail_score(r, len(inputs.detectors)) for r in ranks], axis=1)


def row_matrix(table: ProfiledTable, inputs: ModelInputs) -> npt.NDArray[np.float32]:
    """Return the (rows, inputs) columns and features of a table; categories are encoded without any label.

    Args:
        table: the typed rows and their roles.
        inputs: model inputs of the rows.
    """
    nothing = np.zeros(table.frame.height, dtype=bool)
    encoder = table_model.fit_encoder(
        table.frame, table.roles, inputs, nothing, nothing, leave=frozenset(), salt=_SALT
    )
    return encoder.matrix(table.frame, table_model.training_names(encoder), inputs)


def _summary(found: active_learning.RefinedScores, before: Floats) -> dict[str, Any]:
    """Return what the labels changed, as plain JSON; its names are stored."""
    top = min(TOP, len(before))
    first, now = (set(np.argsort(-x, kind="stable")[:top].tolist()) for x in (before, found.score))
    return {
        "weights": dict(
            zip(("before", "weighed anew", "trees"), (round(w, 4) for w in found.weights), strict=True)
        ),
        "pairs_in_order": {
            name: None if np.isnan(value) else round(value, 4)
            for name, value in zip(("before", "after"), found.pair_accuracy, strict=True)
        },
        "new_in_top": {"of": top, "rows": len(now - first)},
    }


def _unchanged(rows: int) -> dict[str, Any]:
    """Return the same where no label taught anything."""
    return {
        "weights": {"before": 1.0, "weighed anew": 0.0, "trees": 0.0},
        "pairs_in_order": {"before": None, "after": None},
        "new_in_top": {"of": min(TOP, rows), "rows": 0},
    }
