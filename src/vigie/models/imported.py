"""Imported models, which read the columns of their own training table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from vigie.arrays import Floats
from vigie.boosting import xgboost_import
from vigie.boosting.xgboost_predict import margins
from vigie.models.base import TableVote
from vigie.models.binding import bind
from vigie.models.imported_pipeline import apply_steps
from vigie.models.model_inputs import ModelInputs
from vigie.roles.inference import Roles

if TYPE_CHECKING:
    import xgboost

MIN_COVERAGE = 0.6
"""Share of its columns that a table must have for the model to vote."""


@dataclass(frozen=True)
class ImportedModel:
    """A fitted model.

    Attributes:
        booster: the trees.
        recipe: how its columns become its inputs, as `imported_pipeline` describes.
    """

    booster: xgboost.Booster
    recipe: Mapping[str, Any]

    def vote(
        self, frame: pl.DataFrame, roles: Roles, inputs: ModelInputs, columns: Mapping[str, str]
    ) -> TableVote:
        """Bind the model by the names and roles of its columns, and return its vote."""
        bound = bind(columns, {column.column: column.role for column in roles.columns})
        return TableVote(self.margin(frame, inputs, bound), bound)

    def margin(self, frame: pl.DataFrame, inputs: ModelInputs, bound: Mapping[str, str]) -> Floats:
        """Return (rows,) log-odds of fraud, rows in the order of the inputs."""
        return self.margin_of(frame[inputs.order], bound)

    def margin_of(self, frame: pl.DataFrame, bound: Mapping[str, str]) -> Floats:
        """Return (rows,) log-odds of fraud; all 0 where the table lacks too many of its columns.

        Args:
            frame: (rows, columns) typed.
            bound: column of the model -> column of the frame.
        """
        wanted = self.recipe["columns"]
        found = {name: frame[bound[name]].to_numpy() for name in wanted if name in bound}
        if len(found) < MIN_COVERAGE * len(wanted):
            return np.zeros(frame.height)
        return margins(self.booster, apply_steps(found, self.recipe))

    @classmethod
    def from_parts(cls, booster: bytes, recipe: Mapping[str, Any]) -> ImportedModel:
        """Return a model from verified bytes and its recipe."""
        return cls(xgboost_import.open_trees(booster), recipe)
