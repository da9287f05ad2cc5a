"""Trees on one labelled table: fitted with weights instead of invented rows, judged on rows held out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from vigie.arrays import Floats
from vigie.boosting import xgboost_import

if TYPE_CHECKING:
    import xgboost

Matrix = npt.NDArray[np.float32]
Labels = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]

MOST_ROUNDS, PATIENCE = 500, 30
BINS = 128
MASKED = (0.1, 0.4)
"""Share of the columns that are hidden in the second look at a row, between these two."""

MASKED_WEIGHT = 1.0
"""What a row with hidden columns counts beside the row itself: as much, which also keeps the trees from leaning on few."""

BY_DEFAULT: dict[str, Any] = {
    "eta": 0.08,
    "max_depth": 5,
    "min_child_weight": 3.0,
    "subsample": 0.8,
    "colsample_bytree": 0.6,
    "lambda": 3.0,
    "gamma": 0.0,
    "balance": 0.0,
}
"""Where tuning starts; `balance` is 0 where every row counts the same, 1 where both classes do."""


@dataclass(frozen=True)
class Lesson:
    """Rows to learn from.

    Attributes:
        inputs: (rows, inputs).
        label: (rows,) true is fraud.
        weights: (rows,) how many rows each stands for.
    """

    inputs: Matrix
    label: Labels
    weights: Floats


@dataclass(frozen=True)
class Judged:
    """How some parameters did on held-out rows.

    Attributes:
        average_precision: mean over the folds.
        rounds: of boosting worth having.
        margins: of each fold, (rows judged,).
    """

    average_precision: float
    rounds: int
    margins: tuple[Floats, ...]


def judge(
    lesson: Lesson,
    folds: Sequence[tuple[Rows, Rows]],
    chosen: Mapping[str, Any],
    *,
    seed: int,
    threads: int,
    inputs: int | None = None,
) -> Judged:
    """Fits on the first part of each fold with early stopping on the second.

    The logarithmic loss stops it: average precision is perfect after two rounds where one column decides, and two
    rounds know nothing of what to do without that column.

    Args:
        lesson: all rows.
        folds: positions to fit on and positions to judge on.
        chosen: parameters, as in `BY_DEFAULT`.
        seed: of the samples of rows and columns.
        threads: of XGBoost.
        inputs: look at so many first inputs only.
    """
    from sklearn.metrics import average_precision_score

    vendor = xgboost_import.load()
    found, rounds, margins = [], [], []
    for fit_on, judge_on in folds:
        parts = []
        for rows in (fit_on, judge_on):
            weight = _balanced(lesson.label[rows], lesson.weights[rows], chosen["balance"])
            x = lesson.inputs[rows, :inputs]
            parts.append(
                vendor.DMatrix(x, lesson.label[rows].astype(np.float32), weight=weight, nthread=threads)
            )
        booster = vendor.train(
            _parameters(chosen, seed, threads) | {"eval_metric": "logloss"},
            parts[0],
            MOST_ROUNDS,
            evals=[(parts[1], "held")],
            early_stopping_rounds=PATIENCE,
            verbose_eval=False,
        )
        best = booster.best_iteration + 1
        margin = booster.predict(parts[1], output_margin=True, iteration_range=(0, best))
        found.append(
            average_precision_score(lesson.label[judge_on], margin, sample_weight=lesson.weights[judge_on])
        )
        rounds.append(best)
        margins.append(margin)
    return Judged(float(np.mean(found)), int(np.ceil(np.mean(rounds))), tuple(margins))


def fit(
    lesson: Lesson,
    chosen: Mapping[str, Any],
    rounds: int,
    *,
    seed: int,
    threads: int,
    needs: npt.NDArray[np.bool_] | None = None,
) -> xgboost.Booster:
    """Fits for good.

    Args:
        lesson: all rows.
        chosen: parameters.
        rounds: of boosting.
        seed: of the samples, and of what is hidden.
        threads: of XGBoost; the result does not depend on it.
        needs: (inputs, columns) which columns each input needs. Where given, every row is shown a second time with some
            columns hidden, so that the trees know what to do without them.
    """
    vendor = xgboost_import.load()
    x, label, weights = lesson.inputs, lesson.label, lesson.weights
    weights = _balanced(label, weights, chosen["balance"])
    if needs is not None:
        hidden = _hide(x, needs, np.random.default_rng([seed, 5]))
        x, label = np.concatenate([x, hidden]), np.r_[label, label]
        weights = np.r_[weights, weights * MASKED_WEIGHT]
    matrix = vendor.QuantileDMatrix(
        x, label.astype(np.float32), weight=weights, max_bin=BINS, nthread=threads
    )
    booster: xgboost.Booster = vendor.train(_parameters(chosen, seed, threads), matrix, rounds)
    return booster


def _hide(x: Matrix, needs: npt.NDArray[np.bool_], rng: np.random.Generator) -> Matrix:
    """A copy where each row lacks some columns, and everything that is computed from them."""
    wide = needs.T.astype(np.float32)
    hidden = x.copy()
    for start in range(0, len(x), 50_000):
        part = hidden[start : start + 50_000]
        share = rng.uniform(*MASKED, size=(len(part), 1))
        gone = (rng.random((len(part), needs.shape[1])) < share).astype(np.float32)
        part[gone @ wide > 0] = np.nan
    return hidden


def _balanced(label: Labels, weights: Floats, balance: float) -> Floats:
    """(rows,) weights where frauds count more, up to as much as everything else together."""
    frauds, honest = max(weights[label].sum(), 1e-9), max(weights[~label].sum(), 1e-9)
    return np.where(label, weights * max(honest / frauds, 1.0) ** balance, weights)


def _parameters(chosen: Mapping[str, Any], seed: int, threads: int) -> dict[str, Any]:
    given = {name: value for name, value in chosen.items() if name not in {"balance", "inputs"}}
    return {
        "objective": "binary:logistic",
        "tree_method": "hist",
        "max_bin": BINS,
        "seed": seed,
        "nthread": threads,
        **given,
    }
