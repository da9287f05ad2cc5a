"""Self-training: models of the table's own columns, fitted to what the ensemble finds most suspicious.

The ensemble scores features only. These models see the columns themselves, in their own units,
and learn what else the most suspicious rows have in common. Each is fitted on one half of the rows and scores the other, so
that it cannot repeat a row's pseudo-label, and its vote is always combined with the ensemble's, so that it cannot drift.
There are two views: the columns alone, and the columns with the related-entity signals of a day and a week, since fraud comes
in series. Neither serves all tables, so both vote.

Source: co-training, A. Blum, T. Mitchell, COLT 1998; learning from positive and unlabelled rows, C. Elkan, K. Noto,
KDD 2008.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from vigie.arrays import Floats, mid_ranks
from vigie.boosting import xgboost_import
from vigie.boosting.xgboost_predict import margins
from vigie.fitted_state import ScoringState, SelfTraining
from vigie.parallel import ROWS_PER_THREAD, in_threads

if TYPE_CHECKING:
    import xgboost

Matrix = npt.NDArray[np.float32]
Halves = npt.NDArray[np.int64]
Rows = npt.NDArray[np.intp]
Singles = npt.NDArray[np.float32]

PSEUDO_POSITIVE_SHARES = (0.03, 0.1)
"""Shares of the rows taken for suspicious where a trusted model leads; there is a model for each."""

RARE_SHARES = (0.03,)
"""The same everywhere else, where fraud may be rare: a tenth of the rows would then hide it."""

MIN_ROWS = 1000
"""Fewer rows are too few: half of them has not fifteen of the most suspicious."""

MAX_ROWS, SAMPLE = 30_000, 15_000
"""Rows of a half from which a sample is drawn, and its size: all pseudo-positive rows, and others at random that stand for the
rest. A sample of `MAX_ROWS` in which both are drawn alike has fewer pseudo-positive rows, and takes twice as long."""
ROUNDS, DEPTH, BINS = 60, 3, 64


def self_training_scores(
    columns: Floats,
    scores: Floats,
    seed: int,
    *,
    half: Halves | None = None,
    related: Floats | None = None,
    state: ScoringState | None = None,
    shares: Sequence[float] = PSEUDO_POSITIVE_SHARES,
) -> Floats | None:
    """Return (rows,) mean mid-ranks of the models, or None where the table is too small or has no columns.

    Args:
        columns: (rows, columns) the table's own, as finite numbers.
        scores: (rows,) of the ensemble, higher is more suspicious.
        seed: of the halves and trees.
        half: (rows,) 0 or 1, the half of each row; drawn where it is not given.
        related: (rows, signals) related-entity signals, NaN where there are none.
        state: of the fitted table.
        shares: of the rows taken for suspicious, while the table is fitted.
    """
    state = state or ScoringState()
    rng = np.random.default_rng([seed, 11])
    if half is None:
        half = rng.integers(0, 2, len(columns))
    fitted = state.self_training.refit(lambda: _fit(columns, scores, seed, half, related, rng, shares))
    if not fitted.boosters:
        return None
    views = _views(columns, related, fitted.related)
    ranks: dict[tuple[float, str], Floats] = {}

    def score(model: tuple[float, str]) -> None:
        share, view = model
        out = np.zeros(len(columns))
        for part in (0, 1):
            rows = np.flatnonzero(half == part)
            out[rows] = margins(fitted.boosters[f"{view} {share} {part}"], views[view], rows=rows)
        ranks[model] = state.ranks.of(f"self-training {view} {share}", out)

    models = tuple(product(_shares(fitted), views))
    in_threads(score, models, enough=len(columns) >= ROWS_PER_THREAD)
    return np.asarray(np.mean([ranks[model] for model in models], axis=0))


def _shares(fitted: SelfTraining) -> list[float]:
    """Return the shares that models were fitted for, in ascending order."""
    return sorted({float(name.split()[1]) for name in fitted.boosters})


def _views(columns: Floats, related: Floats | None, chosen: Sequence[int]) -> dict[str, Matrix]:
    views = {"columns": columns.astype(np.float32)}
    if related is not None and chosen:
        signals = related[:, list(chosen)].astype(np.float32)
        views["related"] = np.column_stack([views["columns"], signals])
    return views


def _fit(
    columns: Floats,
    scores: Floats,
    seed: int,
    half: Halves,
    related: Floats | None,
    rng: np.random.Generator,
    shares: Sequence[float],
) -> SelfTraining:
    """Fit a model for each view, share and half on the other half of the rows, two at a time."""
    smallest = int(np.bincount(half, minlength=2).min())
    # Where hardly any rows differ they may all be in one half, which leaves no model for the other.
    if len(columns) < MIN_ROWS or not columns.shape[1] or smallest < MIN_ROWS // 4:
        return SelfTraining({})
    known = () if related is None else np.flatnonzero(np.isfinite(related).any(axis=0)).tolist()
    views, rank = _views(columns, related, known), mid_ranks(scores)
    samples = [_sample(np.flatnonzero(half != part), rank, 1 - max(shares), rng) for part in (0, 1)]
    boosters: dict[str, xgboost.Booster] = {}

    def fit(model: tuple[int, str]) -> None:
        part, view = model
        rows, weight = samples[part]
        found = _fit_pseudo_labels(views[view][rows], rank[rows], weight, seed, shares)
        boosters.update({f"{view} {share} {part}": booster for share, booster in found.items()})

    in_threads(fit, tuple(product((0, 1), views)))
    return SelfTraining(boosters, tuple(known))


def _sample(rows: Rows, rank: Floats, suspicious: float, rng: np.random.Generator) -> tuple[Rows, Singles]:
    """Return the rows of a half that models are fitted on, in ascending order, and how many of `MAX_ROWS` each stands for.

    Args:
        rows: of the half.
        rank: (table rows,) mid-ranks of the scores.
        suspicious: rank from which a row may be pseudo-positive; all of these are in the sample.
        rng: draws the others.
    """
    if len(rows) <= MAX_ROWS:
        return rows, np.ones(len(rows), dtype=np.float32)
    chosen = rank[rows] >= suspicious
    others = np.flatnonzero(~chosen)
    drawn = rng.choice(others, max(SAMPLE - int(chosen.sum()), SAMPLE // 2), replace=False)
    weight = chosen.astype(np.float32)
    weight[drawn] = len(others) / len(drawn)
    kept = np.flatnonzero(weight)
    return rows[kept], np.asarray(weight[kept] * np.float32(MAX_ROWS / len(rows)))


def _fit_pseudo_labels(
    x: Matrix, rank: Floats, stands_for: Singles, seed: int, shares: Sequence[float]
) -> Mapping[float, xgboost.Booster]:
    """Fit a model for each share of pseudo-positive rows.

    Args:
        x: (rows, inputs) of the sample.
        rank: (rows,) mid-ranks of the scores.
        stands_for: (rows,) how many rows each stands for.
        seed: of the trees.
        shares: of the rows taken for suspicious.
    """
    vendor = xgboost_import.load()
    parameters = {
        "objective": "binary:logistic",
        "max_depth": DEPTH,
        "max_bin": BINS,
        "eta": 0.1,
        "subsample": 0.7,
        "colsample_bytree": 0.6,
        "lambda": 5.0,
        "min_child_weight": 5.0,
        "seed": seed,
        # The trees are too small to share: on a busy machine a second thread costs ten times what it saves.
        "nthread": 1,
    }
    # The bins depend on the rows alone, so they are made once.
    matrix = vendor.QuantileDMatrix(x, max_bin=BINS, nthread=1)
    boosters = {}
    for share in shares:
        label = (rank >= 1 - share).astype(np.float32)
        positive, negative = (max(stands_for[label == value].sum(), 1) for value in (1, 0))
        weight = np.where(label > 0, 0.5 / positive, 0.5 / negative) * stands_for * stands_for.sum()
        matrix.set_info(label=label, weight=weight)
        boosters[share] = vendor.train(parameters, matrix, ROUNDS)
    return boosters
