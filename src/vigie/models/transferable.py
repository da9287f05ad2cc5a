"""A model that scores any table: gradient-boosted trees on the model inputs.

It sees ranks within the table and related-entity signals, never a unit or a name, so that it can vote on a table whose
columns it has never met. The starter models are of this kind, and so is one half of a trained model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import polars as pl

from vigie.arrays import Floats
from vigie.boosting import xgboost_import
from vigie.boosting.xgboost_predict import margins
from vigie.features import BY_NAME
from vigie.models.base import TableVote
from vigie.models.model_inputs import INPUTS, ModelInputs
from vigie.roles.inference import Roles

if TYPE_CHECKING:
    import xgboost

Matrix = npt.NDArray[np.float32]

FORMAT = 1
TREES, DEPTH, RATE = 160, 5, 0.08
MONOTONE_WEIGHT = 0.55
"""Features of at least this weight are constrained to their direction of risk."""


@dataclass(frozen=True)
class TransferableModel:
    """A fitted model.

    Attributes:
        booster: the trees; their margin is the model's score.
        inputs: names of the model inputs, in the order of the trees.
    """

    booster: xgboost.Booster
    inputs: tuple[str, ...]

    def vote(
        self, frame: pl.DataFrame, roles: Roles, inputs: ModelInputs, columns: Mapping[str, str]
    ) -> TableVote:
        """Return the vote on a table; the columns do not matter."""
        return TableVote(self.margin_of(inputs.inputs))

    def margin(self, frame: pl.DataFrame, inputs: ModelInputs, bound: Mapping[str, str]) -> Floats:
        """Return (rows,) log-odds of fraud; the columns do not matter."""
        return self.margin_of(inputs.inputs)

    def margin_of(self, inputs: Matrix) -> Floats:
        """Return (rows,) log-odds of fraud from the (rows, INPUTS) model inputs."""
        columns = None if self.inputs == INPUTS else [INPUTS.index(name) for name in self.inputs]
        return margins(self.booster, inputs, columns)

    def to_bytes(self) -> bytes:
        """Return the trees as UBJSON."""
        return bytes(self.booster.save_raw("ubj"))

    def recipe(self) -> dict[str, Any]:
        """Return how the inputs of the trees are made, as plain JSON."""
        return {"format": FORMAT, "kind": "evidence", "inputs": list(self.inputs)}

    @classmethod
    def from_parts(cls, booster: bytes, recipe: Mapping[str, Any]) -> TransferableModel:
        """Return a model from verified bytes and its recipe."""
        return cls(xgboost_import.open_trees(booster), tuple(recipe["inputs"]))


def fit(
    matrices: Sequence[Matrix],
    labels: Sequence[npt.NDArray[np.bool_]],
    *,
    seed: int,
    importance: Sequence[float] | None = None,
    inputs: tuple[str, ...] = INPUTS,
    trees: int = TREES,
    threads: int = 2,
) -> TransferableModel:
    """Fit one model on many tables, each of which counts the same whatever its size or share of fraud.

    Args:
        matrices: for each table (rows, INPUTS).
        labels: for each table (rows,), true is fraud.
        importance: for each table, what it counts; 1 where it is not given.
        seed: of the row and column samples.
        inputs: the inputs the model may use.
        trees: number of boosting rounds.
        threads: of XGBoost; the result does not depend on it.
    """
    xgboost = xgboost_import.load()
    columns = [INPUTS.index(name) for name in inputs]
    counts = importance or [1.0] * len(labels)
    weights = [count * table_weights(label) for label, count in zip(labels, counts, strict=True)]
    matrix = xgboost.QuantileDMatrix(
        np.concatenate([m[:, columns] for m in matrices]),
        label=np.concatenate(labels).astype(np.float32),
        weight=np.concatenate(weights).astype(np.float32),
        max_bin=64,
    )
    parameters = {
        "objective": "binary:logistic",
        "max_depth": DEPTH,
        "eta": RATE,
        "subsample": 0.7,
        "colsample_bytree": 0.5,
        "colsample_bynode": 0.5,
        "min_child_weight": 2.0,
        "lambda": 3.0,
        "seed": seed,
        "tree_method": "hist",
        "max_bin": 64,
        "monotone_constraints": tuple(monotone(name) for name in inputs),
        "base_score": 0.1,
        "nthread": threads,
    }
    return TransferableModel(xgboost.train(parameters, matrix, num_boost_round=trees), tuple(inputs))


def table_weights(label: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Return (rows,) weights that sum to 100, a fifth of it on the frauds; less with fewer than five frauds."""
    frauds = max(int(label.sum()), 1)
    legitimate = max(len(label) - int(label.sum()), 1)
    return np.where(label, 20.0 / max(frauds, 5), 80.0 / legitimate)


def monotone(name: str) -> int:
    """Return +1 where a higher input may only raise the score, -1 where it may only lower it, 0 without a constraint."""
    if name.startswith("detector_tails"):
        return 1
    feature = BY_NAME.get(name.removeprefix("rank_"))
    if feature is None or feature.weight < MONOTONE_WEIGHT:
        return 0
    return feature.direction
