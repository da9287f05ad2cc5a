"""Gradient-boosted trees (XGBoost) on one labelled table: one fit, and cross-validation of parameters."""

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

MAX_ROUNDS, PATIENCE = 500, 30
BINS = 128
MASKED_SHARE = (0.1, 0.4)
"""Bounds of the share of columns that are masked in the second copy of a row."""

MASKED_WEIGHT = 1.0
"""Weight of the masked copy relative to the row; equal weights keep the trees from depending on few columns."""

DEFAULT_PARAMETERS: dict[str, Any] = {
    "eta": 0.08,
    "max_depth": 5,
    "min_child_weight": 3.0,
    "subsample": 0.8,
    "colsample_bytree": 0.6,
    "lambda": 3.0,
    "gamma": 0.0,
    "balance": 0.0,
}
"""Where tuning starts; `balance` is 0 where all rows have equal weight, 1 where both classes have."""


@dataclass(frozen=True)
class TrainingSet:
    """Rows to train on.

    Attributes:
        inputs: (rows, inputs).
        label: (rows,) true is fraud.
        weights: (rows,) how many rows each stands for.
    """

    inputs: Matrix
    label: Labels
    weights: Floats


@dataclass(frozen=True)
class CrossValidation:
    """Result of one set of parameters on the validation rows.

    Attributes:
        average_precision: mean over the folds.
        rounds: best number of boosting rounds, mean over the folds.
        margins: of each fold, (rows validated,).
    """

    average_precision: float
    rounds: int
    margins: tuple[Floats, ...]


def cross_validate(
    rows: TrainingSet,
    folds: Sequence[tuple[Rows, Rows]],
    parameters: Mapping[str, Any],
    *,
    seed: int,
    threads: int,
    inputs: int | None = None,
) -> CrossValidation:
    """Fit on the first part of each fold with early stopping on the second.

    The logarithmic loss stops early, not average precision: where one column decides, average precision is perfect after two
    rounds, which have learned nothing about rows without that column.

    Args:
        rows: all rows.
        folds: positions to fit on and positions to validate on.
        parameters: as in `DEFAULT_PARAMETERS`.
        seed: of the samples of rows and columns.
        threads: of XGBoost.
        inputs: number of inputs used, the first ones; all where None.
    """
    from sklearn.metrics import average_precision_score

    vendor = xgboost_import.load()
    scores, rounds, margins = [], [], []
    for fold in folds:
        matrices = []
        for part in fold:
            weight = _balanced(rows.label[part], rows.weights[part], parameters["balance"])
            label = rows.label[part].astype(np.float32)
            matrices.append(vendor.DMatrix(rows.inputs[part, :inputs], label, weight=weight, nthread=threads))
        booster = vendor.train(
            _xgboost_parameters(parameters, seed, threads) | {"eval_metric": "logloss"},
            matrices[0],
            MAX_ROUNDS,
            evals=[(matrices[1], "held")],
            early_stopping_rounds=PATIENCE,
            verbose_eval=False,
        )
        best = booster.best_iteration + 1
        margin = booster.predict(matrices[1], output_margin=True, iteration_range=(0, best))
        validated = fold[1]
        scores.append(
            average_precision_score(rows.label[validated], margin, sample_weight=rows.weights[validated])
        )
        rounds.append(best)
        margins.append(margin)
    return CrossValidation(float(np.mean(scores)), int(np.ceil(np.mean(rounds))), tuple(margins))


def fit_booster(
    rows: TrainingSet,
    parameters: Mapping[str, Any],
    rounds: int,
    *,
    seed: int,
    threads: int,
    dependencies: npt.NDArray[np.bool_] | None = None,
) -> xgboost.Booster:
    """Fit a booster on all rows.

    Args:
        rows: all rows.
        parameters: as in `DEFAULT_PARAMETERS`.
        rounds: of boosting.
        seed: of the samples and of the masks.
        threads: of XGBoost; the result does not depend on it.
        dependencies: (inputs, columns) which columns each input depends on. Where given, every row occurs a second time with
            some columns masked, so that the trees can do without them.
    """
    vendor = xgboost_import.load()
    x, label = rows.inputs, rows.label
    weights = _balanced(label, rows.weights, parameters["balance"])
    if dependencies is not None:
        masked = _mask_columns(x, dependencies, np.random.default_rng([seed, 5]))
        x, label = np.concatenate([x, masked]), np.r_[label, label]
        weights = np.r_[weights, weights * MASKED_WEIGHT]
    matrix = vendor.QuantileDMatrix(
        x, label.astype(np.float32), weight=weights, max_bin=BINS, nthread=threads
    )
    booster: xgboost.Booster = vendor.train(_xgboost_parameters(parameters, seed, threads), matrix, rounds)
    return booster


def _mask_columns(x: Matrix, dependencies: npt.NDArray[np.bool_], rng: np.random.Generator) -> Matrix:
    """Return a copy in which each row lacks some columns and all inputs that depend on them."""
    needed = dependencies.T.astype(np.float32)
    masked = x.copy()
    for start in range(0, len(x), 50_000):
        part = masked[start : start + 50_000]
        share = rng.uniform(*MASKED_SHARE, size=(len(part), 1))
        missing = (rng.random((len(part), dependencies.shape[1])) < share).astype(np.float32)
        part[missing @ needed > 0] = np.nan
    return masked


def _balanced(label: Labels, weights: Floats, balance: float) -> Floats:
    """Return (rows,) weights with frauds weighted up, at most to the sum of all other rows."""
    frauds, legitimate = max(weights[label].sum(), 1e-9), max(weights[~label].sum(), 1e-9)
    return np.where(label, weights * max(legitimate / frauds, 1.0) ** balance, weights)


def _xgboost_parameters(parameters: Mapping[str, Any], seed: int, threads: int) -> dict[str, Any]:
    chosen = {name: value for name, value in parameters.items() if name not in {"balance", "inputs"}}
    return {
        "objective": "binary:logistic",
        "tree_method": "hist",
        "max_bin": BINS,
        "seed": seed,
        "nthread": threads,
        **chosen,
    }
