"""Row functions of the pipeline: what is computed for each row by itself once its groups have been seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from vigie.arrays import Floats
from vigie.detectors.registry import EXTRAPOLATED
from vigie.engine.backend import ROW, Schema, align
from vigie.engine.partitioning import ROW_ANOMALY
from vigie.engine.scorer import Scorer
from vigie.engine.totals import SCORE_ORDER, SCORED, order_of
from vigie.features import NAMES, Features, grouping
from vigie.features.columns import ColumnView
from vigie.features.grouping import IS_FIRST_OF_ACTOR, ROW_LEVEL
from vigie.features.related import RELATED_SIGNALS
from vigie.fitted_state import FeatureState, ScoringState
from vigie.models import model_inputs
from vigie.models.model_inputs import INPUTS, ModelInputs, RowSelection, TailScores
from vigie.roles.inference import Roles

RANKS, EXTRAPOLATED_SCORE, POSITION = "v:ranks", "v:extrapolated", "position_actor"
"""Columns: the ranks of a row's features; its score by the detector `EXTRAPOLATED`; its position among those of its actor."""
FIRST_OF_ACTOR: Schema = {IS_FIRST_OF_ACTOR: pl.Boolean()}
Joined = Sequence[pl.DataFrame]


def mark_first_of_actor(rows: pl.DataFrame, joined: Joined) -> pl.DataFrame:
    """Return whether a row is the first of its actor."""
    first = np.zeros(rows.height, dtype=np.bool_)
    for output in joined:
        if POSITION in output.columns:
            first = align(output.select(ROW, POSITION), rows[ROW])[POSITION] == 0
    return pl.DataFrame({IS_FIRST_OF_ACTOR: first})


@dataclass(frozen=True)
class ScoreAlone:
    """Returns the anomaly score of a row by itself, and what `ScoreRows` needs of its features: their ranks and one score.

    Attributes:
        roles: roles of the columns, in the order of the fitted view.
        state: fitted state of the features.
        scoring: fitted state after the features.
        keep_features: whether the features are returned too: models trained on such a table look at them.
    """

    roles: Roles
    state: FeatureState
    scoring: ScoringState
    keep_features: bool

    @property
    def schema(self) -> Schema:
        """Columns it returns."""
        width = len(_present(self.scoring)) * (2 if self.keep_features else 1)
        numbers: Schema = {ROW_ANOMALY: pl.Float64(), EXTRAPOLATED_SCORE: pl.Float64()}
        return {**FIRST_OF_ACTOR, **numbers, RANKS: pl.Array(pl.Float32, max(1, width))}

    def __call__(self, rows: pl.DataFrame, joined: Joined) -> pl.DataFrame:
        """Return the columns for some rows."""
        built = row_features(row_view(rows, self.roles, self.state), joined, rows[ROW])
        tails = model_inputs.tail_scores(built, self.scoring)
        return mark_first_of_actor(rows, joined).with_columns(
            pl.Series(ROW_ANOMALY, tails.row_anomaly),
            pl.Series(EXTRAPOLATED_SCORE, tails.row_scores[EXTRAPOLATED.name]),
            pl.Series(RANKS, self._pack(tails)),
        )

    def _pack(self, tails: TailScores) -> npt.NDArray[np.float32]:
        present = _present(self.scoring)
        parts = [
            tails.inputs[:, present],
            *([tails.features.values[:, present]] if self.keep_features else []),
        ]
        # A column of NaN stands for no feature at all: there are no arrays without cells.
        return np.hstack(parts) if len(present) else np.full((len(tails.inputs), 1), np.nan, dtype=np.float32)


@dataclass(frozen=True)
class ScoreRows:
    """Returns the result columns of rows, see `vigie.engine.totals.SCORED`.

    Attributes:
        scorer: the fitted scorer.
    """

    scorer: Scorer

    def __call__(self, rows: pl.DataFrame, joined: Joined) -> pl.DataFrame:
        """Return the columns for some rows."""
        scorer, scoring = self.scorer, self.scorer.state.scoring
        view = row_view(rows, scorer.roles, scorer.state.features)
        related = related_signals(joined, rows[ROW])
        tails = _unpack(rows[RANKS], rows[EXTRAPOLATED_SCORE], scoring)
        inputs = finish_rows(view, tails, related, scoring, scorer.options.seed)
        scored = scorer.score_inputs(view.frame, inputs)
        order = pl.Series(SCORE_ORDER, order_of(scored.log_odds))
        return scored.additions.with_columns(rows[ROW].cast(pl.Int64), order).select(list(SCORED))


def row_view(rows: pl.DataFrame, roles: Roles, state: FeatureState) -> ColumnView:
    """Return rows as functions of single rows see them.

    Args:
        rows: (rows, columns) typed rows of the table.
        roles: roles of the columns, in the order of the fitted view.
        state: fitted state of the features.
    """
    frame = rows.select([column.column for column in roles.columns])
    return grouping.column_view(ROW_LEVEL, frame, roles, state)


def row_features(view: ColumnView, joined: Joined, rows: pl.Series) -> Features:
    """Return the features of rows: those of each row by itself, and those of its groups.

    Args:
        view: the rows.
        joined: output of each grouping for them.
        rows: their numbers.
    """
    alone = grouping.grouping_features(ROW_LEVEL, view)
    return grouping.merge_features([alone, *(align(output, rows) for output in joined)], view.n_rows)


def related_signals(joined: Joined, rows: pl.Series) -> dict[str, Floats]:
    """Return the (rows,) related-entity signals of rows by name.

    Args:
        joined: output of each grouping for them.
        rows: their numbers.
    """
    return {name: values for output in joined for name, values in align(output, rows).items()}


def finish_rows(
    view: ColumnView, tails: TailScores, related: Mapping[str, Floats], scoring: ScoringState, seed: int
) -> ModelInputs:
    """Return the model inputs of rows whose related-entity signals are known.

    Args:
        view: the rows.
        tails: their tail scores.
        related: (rows,) each related-entity signal that the table has.
        scoring: state after the features; fitted here where it is not yet.
        seed: seed of the detectors.
    """
    missing = np.full(view.n_rows, np.nan)
    signals = {name: related.get(name, missing) for name in RELATED_SIGNALS}
    hashes, _, _ = model_inputs.row_hashes(view.frame, view.state)
    selection = RowSelection(np.arange(view.n_rows), hashes)
    return model_inputs.finish_inputs(view, tails, signals, scoring, seed, selection)


def _present(scoring: ScoringState) -> npt.NDArray[np.int64]:
    """Return the positions of the features that the table has."""
    return np.flatnonzero(scoring.present.require())


def _unpack(ranks: pl.Series, extrapolated: pl.Series, scoring: ScoringState) -> TailScores:
    packed, present = ranks.to_numpy(), _present(scoring)
    inputs = np.full((len(packed), len(INPUTS)), np.nan, dtype=np.float32, order="F")
    # One cell that stands for all: the features themselves are not known any more.
    values = np.broadcast_to(np.float32(np.nan), (len(packed), len(NAMES)))
    inputs[:, present] = packed[:, : len(present)]
    if packed.shape[1] > max(1, len(present)):
        values = np.full((len(packed), len(NAMES)), np.nan, dtype=np.float32, order="F")
        values[:, present] = packed[:, len(present) :]
    built = Features(NAMES, values)
    return model_inputs.tail_scores_of_ranks(built, inputs, scoring, extrapolated.to_numpy())
