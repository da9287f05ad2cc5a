"""The inputs of the reference models: ranks within the table, so that no unit or scale distinguishes tables.

There are three kinds: the rank of each feature; the rank of each detector; and the related-entity signals, which are what
*other* rows of the same customer, counterparty, device or ip score, because fraud comes in series.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np
import numpy.typing as npt
import polars as pl

from vigie import features
from vigie.arrays import Floats, sort_order
from vigie.detectors.base import DetectorInputs
from vigie.detectors.column_risk import SummedRisk
from vigie.detectors.combine import anonymity, anonymous_share, combine_excesses, combine_ranks
from vigie.detectors.oriented_columns import oriented_columns
from vigie.detectors.raw_columns import raw_columns
from vigie.detectors.registry import (
    BY_SIZE,
    COLUMN_DETECTORS,
    COLUMN_RISK,
    EXTRAPOLATED,
    MODEL_INPUTS,
    ROW_DETECTORS,
    detector_scores,
    detectors_of,
)
from vigie.detectors.tail_scores import one_sided_tail_scores
from vigie.features.cells import column_hash
from vigie.features.columns import ColumnView
from vigie.features.related import RECENT_RELATED, RELATED_SIGNALS, related_signals
from vigie.fitted_state import FeatureState, FittedState, ScoringState
from vigie.parallel import ROWS_PER_THREAD, in_threads
from vigie.roles.inference import Roles

DETECTORS = tuple(detector.name for detector in MODEL_INPUTS)
TABLE_CONTEXT = ("table_rows", "table_history", "table_repeat_counterparts", "table_signals", "table_numbers")
INPUTS: tuple[str, ...] = (
    *(f"rank_{name}" for name in features.NAMES),
    *(f"detector_{name}" for name in DETECTORS),
    *RELATED_SIGNALS,
    *TABLE_CONTEXT,
)

Rows = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]
Mask = npt.NDArray[np.bool_]
Matrix = npt.NDArray[np.float32]

_GRID = 2.0**24


@dataclass(frozen=True)
class ModelInputs:
    """The model inputs of a table.

    Rows are in canonical order, by the hashes of their cells, so that samples and ties are the same however the table was
    sorted: row i here is row `order[i]` of the table.

    Attributes:
        features: the unit-free features.
        varying: (features,) which of them vary in the table.
        tails: (rows, features) one-sided tail scores in nats.
        detectors: (rows, detectors) mid-ranks of the detectors that reference models have as inputs, then of plugins.
        anomaly: (rows,) the anomaly score as a mid-rank, in (0, 1).
        rank_anomaly: (rows,) the detectors combined by their ranks alone, in (0, 1).
        excess: (rows,) the detectors combined by the size of their scores; None in a scorer stored before they were.
        column_risk: of the columns in their direction of risk; None in a scorer stored before it was computed.
        inputs: (rows, INPUTS) float32, NaN where unknown.
        columns: (rows, columns) the table's own columns as numbers.
        anonymity: how few of these have a known meaning, from 0 to 1; see `vigie.detectors.combine`.
        order: (rows,) the table's row of each row.
        row_hashes: (rows,) of the cells of each row.
        state: what features know of the table.
    """

    features: features.Features
    varying: Mask
    tails: Matrix
    detectors: Floats
    anomaly: Floats
    rank_anomaly: Floats
    excess: Floats | None
    column_risk: SummedRisk | None
    inputs: Matrix
    columns: Floats
    anonymity: float
    order: Rows
    row_hashes: Hashes
    state: FeatureState

    @property
    def column_ranks(self) -> Floats:
        """Return (rows,) the mean mid-rank of the detectors that see all columns of the table together."""
        positions = [DETECTORS.index(one.name) for one in COLUMN_DETECTORS]
        return np.asarray(self.detectors[:, positions].mean(axis=1))

    @property
    def recent_related(self) -> Floats:
        """Return (rows, RECENT_RELATED) related-entity signals of the day and week around each row; NaN without any."""
        return self.inputs[:, [INPUTS.index(name) for name in RECENT_RELATED]].astype(float)


@dataclass(frozen=True)
class RowSelection:
    """The rows that model inputs are made for.

    Attributes:
        order: (selected,) the table's row of each.
        row_hashes: (selected,) of their cells.
        positions: (selected,) among the rows whose features are known; all of them where it is not given.
    """

    order: Rows
    row_hashes: Hashes
    positions: Rows | None = None


@dataclass(frozen=True)
class TailScores:
    """Ranks and tail scores of the features.

    Attributes:
        features: the unit-free features.
        varying: (features,) which of them vary in the table.
        inputs: (rows, INPUTS) float32, with the ranks of the features; the rest is still NaN.
        tails: (rows, features) one-sided tail scores in nats.
        row_ranks: (rows,) mid-ranks of the row detectors, by name.
        row_scores: (rows,) scores of the row detectors and, where detectors count by size, of `EXTRAPOLATED`, by name.
    """

    features: features.Features
    varying: Mask
    inputs: Matrix
    tails: Matrix
    row_ranks: dict[str, Floats]
    row_scores: dict[str, Floats]

    @cached_property
    def row_anomaly(self) -> Floats:
        """Return (rows,) the anomaly score of each row by itself in nats, on a grid on which sums are exact."""
        ranks = np.stack([self.row_ranks[detector.name] for detector in ROW_DETECTORS], axis=1)
        return np.asarray(np.round(-np.log(1 - ranks.mean(axis=1) + 1e-4) * _GRID) / _GRID)


def build_inputs(
    frame: pl.DataFrame,
    roles: Roles,
    *,
    seed: int = 0,
    state: FittedState | None = None,
    only: Rows | None = None,
    partition: Rows | None = None,
) -> ModelInputs:
    """Compute features, detectors and related-entity signals.

    Neither the order of rows or columns matters, nor the names of columns where their roles are the same.

    Args:
        frame: (rows, columns) typed.
        roles: of the columns.
        seed: of the forests and samples.
        state: of the table, which is fitted to these rows or was fitted before.
        only: rows to make inputs for, in this order, where the others are their history; the state must be fitted.
        partition: (rows,) from 0; rows of different partitions are not related. The state must be fitted.
    """
    state = state or FittedState()
    view, order, hashes = canonical_view(frame, roles, state.features, partition)
    tails = tail_scores(features.build(view.frame, view.roles, view), state.scoring)
    related = related_signals(view, tails.row_anomaly, state.scoring)
    if only is None:
        rows = RowSelection(order, hashes[order])
    else:
        position = np.empty(len(order), dtype=np.int64)
        position[order] = np.arange(len(order))
        rows = RowSelection(np.arange(len(only)), hashes[only], position[only])
    return finish_inputs(view, tails, related, state.scoring, seed, rows)


def matching_features(frame: pl.DataFrame, roles: Roles) -> tuple[features.Features, Rows]:
    """Return the `features` and the `order` of `build_inputs`, without what only scoring needs.

    Args:
        frame: (rows, columns) typed.
        roles: of the columns.
    """
    view, order, _ = canonical_view(frame, roles, FeatureState())
    return features.build(view.frame, view.roles, view), order


def canonical_view(
    frame: pl.DataFrame, roles: Roles, state: FeatureState, partition: Rows | None = None
) -> tuple[ColumnView, Rows, Hashes]:
    """Return a table in canonical order of rows and columns, that order, and the row hashes in the table's order."""
    hashes, column_hashes, cells = row_hashes(frame, state)
    order = sort_order(hashes)
    ordered = Roles(tuple(sorted(roles.columns, key=lambda c: (c.role, column_hashes[c.column], c.column))))
    sorted_frame = frame.select([c.column for c in ordered.columns])[order] if frame.height else frame
    view = ColumnView(sorted_frame, ordered, state, partition=None if partition is None else partition[order])
    view.hashes.known = {name: cells[name].to_numpy().view(np.int64)[order] for name in cells.columns}
    return view, order, hashes


def row_hashes(frame: pl.DataFrame, state: FeatureState) -> tuple[Hashes, dict[str, int], pl.DataFrame]:
    """Return (rows,) hashes of the rows, which depend on their cells alone, and the hashes of columns and cells."""
    total = np.zeros(frame.height, dtype=np.uint64)
    column_hashes = {}
    cells = frame.select(pl.all().hash(seed=0))
    for name in frame.columns:
        values: Hashes = cells[name].to_numpy()
        column_hashes[name] = state.columns[name].hash.get(partial(column_hash, values))
        # Columns must not be interchangeable: each has an odd factor of its own.
        total += values * np.uint64(column_hashes[name] | 1)
    return total, column_hashes, cells


def tail_scores(built: features.Features, state: ScoringState) -> TailScores:
    """Return ranks and tail scores of features.

    Args:
        built: the features of some rows, or of all.
        state: of the table.
    """
    state.varying.get(built.known)
    inputs = np.full((len(built.values), len(INPUTS)), np.nan, dtype=np.float32, order="F")

    def rank(j: int) -> None:
        inputs[:, j] = state.ranks.of(built.names[j], built.values[:, j])

    present = np.flatnonzero(state.present.get(lambda: _present(built.values)))
    in_threads(rank, present.tolist(), enough=len(built.values) >= ROWS_PER_THREAD)
    return tail_scores_of_ranks(built, inputs, state)


def tail_scores_of_ranks(
    built: features.Features, inputs: Matrix, state: ScoringState, extrapolated: Floats | None = None
) -> TailScores:
    """Return tail scores of features whose ranks are known already.

    Args:
        built: the features; all NaN where they are not known any more.
        inputs: (rows, INPUTS) with the ranks of the features in the first columns.
        state: of the table.
        extrapolated: (rows,) scores of `EXTRAPOLATED`, which takes the features themselves, where they are known already.
    """
    varying = state.varying.get(built.known)
    tails = one_sided_tail_scores(inputs[:, : len(built.names)], varying)
    x = DetectorInputs(np.zeros((len(tails), 0)), tails, varying, built.values)
    scores = {one.name: one.score(x, {}) for one in ROW_DETECTORS}
    ranks = {name: state.ranks.of(name, found) for name, found in scores.items()}
    if EXTRAPOLATED in detectors_of(state):
        # The seed does not matter: nothing is drawn.
        found = detector_scores(EXTRAPOLATED, x, state, 0) if extrapolated is None else extrapolated
        scores[EXTRAPOLATED.name] = found
    return TailScores(built, varying, inputs, tails, ranks, scores)


def finish_inputs(
    view: ColumnView,
    tails: TailScores,
    related: Mapping[str, Floats],
    state: ScoringState,
    seed: int,
    rows: RowSelection,
) -> ModelInputs:
    """Return the model inputs of selected rows; from here on each row depends on itself and the state alone.

    Args:
        view: the table, or the rows of it whose features are known.
        tails: of the same rows.
        related: (rows,) their related-entity signals.
        state: of the table.
        seed: of the forests and samples.
        rows: the selected ones.
    """
    at = slice(None) if rows.positions is None else rows.positions
    inputs, columns = tails.inputs[at], raw_columns(view.frame, view.roles, view)[at]
    found = oriented_columns(view)
    oriented = replace(found, values=found.values[at])
    x = DetectorInputs(columns, tails.tails[at], tails.varying, tails.features.values[at], oriented)
    detectors = detectors_of(state)
    ranked = [one for one in detectors if one not in BY_SIZE]
    # The slowest first.
    compute: dict[str, Callable[[], Floats]] = {
        one.name: partial(detector_scores, one, x, state, seed)
        for one in reversed(detectors)
        if one.name not in tails.row_scores
    }
    compute |= {name: partial(related[name].__getitem__, at) for name in RELATED_SIGNALS}
    scores = {name: found[at] for name, found in tails.row_scores.items()} | _compute(compute, x.rows)
    names = [name for name in compute if name not in {one.name for one in BY_SIZE}]
    ranks = {name: found[at] for name, found in tails.row_ranks.items()} | _ranks(names, scores, state)
    votes = np.stack([ranks[one.name] for one in ranked], axis=1)
    anonymous = anonymous_share(view.roles)
    rank_anomaly = anomaly = combine_ranks(ranked, votes, anonymous, state)
    excess = None
    if EXTRAPOLATED in detectors:
        excess = combine_excesses(detectors, scores, anonymous, state)
        anomaly = state.ranks.of("excess", excess)
    column_risk = None
    if COLUMN_RISK in detectors:
        agreeing = state.detectors[COLUMN_RISK.name].require()["agreeing"]
        column_risk = SummedRisk(scores[COLUMN_RISK.name], float(agreeing))
    first = len(tails.features.names)
    for j, name in enumerate((*DETECTORS, *RELATED_SIGNALS)):
        inputs[:, first + j] = ranks[name]
    inputs[:, -len(TABLE_CONTEXT) :] = table_context(view)
    return ModelInputs(
        replace(tails.features, values=tails.features.values[at]),
        tails.varying,
        x.tails,
        votes,
        anomaly,
        rank_anomaly,
        excess,
        column_risk,
        inputs,
        columns,
        anonymity(anonymous),
        rows.order,
        rows.row_hashes,
        view.state,
    )


def _compute(compute: Mapping[str, Callable[[], Floats]], rows: int) -> dict[str, Floats]:
    """Call each function, two at a time."""
    found: dict[str, Floats] = {}

    def call(name: str) -> None:
        found[name] = compute[name]()

    in_threads(call, list(compute), enough=rows >= ROWS_PER_THREAD)
    return found


def _ranks(names: Sequence[str], scores: Mapping[str, Floats], state: ScoringState) -> dict[str, Floats]:
    """Return mid-ranks of named scores, two at a time."""
    ranks: dict[str, Floats] = {}

    def rank(name: str) -> None:
        ranks[name] = state.ranks.of(name, scores[name])

    in_threads(rank, list(names), enough=any(len(scores[name]) >= ROWS_PER_THREAD for name in names))
    return ranks


def _present(values: Matrix) -> Mask:
    """Return (features,) whether a feature is known for some row."""
    return np.array([bool(np.isfinite(values[:, j]).any()) for j in range(values.shape[1])], dtype=bool)


def table_context(view: ColumnView) -> Floats:
    """Return the TABLE_CONTEXT of the table, the same for all of its rows."""
    return view.state.context.get(lambda: np.array(_table_context(view)))


def _table_context(view: ColumnView) -> tuple[float, ...]:
    """Return the size of the table, length of its histories, and how many columns of some kinds it has."""
    actor, counterpart = view.entities.groups("actor"), view.entities.groups("counterpart")
    signals = sum(len(view.numbers.all(role)) for role in ("risk_signal", "trust_signal", "velocity"))
    return (
        np.log10(max(view.n_rows, 1)),
        float(np.log1p(np.nanmean(actor.count()))) if actor is not None else np.nan,
        float(np.log1p(np.nanmean(counterpart.count()))) if counterpart is not None else np.nan,
        float(signals),
        float(len(view.numbers.all("number"))),
    )
