"""Imported models, which read the columns of their own training table."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import polars as pl

from vigie.arrays import Floats
from vigie.boosting import xgboost_import
from vigie.boosting.xgboost_predict import margins
from vigie.models.base import TableVote
from vigie.models.binding import bind
from vigie.models.column_assignment import ColumnMatch
from vigie.models.imported_cells import read_categories, read_numbers
from vigie.models.imported_columns import ColumnTrace, ImportedColumn, describe_columns, trace_columns
from vigie.models.imported_matching import ColumnCoverage, coverage_of, match_imported, table_columns
from vigie.models.imported_pipeline import apply_steps
from vigie.models.model_inputs import ModelInputs
from vigie.models.trained.table_model import matched_names
from vigie.roles.inference import Roles

if TYPE_CHECKING:
    import xgboost

MIN_COVERAGE = 0.6
"""Share of its columns that a table must have for the model to vote."""

MAX_TRUST = 0.97
"""Largest weight of an imported model beside all other members together: that of a trained one."""

UNSTATED_SKILL = 0.7
"""ROC AUC of a model whose owner states none."""

SMALLEST_PROBABILITY = 1e-6
"""Probability of a forest below which a row has the log-odds of this one."""

TRUST_RAMPS = {"similarity": (0.5, 0.65), "present": (0.6, 0.8), "columns": (0.55, 0.8), "skill": (0.5, 0.7)}
"""Values from which trust begins, and from which it is full: of the similarity of the columns, of the weight and of the share
of those that were found, and of the ROC AUC that the owner states or that was measured.

More has to be present than for a trained model, which was trained with columns left out.
"""


@dataclass(frozen=True)
class ImportedModel:
    """A fitted model.

    Attributes:
        booster: the trees.
        recipe: how its columns become its inputs, as `imported_pipeline` describes; under `own` what is known of the
            columns, which models imported by earlier versions lack.
    """

    booster: xgboost.Booster
    recipe: Mapping[str, Any]

    def vote(
        self, frame: pl.DataFrame, roles: Roles, inputs: ModelInputs, columns: Mapping[str, str]
    ) -> TableVote:
        """Bind the model to the columns of a table, and return its vote.

        Where the table is one like its own, the columns are found by names, roles and values, and the vote is trusted; else
        by names and roles alone.
        """
        own = self._own(columns)
        found = self._match(frame, roles, columns)
        trust = trust_in(coverage_of(own["worth"], found), own.get("roc_auc"))
        bound = matched_names(found)
        if trust <= 0:
            bound = bind(columns, {column.column: column.role for column in roles.columns})
        return TableVote(self.margin(frame, inputs, bound), bound, trust)

    def find_columns(self, frame: pl.DataFrame, roles: Roles, columns: Mapping[str, str]) -> dict[str, str]:
        """Return column of the model -> column of a table like its own.

        Args:
            frame: (rows, columns) typed.
            roles: of its columns.
            columns: column of the model -> its role.
        """
        return matched_names(self._match(frame, roles, columns))

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
        found = {
            name: _cells(frame[bound[name]], trace)
            for name, trace in zip(wanted, self._traces, strict=True)
            if name in bound
        }
        if not self.has_enough(found):
            return np.zeros(frame.height)
        matrix, output = apply_steps(found, self.recipe), self.recipe.get("output", "log-odds")
        if output == "margin":
            return matrix[:, 0].astype(np.float64)
        margin = margins(self.booster, matrix)
        return _log_odds(margin) if output == "probability" else margin

    def has_enough(self, found: Collection[str]) -> bool:
        """Return whether enough of the columns that the classifier sees are among those found."""
        names = zip(self.recipe["columns"], self._traces, strict=True)
        used = [name for name, trace in names if trace.used]
        return sum(name in found for name in used) >= MIN_COVERAGE * len(used)

    @classmethod
    def from_parts(cls, booster: bytes, recipe: Mapping[str, Any]) -> ImportedModel:
        """Return a model from verified bytes and its recipe."""
        return cls(xgboost_import.open_trees(booster), recipe)

    def _match(self, frame: pl.DataFrame, roles: Roles, columns: Mapping[str, str]) -> dict[str, ColumnMatch]:
        known = [ImportedColumn.from_json(item) for item in self._own(columns)["columns"]]
        return match_imported(known, table_columns(frame, roles))

    @cached_property
    def _traces(self) -> list[ColumnTrace]:
        return trace_columns(self.recipe, self.booster)

    def _own(self, roles: Mapping[str, str]) -> Mapping[str, Any]:
        """Return what is known of the columns."""
        if "own" in self.recipe:
            stored: Mapping[str, Any] = self.recipe["own"]
            return stored
        names = self.recipe["columns"]
        return describe_columns(names, {name: roles.get(name, "none") for name in names}, self._traces, {})


def trust_in(coverage: ColumnCoverage, skill: float | None) -> float:
    """Return the weight of an imported model beside all other members together, from 0 to `MAX_TRUST`.

    Args:
        coverage: of its columns by those of a table.
        skill: ROC AUC that its owner states or that was measured; None where there is none.
    """
    values = {**vars(coverage), "skill": UNSTATED_SKILL if skill is None else skill}
    trust = MAX_TRUST
    for name, (low, high) in TRUST_RAMPS.items():
        trust *= float(np.clip((values[name] - low) / (high - low), 0, 1))
    return trust


def _log_odds(probability: Floats) -> Floats:
    """Return (rows,) log-odds; of certain rows those of a probability next to 0 or 1."""
    clipped = np.clip(probability, SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY)
    return np.asarray(np.log(clipped / (1 - clipped)))


def _cells(series: pl.Series, trace: ColumnTrace) -> npt.NDArray[Any]:
    """Return the cells of a column as the model read them."""
    if trace.categories:
        return read_categories(series, trace.categories)
    return read_numbers(series, trace.cuts)
