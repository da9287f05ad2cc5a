"""What the reference models look at: everything as ranks within the table, so that no scale tells tables apart.

Three kinds of input: the rank of each feature; the ranks of the detectors that need no labels; and what the
detectors say of *other* rows with the same customer, counterparty, device or ip, because fraud comes in series.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np
import numpy.typing as npt
import polars as pl

from vigie import features
from vigie.arrays import Floats
from vigie.detectors.base import DetectorInputs
from vigie.detectors.combine import anonymous_share, combine_detectors
from vigie.detectors.raw_columns import raw_columns
from vigie.detectors.registry import BUILT_IN, ROW_DETECTORS, detector_scores, detectors_of
from vigie.detectors.tail_scores import one_sided_tail_scores
from vigie.features.cells import column_hash
from vigie.features.columns import ColumnView
from vigie.features.related import RECENT_RELATED, RELATED_SIGNALS, related_signals
from vigie.fitted_state import FeatureState, FittedState, ScoringState
from vigie.parallel import MANY, in_threads
from vigie.roles.inference import Roles

DETECTORS = tuple(detector.name for detector in BUILT_IN)
TABLE_CONTEXT = ("table_rows", "table_history", "table_repeat_counterparts", "table_signals", "table_numbers")
INPUTS: tuple[str, ...] = (
    *(f"rank_{name}" for name in features.NAMES),
    *(f"detector_{name}" for name in DETECTORS),
    *RELATED_SIGNALS,
    *TABLE_CONTEXT,
)

_GRID = 2.0**24


@dataclass(frozen=True)
class ModelInputs:
    """The inputs of the reference models for one table.

    Rows are in an order of their own, by their cells, so that samples and ties fall the same way however the
    upload was sorted: row i here is row `order[i]` of the table.

    Attributes:
        features: the raw unit-free features.
        known: (features,) which of them this table can tell.
        tails: (rows, features) one-sided tail evidence in nats.
        detectors: (rows, detectors) mid-ranks of the label-free detectors, the built-in ones first.
        anomaly: (rows,) their combination, in (0, 1).
        inputs: (rows, INPUTS) float32, ranks and context; NaN is unknown.
        columns: (rows, columns) the table's own columns as numbers, for who needs their units.
        order: (rows,) the table's row of each row here.
        prints: (rows,) a fingerprint of the cells of each row.
        state: what features know of the table.
    """

    features: features.Features
    known: npt.NDArray[np.bool_]
    tails: npt.NDArray[np.float32]
    detectors: npt.NDArray[np.float64]
    anomaly: npt.NDArray[np.float64]
    inputs: npt.NDArray[np.float32]
    columns: npt.NDArray[np.float64]
    order: npt.NDArray[np.int64]
    prints: npt.NDArray[np.uint64]
    state: FeatureState

    @property
    def company(self) -> Floats:
        """(rows, COMPANY) what related rows around each row's moment say of it; NaN where there are none."""
        return self.inputs[:, [INPUTS.index(name) for name in RECENT_RELATED]].astype(float)


def build_inputs(
    frame: pl.DataFrame,
    roles: Roles,
    *,
    seed: int = 0,
    state: FittedState | None = None,
    only: npt.NDArray[np.int64] | None = None,
    apart: npt.NDArray[np.int64] | None = None,
) -> ModelInputs:
    """Computes features, detectors and the evidence of related rows.

    Neither the order of the columns nor that of the rows changes anything, nor what the columns are called
    where their roles are the same.

    Args:
        frame: (rows, columns) typed table.
        roles: the role of each column.
        seed: of the forests and samples.
        state: what is known of the table as a whole; with answers of another table, these rows are told in its
            terms.
        only: the rows to tell of, in this order, where the others are there for their sake; needs what is known.
        apart: (rows,) from 0; rows with different numbers know nothing of each other; needs what is known.
    """
    state = state or FittedState()
    facts, order, rows = canonical_view(frame, roles, state.features, apart)
    tails = tail_scores(features.build(facts.frame, facts.roles, facts), state.scoring)
    peers = related_signals(facts, tails.suspicion, state.scoring)
    if only is None:
        return finish_inputs(facts, tails, peers, state.scoring, seed, RowSelection(order, rows[order]))
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    asked = RowSelection(np.arange(len(only)), rows[only], place[only])
    return finish_inputs(facts, tails, peers, state.scoring, seed, asked)


def matching_features(frame: pl.DataFrame, roles: Roles) -> tuple[features.Features, npt.NDArray[np.int64]]:
    """The `features` and the `order` of `gather`, without the detectors that only scoring needs.

    Args:
        frame: (rows, columns) typed table.
        roles: the role of each column.
    """
    facts, order, _ = canonical_view(frame, roles, FeatureState())
    return features.build(facts.frame, facts.roles, facts), order


def canonical_view(
    frame: pl.DataFrame, roles: Roles, state: FeatureState, apart: npt.NDArray[np.int64] | None = None
) -> tuple[ColumnView, npt.NDArray[np.int64], npt.NDArray[np.uint64]]:
    """The facts of a table in its own order of rows and columns, that order, and the fingerprints in the table's."""
    rows, prints, cells = row_hashes(frame, state)
    order = np.argsort(rows, kind="stable")
    ordered = Roles(tuple(sorted(roles.columns, key=lambda c: (c.role, prints[c.column], c.column))))
    sorted_frame = frame.select([c.column for c in ordered.columns])[order] if frame.height else frame
    facts = ColumnView(sorted_frame, ordered, state, partition=None if apart is None else apart[order])
    facts.known_hashes = {name: cells[name].to_numpy().view(np.int64)[order] for name in cells.columns}
    return facts, order, rows


def row_hashes(
    frame: pl.DataFrame, state: FeatureState
) -> tuple[npt.NDArray[np.uint64], dict[str, int], pl.DataFrame]:
    """(rows,) a fingerprint of each row, which depends on its cells alone; of each column's cells; of each cell."""
    total = np.zeros(frame.height, dtype=np.uint64)
    prints = {}
    hashed = frame.select(pl.all().hash(seed=0))
    for name in frame.columns:
        cells: npt.NDArray[np.uint64] = hashed[name].to_numpy()
        prints[name] = state.columns[name].hash.get(partial(column_hash, cells))
        # Columns must not be interchangeable: each multiplies by an odd number of its own.
        total += cells * np.uint64(prints[name] | 1)
    return total, prints, hashed


@dataclass(frozen=True)
class RowSelection:
    """The rows that evidence is told of.

    Attributes:
        order: the table's row of each.
        prints: a fingerprint of the cells of each.
        asked: their places among the rows whose features are known; all of them where it is not given.
    """

    order: npt.NDArray[np.int64]
    prints: npt.NDArray[np.uint64]
    asked: npt.NDArray[np.int64] | None = None


@dataclass(frozen=True)
class TailScores:
    """How far out rows are, feature by feature.

    Attributes:
        features: the raw features.
        known: (features,) which of them the table can tell.
        inputs: (rows, INPUTS) float32, with the ranks of the features; the rest is still NaN.
        evidence: (rows, features) one-sided, in nats.
        energies: (rows,) mid-ranks of each sum of it.
    """

    features: features.Features
    known: npt.NDArray[np.bool_]
    inputs: npt.NDArray[np.float32]
    evidence: npt.NDArray[np.float32]
    energies: dict[str, Floats]

    @cached_property
    def suspicion(self) -> Floats:
        """(rows,) in nats, on a grid on which sums do not depend on what was summed before."""
        ranks = np.stack([self.energies[detector.name] for detector in ROW_DETECTORS], axis=1)
        return np.asarray(np.round(-np.log(1 - ranks.mean(axis=1) + 1e-4) * _GRID) / _GRID)


def tail_scores(built: features.Features, state: ScoringState) -> TailScores:
    """Ranks and tails of features.

    Args:
        built: the features of some rows, or of all.
        state: what is known of the table as a whole.
    """
    state.varying.get(built.known)
    inputs = np.full((len(built.values), len(INPUTS)), np.nan, dtype=np.float32, order="F")
    ranks = inputs[:, : len(built.names)]

    def rank(j: int) -> None:
        ranks[:, j] = state.ranks.of(built.names[j], built.values[:, j])

    present = np.flatnonzero(state.present.get(lambda: _any(built.values)))
    in_threads(rank, present.tolist(), worth=len(built.values) >= MANY)
    return tail_scores_of_ranks(built, inputs, state)


def tail_scores_of_ranks(
    built: features.Features, inputs: npt.NDArray[np.float32], state: ScoringState
) -> TailScores:
    """Tails of features whose ranks are known already, in the first columns of `inputs`."""
    known = state.varying.get(built.known)
    evidence = one_sided_tail_scores(inputs[:, : len(built.names)], known)
    x = DetectorInputs(np.zeros((len(evidence), 0)), evidence, known)
    energies = {one.name: state.ranks.of(one.name, one.score(x, {})) for one in ROW_DETECTORS}
    return TailScores(built, known, inputs, evidence, energies)


def finish_inputs(
    facts: ColumnView,
    tails: TailScores,
    peers: Mapping[str, Floats],
    state: ScoringState,
    seed: int,
    rows: RowSelection,
) -> ModelInputs:
    """The evidence of the rows that are asked for: from here on each row stands for itself.

    Args:
        facts: the table, or the rows of it whose features are known.
        tails: of the same rows.
        peers: what related rows say of them, as `related` has it.
        state: what is known of the table as a whole.
        seed: of the forests and samples.
        rows: which of them to tell of.
    """
    asked, known = slice(None) if rows.asked is None else rows.asked, tails.known
    built = tails.features
    evidence, inputs = tails.evidence[asked], tails.inputs[asked]
    columns = raw_columns(facts.frame, facts.roles, facts)[asked]
    x = DetectorInputs(columns, evidence, known)
    voting = detectors_of(state)
    # The slowest first.
    later = [one for one in reversed(voting) if one not in ROW_DETECTORS]
    compute: dict[str, Callable[[], Floats]] = {
        one.name: partial(detector_scores, one, x, state, seed) for one in later
    }
    compute |= {name: partial(peers[name].__getitem__, asked) for name in RELATED_SIGNALS}
    ranks = {name: energies[asked] for name, energies in tails.energies.items()}

    def rank(name: str) -> None:
        ranks[name] = state.ranks.of(name, compute[name]())

    in_threads(rank, list(compute), worth=len(columns) >= MANY)
    detectors = np.stack([ranks[one.name] for one in voting], axis=1)
    combined = combine_detectors(voting, detectors, anonymous_share(facts.roles), state)
    at = len(built.names)
    for name in (*DETECTORS, *RELATED_SIGNALS):
        inputs[:, at] = ranks[name]
        at += 1
    inputs[:, at:] = table_context(facts)[asked]
    built = replace(built, values=built.values[asked])
    return ModelInputs(
        built, known, evidence, detectors, combined, inputs, columns, rows.order, rows.prints, facts.state
    )


def _any(values: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    """(features,) whether a feature is known for some row."""
    return np.array([bool(np.isfinite(values[:, j]).any()) for j in range(values.shape[1])], dtype=bool)


def table_context(facts: ColumnView) -> Floats:
    """(rows, CONTEXT) what the table is like, the same for every row."""
    values = facts.state.context.get(lambda: np.array(_about(facts)))
    return np.tile(values, (facts.n_rows, 1))


def _about(facts: ColumnView) -> tuple[float, ...]:
    """What the table is like: its size, how long its histories are, what kinds of columns it has."""
    actor, counterpart = facts.entities.groups("actor"), facts.entities.groups("counterpart")
    return (
        np.log10(max(facts.n_rows, 1)),
        float(np.log1p(np.nanmean(actor.count()))) if actor is not None else np.nan,
        float(np.log1p(np.nanmean(counterpart.count()))) if counterpart is not None else np.nan,
        float(
            len(facts.numbers.all("risk_signal"))
            + len(facts.numbers.all("trust_signal"))
            + len(facts.numbers.all("velocity"))
        ),
        float(len(facts.numbers.all("number"))),
    )
