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
from vigie.engine.options import ScoringContext, no_progress
from vigie.engine.output import Prediction
from vigie.engine.pipeline import fit_table
from vigie.engine.scorer import ProfiledTable
from vigie.ensemble import active_learning, combination
from vigie.ensemble.combination import EnsembleScore, MemberVote
from vigie.ensemble.earlier_labels import EarlierLabels, standardised
from vigie.errors import InputRefused
from vigie.fitted_state import FeatureState
from vigie.i18n.messages import msg
from vigie.models import model_inputs
from vigie.models.model_inputs import ModelInputs
from vigie.models.trained import table_model
from vigie.models.trained.table_model import TableEncoder
from vigie.table import Table

TOP = 100
_SALT = "marks"


@dataclass(frozen=True)
class EarlierTable:
    """A table with the same columns whose labels teach the refinement of a later one.

    Attributes:
        table: the earlier upload.
        labels: row number from 0 -> whether the row is fraud.
    """

    table: Table
    labels: Mapping[int, bool]


def refine(
    table: Table, context: ScoringContext, labels: Mapping[int, bool], earlier: EarlierTable | None = None
) -> Prediction:
    """Score a table again with labels of some of its rows.

    Args:
        table: the upload.
        context: catalog, options and progress.
        labels: row number from 0 -> whether the row is fraud; may be empty with an earlier table.
        earlier: a table with the same columns; its labelled rows are further labelled examples.

    Raises:
        InputRefused: there are no labels, labels of rows that the table does not have, or an earlier table with other columns.

    Where the user bounds the share of false alerts, labels of the reference decide how many alerts there are and do not
    change the scores: a label that taught them could not judge them.
    """
    rows, fraud = _checked(table, labels) if labels or earlier is None else _none()
    teaching = np.ones(len(rows), dtype=bool)
    if context.options.max_false_alerts is not None:
        teaching = ~reference_of(table)[rows]
    examples = None if earlier is None else _examples(earlier, table, context)
    hook = _Relearning(rows[teaching], fraud[teaching], context.options.seed, examples)
    prediction = fit_table(table, context, keep=False, hook=hook, labels=labels).prediction
    hook.summary |= {"marks": len(rows), "frauds": int(fraud.sum())}
    if examples is not None:
        hook.summary["earlier"] = {
            "source": examples.source,
            "marks": len(examples.fraud),
            "frauds": int(examples.fraud.sum()),
        }
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


def _none() -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.bool_)


@dataclass
class _Examples:
    """Score hook that keeps what the labelled rows of an earlier table are known by.

    Attributes:
        source: name of the table.
        rows: (labels,) numbers of the labelled rows.
        fraud: (labels,) whether each is fraud.
        table: the earlier table, once it is scored.
        inputs: its model inputs.
        votes: its votes.
        prior: (rows,) its scores.
    """

    source: str
    rows: npt.NDArray[np.int64]
    fraud: npt.NDArray[np.bool_]
    table: ProfiledTable | None = None
    inputs: ModelInputs | None = None
    votes: Sequence[MemberVote] = ()
    prior: Floats | None = None

    def __call__(
        self, table: ProfiledTable, inputs: ModelInputs, votes: Sequence[MemberVote], score: EnsembleScore
    ) -> EnsembleScore:
        self.table, self.inputs, self.votes, self.prior = table, inputs, votes, score.score
        return score

    def encoded(self, encoder: TableEncoder, votes: Sequence[MemberVote]) -> EarlierLabels:
        """Return the labelled rows as a later table encodes its own.

        Args:
            encoder: of the later table.
            votes: of its members; one that did not vote on the earlier table says nothing of its rows.
        """
        if self.table is None or self.inputs is None or self.prior is None:
            raise RuntimeError("the earlier table was not scored")
        place = _places(self.inputs)[self.rows]
        own = {vote.name: vote for vote in self.votes}
        silent = np.zeros(len(self.prior))
        aligned = [own[vote.name] if vote.name in own else replace(vote, margin=silent) for vote in votes]
        scaled = standardised(self.prior, signals(self.inputs, aligned))
        matrix = encoder.matrix(self.table.frame, table_model.training_names(encoder), self.inputs)
        return EarlierLabels(scaled[place], matrix[place], self.fraud)


def _examples(earlier: EarlierTable, later: Table, context: ScoringContext) -> _Examples:
    """Score an earlier table and return its labelled rows; refuse one with other columns."""
    names, expected = set(earlier.table.typed.columns), set(later.typed.columns)
    if names != expected:
        raise InputRefused(
            msg(
                "{source}: found other columns than in {later}: {columns}",
                source=earlier.table.source,
                later=later.source,
                columns=", ".join(sorted(names ^ expected)[:6]),
            ),
            hint="start from the labels of a file with the same columns",
        )
    rows, fraud = _checked(earlier.table, earlier.labels)
    found = _Examples(earlier.table.source, rows, fraud)
    options = replace(context.options, alert_budget=None, max_false_alerts=None)
    fit_table(earlier.table, replace(context, options=options, progress=no_progress), keep=False, hook=found)
    return found


def _places(inputs: ModelInputs) -> npt.NDArray[np.int64]:
    """Return (rows,) the place of each row of the table among the model inputs."""
    place = np.empty(len(inputs.order), dtype=np.int64)
    place[inputs.order] = np.arange(len(inputs.order))
    return place


@dataclass
class _Relearning:
    """Score hook that learns from labels.

    Attributes:
        rows: numbers of the labelled rows.
        fraud: (labels,) whether each is fraud.
        seed: seed of the trees.
        examples: labelled rows of an earlier table.
        summary: what the labels changed, as plain JSON.
    """

    rows: npt.NDArray[np.int64]
    fraud: npt.NDArray[np.bool_]
    seed: int
    examples: _Examples | None = None
    summary: dict[str, Any] = field(default_factory=dict)

    def __call__(
        self, table: ProfiledTable, inputs: ModelInputs, votes: Sequence[MemberVote], score: EnsembleScore
    ) -> EnsembleScore:
        if not len(self.rows) and self.examples is None:
            self.summary = _unchanged(len(score.score))
            return score
        encoder = _encoder(table, inputs)
        found = active_learning.refine_scores(
            score.score,
            signals(inputs, votes),
            encoder.matrix(table.frame, table_model.training_names(encoder), inputs),
            _places(inputs)[self.rows],
            self.fraud,
            self.seed,
            None if self.examples is None else self.examples.encoded(encoder, votes),
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
    encoder = _encoder(table, inputs)
    return encoder.matrix(table.frame, table_model.training_names(encoder), inputs)


def _encoder(table: ProfiledTable, inputs: ModelInputs) -> TableEncoder:
    nothing = np.zeros(table.frame.height, dtype=bool)
    return table_model.fit_encoder(
        table.frame, table.roles, inputs, nothing, nothing, leave=frozenset(), salt=_SALT
    )


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
