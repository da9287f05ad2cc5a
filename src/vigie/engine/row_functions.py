"""Row functions of the pipeline: what is computed for each row by itself once its groups have been seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import polars as pl

from vigie.arrays import Floats
from vigie.engine.backend import ROW, Schema, align
from vigie.engine.partitioning import ROW_ANOMALY
from vigie.engine.scorer import Scorer
from vigie.engine.totals import SCORE_ORDER, SCORED_SCHEMA, order_of
from vigie.features import NAMES, Features, grouping
from vigie.features.columns import ColumnView
from vigie.features.grouping import IS_FIRST_OF_ACTOR, ROW_LEVEL
from vigie.features.related import RELATED_SIGNALS
from vigie.fitted_state import FeatureState, ScoringState
from vigie.models import model_inputs
from vigie.models.model_inputs import INPUTS, ModelInputs, RowSelection, TailScores
from vigie.roles.inference import Roles

RANKS = "v:ranks"
"""Column of the ranks of a row's features."""
Joined = Sequence[pl.DataFrame]
_POSITION = "position_actor"


@dataclass(frozen=True)
class MarkFirstOfActor:
    """Row function: whether a row is the first of its actor."""

    schema: ClassVar[Schema] = {IS_FIRST_OF_ACTOR: pl.Boolean()}
    columns: ClassVar[tuple[str, ...]] = (ROW, _POSITION)
    extends: ClassVar[bool] = True

    def __call__(self, rows: pl.DataFrame, joined: Joined) -> pl.DataFrame:
        """Return the marks of some rows."""
        first = np.zeros(rows.height, dtype=np.bool_)
        for output in joined:
            if _POSITION in output.columns:
                first = align(output.select(ROW, _POSITION), rows[ROW])[_POSITION] == 0
        return pl.DataFrame({IS_FIRST_OF_ACTOR: first})


@dataclass(frozen=True)
class RowAnomaly:
    """Row function: the anomaly score of a row by itself; keeps the ranks of its features for `ScoreRows`.

    Attributes:
        roles: roles of the columns, in the order of the fitted view.
        state: fitted state of the features.
        scoring: fitted state after the features.
        keep_features: whether the features are kept too: models trained on such a table look at them.
    """

    roles: Roles
    state: FeatureState
    scoring: ScoringState
    keep_features: bool
    columns: ClassVar[None] = None
    extends: ClassVar[bool] = True

    @property
    def schema(self) -> Schema:
        """Columns it returns."""
        width = max(1, len(_present(self.scoring)) * (2 if self.keep_features else 1))
        return {
            **MarkFirstOfActor.schema,
            ROW_ANOMALY: pl.Float64(),
            RANKS: pl.Array(pl.Float32, width),
        }

    def __call__(self, rows: pl.DataFrame, joined: Joined) -> pl.DataFrame:
        """Return anomaly scores and ranks of some rows."""
        built = row_features(row_view(rows, self.roles, self.state), joined, rows[ROW])
        tails = model_inputs.tail_scores(built, self.scoring)
        return MarkFirstOfActor()(rows, joined).with_columns(
            pl.Series(ROW_ANOMALY, tails.suspicion), _pack(tails, self.scoring, self.keep_features)
        )


@dataclass(frozen=True)
class ScoreRows:
    """Row function: the result columns.

    Attributes:
        scorer: the fitted scorer.
    """

    scorer: Scorer
    schema: ClassVar[Schema] = SCORED_SCHEMA
    columns: ClassVar[None] = None
    extends: ClassVar[bool] = False

    def __call__(self, rows: pl.DataFrame, joined: Joined) -> pl.DataFrame:
        """Return the result columns of some rows."""
        scorer, scoring = self.scorer, self.scorer.state.scoring
        view = row_view(rows, scorer.roles, scorer.state.features)
        tails, related = _unpack(rows[RANKS], scoring), signals_of(joined, rows[ROW])
        inputs = finish_rows(view, tails, related, scoring, scorer.options.seed)
        scored = scorer.score_inputs(view.frame, inputs)
        return scored.additions.with_columns(
            rows[ROW].cast(pl.Int64), pl.Series(SCORE_ORDER, order_of(scored.log_odds))
        ).select(list(self.schema))


def row_view(rows: pl.DataFrame, roles: Roles, state: FeatureState) -> ColumnView:
    """Return some rows as functions of single rows see them.

    Args:
        rows: (rows, columns) typed rows of the table.
        roles: roles of the columns, in the order of the fitted view.
        state: fitted state of the features.
    """
    columns = [column.column for column in roles.columns]
    return grouping.column_view(ROW_LEVEL, rows.select(columns), roles, state)


def finish_rows(
    view: ColumnView, tails: TailScores, related: Mapping[str, Floats], scoring: ScoringState, seed: int
) -> ModelInputs:
    """Return the model inputs of rows whose related-entity signals are known.

    Args:
        view: the rows.
        tails: their tail scores.
        related: (rows,) each related-entity signal of the table.
        scoring: state after the features; fitted here where it is not yet.
        seed: seed of the detectors.
    """
    missing = np.full(view.rows, np.nan)
    signals = {name: related.get(name, missing) for name in RELATED_SIGNALS}
    hashes, _, _ = model_inputs.row_hashes(view.frame, view.state)
    selection = RowSelection(np.arange(view.rows), hashes)
    return model_inputs.finish_inputs(view, tails, signals, scoring, seed, selection)


def row_features(view: ColumnView, joined: Joined, rows: pl.Series) -> Features:
    """Return the features of some rows: those of each row by itself, and those of its groups.

    Args:
        view: the rows.
        joined: output of each grouping for these rows.
        rows: row numbers.
    """
    alone = grouping.grouping_features(ROW_LEVEL, view)
    return grouping.merge_features([alone, *(align(output, rows) for output in joined)], view.rows)


def signals_of(joined: Joined, rows: pl.Series) -> dict[str, Floats]:
    """Return the (rows,) related-entity signals of some rows by name.

    Args:
        joined: output of each grouping for these rows.
        rows: row numbers.
    """
    return {name: values for output in joined for name, values in align(output, rows).items()}


def _present(scoring: ScoringState) -> npt.NDArray[np.int64]:
    """Return the positions of the features that the table has."""
    return np.flatnonzero(scoring.present.require())


def _pack(tails: TailScores, scoring: ScoringState, keep_features: bool) -> pl.Series:
    present = _present(scoring)
    parts = [tails.inputs[:, present], *([tails.features.values[:, present]] if keep_features else [])]
    # An array of width 0 has no rows: one column of NaN stands for no feature at all.
    width = sum(part.shape[1] for part in parts)
    packed = np.full((len(tails.inputs), max(1, width)), np.nan, dtype=np.float32)
    np.concatenate(parts, axis=1, out=packed[:, :width])
    return pl.Series(RANKS, packed)


def _unpack(ranks: pl.Series, scoring: ScoringState) -> TailScores:
    packed, present = ranks.to_numpy(), _present(scoring)
    inputs = np.full((len(packed), len(INPUTS)), np.nan, dtype=np.float32, order="F")
    values = np.full((len(packed), len(NAMES)), np.nan, dtype=np.float32, order="F")
    inputs[:, present] = packed[:, : len(present)]
    if packed.shape[1] > max(1, len(present)):
        values[:, present] = packed[:, len(present) :]
    return model_inputs.tail_scores_of_ranks(Features(NAMES, values), inputs, scoring)
