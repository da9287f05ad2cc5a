"""What the story of a long table asks of whoever holds its rows: one disk, or a cluster."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt
import polars as pl

from vigie.arrays import Floats
from vigie.features import Features, grouping
from vigie.features.grouping import EntityGrouping
from vigie.fitted_state import FeatureState
from vigie.table.report import ReadReport

if TYPE_CHECKING:
    from vigie.engine.fitted_scorer import Terms
    from vigie.engine.profiling import SampledTable

ROW, LOT = "v:row", "v:lot"
Found = Mapping[EntityGrouping, pl.DataFrame]
"""What was told of some rows, by the kind of entity they were brought together for: `ROW` and numbers."""

Numbers = npt.NDArray[np.unsignedinteger[Any]] | npt.NDArray[np.signedinteger[Any]]


class Rows(Protocol):
    """The typed rows of a table, each with its number and its lot."""

    @property
    def source(self) -> str:
        """What the user calls the table."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Of the table, in its order."""

    @property
    def rows(self) -> int:
        """How many."""

    @property
    def report(self) -> ReadReport:
        """How the table was read."""

    def sizes(self, lot: pl.Expr) -> dict[int, int]:
        """Lot -> rows."""

    def of_lots(self, lot: pl.Expr, lots: Iterable[int]) -> pl.DataFrame:
        """The rows of some lots, with `ROW` and `LOT`, in the order of the table."""

    def values(self, column: str) -> pl.DataFrame:
        """(values, 2) the values of a column and `len`, how many rows have each."""


class Means(Protocol):
    """Brings rows together. Each step leaves behind what the next one asks for."""

    @property
    def table(self) -> Rows:
        """The rows."""

    def counts(self, look: SampledTable) -> FeatureState:
        """What the look has learned, with the counts of the whole table in place of those of its sample."""

    def features(self, look: SampledTable) -> None:
        """The features of every row, kind by kind."""

    def told(self, lots: Iterable[int]) -> Found:
        """The features of the rows of some lots."""

    def suspicion(self, terms: Terms) -> None:
        """How suspicious each row is by itself."""

    def peers(self, terms: Terms) -> None:
        """What related rows say of every row."""

    def said(self, lots: Iterable[int]) -> Found:
        """What related rows say of the rows of some lots."""

    def score(self, terms: Terms) -> dict[str, Any]:
        """Scores every row; the part of the summary that only all rows can tell."""


def features_of(terms: Terms, typed: pl.DataFrame, found: Found, rows: Numbers) -> Features:
    """(rows, features) of some rows: what each tells by itself, and what was found of it.

    Args:
        terms: of the table.
        typed: the rows.
        found: of them.
        rows: (rows,) their numbers.
    """
    return grouping.merge_features(
        [terms.alone(typed), *(_aligned(each, rows) for each in found.values())], typed.height
    )


def peers_of(found: Found, rows: Numbers) -> dict[str, Floats]:
    """(rows,) what related rows say of some rows, by what they say."""
    return {name: values for each in found.values() for name, values in _aligned(each, rows).items()}


def once(found: pl.DataFrame) -> pl.DataFrame:
    """Each row once: an account's row was told as sender in one part and as receiver in another."""
    return found.fill_nan(None).group_by(pl.selectors.starts_with("v:")).max()


def _aligned(found: pl.DataFrame, rows: Numbers) -> dict[str, Any]:
    """What was found, in the order of some rows; a row that nothing was found of is NaN."""
    if rows.size and found.height == len(rows) and np.array_equal(found[ROW].to_numpy(), rows):
        chosen = found
    else:
        chosen = pl.DataFrame({ROW: rows}).join(found, on=ROW, how="left", maintain_order="left")
    numbers = chosen.drop(ROW, LOT, strict=False)
    return {series.name: series.fill_null(float("nan")).to_numpy() for series in numbers}
