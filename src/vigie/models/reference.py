"""One reference model: gradient-boosted trees on the evidence of a table.

A model sees only ranks within the table and what is said of related rows, never a unit or a name, so that it
can vote on a table whose columns it has never met.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import polars as pl

from vigie.boosting import xgboost_import
from vigie.boosting.xgboost_predict import margins
from vigie.features import BY_NAME
from vigie.models import imported_pipeline
from vigie.models.model_inputs import INPUTS

if TYPE_CHECKING:
    import xgboost

    from vigie.models.trained.model import TrainedModel

Matrix = npt.NDArray[np.float32]

FORMAT = 1
TREES, DEPTH, RATE = 160, 5, 0.08
NATIVE_COVERAGE = 0.6
"""Share of its columns that a model made elsewhere needs before it says anything."""

MONOTONE_WEIGHT = 0.55
"""Directions at least this sure are imposed on the trees."""


@dataclass(frozen=True)
class ReferenceModel:
    """A fitted model.

    Attributes:
        booster: the trees; their margin is the model's score.
        inputs: the names of the inputs, in the order the trees expect.
    """

    booster: xgboost.Booster
    inputs: tuple[str, ...]

    def margin(self, inputs: Matrix) -> npt.NDArray[np.float64]:
        """(rows,) log-odds of fraud in the training worlds; only the order means something on another table.

        Args:
            inputs: (rows, INPUTS) as `evidence.gather` makes them.
        """
        columns = None if self.inputs == INPUTS else [INPUTS.index(name) for name in self.inputs]
        return margins(self.booster, inputs, columns)

    def contributions(self, inputs: Matrix) -> npt.NDArray[np.float64]:
        """(rows, inputs of the model) what each input adds to the margin (TreeSHAP).

        Source: S. Lundberg et al., "Consistent Individualized Feature Attribution for Tree Ensembles", 2018.
        """
        matrix = xgboost_import.load().DMatrix(self._select(inputs), missing=float("nan"))
        return np.asarray(self.booster.predict(matrix, pred_contribs=True)[:, :-1], dtype=float)

    def to_bytes(self) -> bytes:
        """The trees as UBJSON."""
        return bytes(self.booster.save_raw("ubj"))

    def recipe(self) -> dict[str, Any]:
        """What has to be built before the trees can be asked, as plain JSON."""
        return {"format": FORMAT, "kind": "evidence", "inputs": list(self.inputs)}

    def _select(self, inputs: Matrix) -> Matrix:
        if self.inputs == INPUTS:
            return inputs
        return inputs[:, [INPUTS.index(name) for name in self.inputs]]


@dataclass(frozen=True)
class ImportedModel:
    """A model made elsewhere, which reads the columns of its own table.

    Attributes:
        booster: the trees.
        recipe: how its columns become its inputs, as `native` describes.
    """

    booster: xgboost.Booster
    recipe: Mapping[str, Any]

    def margin_of(self, frame: pl.DataFrame, bound: Mapping[str, str]) -> npt.NDArray[np.float64]:
        """(rows,) log-odds; all the same where the table lacks too many of its columns.

        Args:
            frame: typed table.
            bound: column of the model -> column of the table, as `binding.bind` finds them.
        """
        wanted = self.recipe["columns"]
        found = {name: frame[bound[name]].to_numpy() for name in wanted if name in bound}
        if len(found) < NATIVE_COVERAGE * len(wanted):
            return np.zeros(frame.height)
        return margins(self.booster, imported_pipeline.apply_steps(found, self.recipe))


def from_parts(booster: bytes, recipe: Mapping[str, Any]) -> ReferenceModel | ImportedModel | TrainedModel:
    """Rebuilds a model from verified bytes and its recipe."""
    if recipe.get("kind") == "native":
        return ImportedModel(xgboost_import.open_trees(booster), recipe)
    if recipe.get("kind") == "trained":
        from vigie.models.trained import model

        return model.from_parts(booster, recipe)
    return evidence_model(booster, recipe)


def evidence_model(booster: bytes, recipe: Mapping[str, Any]) -> ReferenceModel:
    """Rebuilds one of our own models."""
    return ReferenceModel(xgboost_import.open_trees(booster), tuple(recipe["inputs"]))


def fit(
    matrices: Sequence[Matrix],
    labels: Sequence[npt.NDArray[np.bool_]],
    *,
    seed: int,
    importance: Sequence[float] | None = None,
    inputs: tuple[str, ...] = INPUTS,
    trees: int = TREES,
    threads: int = 2,
) -> ReferenceModel:
    """Fits one model on many tables, each of which counts the same whatever its size or share of fraud.

    Args:
        matrices: for each table (rows, INPUTS).
        labels: for each table (rows,), true is fraud.
        importance: for each table, what it counts; 1 when not given.
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
    return ReferenceModel(xgboost.train(parameters, matrix, num_boost_round=trees), tuple(inputs))


def table_weights(label: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """(rows,) weights that sum to 100 for each table, a fifth of it on its frauds."""
    frauds = max(int(label.sum()), 1)
    honest = max(len(label) - int(label.sum()), 1)
    return np.where(label, 20.0 / max(frauds, 5), 80.0 / honest)


def monotone(name: str) -> int:
    """+1 where a higher input may only raise the score, -1 where it may only lower it, 0 where the trees decide."""
    if name.startswith("detector_tails"):
        return 1
    feature = BY_NAME.get(name.removeprefix("rank_"))
    if feature is None or feature.weight < MONOTONE_WEIGHT:
        return 0
    return feature.direction
