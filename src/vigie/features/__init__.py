"""Unit-free features of the rows of a table, from its columns by role.

    columns        the columns by role: numbers, times, entities, categories
    groups         rows that share an entity: sums, ranks, time windows
    vocabulary     name, direction and weight of every feature
    registry       the modules that compute them: amounts, temporal, novelty, …
    grouping       which rows must be together for which features
    related        how anomalous related rows are

`build` fills a fixed vocabulary, so that every table looks the same to a reference model; what a table does not have is NaN.
Must not know any column name, nor any other table.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from vigie.features.columns import ColumnView
from vigie.features.module import FeatureModule
from vigie.features.registry import MODULES
from vigie.features.vocabulary import BY_NAME, NAMES, VOCABULARY, Feature
from vigie.parallel import ROWS_PER_THREAD, in_threads
from vigie.roles.inference import Roles

_MAX_FLOAT32 = 1e38

__all__ = ["BY_NAME", "NAMES", "VOCABULARY", "ColumnView", "Feature", "Features", "build"]


@dataclass(frozen=True)
class Features:
    """The features of a table.

    Attributes:
        names: the whole vocabulary, in its order.
        values: (rows, features) float32; NaN where unknown.
    """

    names: tuple[str, ...]
    values: npt.NDArray[np.float32]

    @staticmethod
    def stored(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
        """Return one feature as float32; NaN where it is not finite."""
        known = np.where(np.isfinite(values), values, np.nan)
        return np.clip(known, -_MAX_FLOAT32, _MAX_FLOAT32).astype(np.float32)

    def known(self) -> npt.NDArray[np.bool_]:
        """Return (features,) whether a feature varies among the rows where it is known."""
        return np.array([_varies(self.values[:, j]) for j in range(self.values.shape[1])], dtype=bool)

    def column(self, name: str) -> npt.NDArray[np.float32]:
        """Return (rows,) one feature."""
        return self.values[:, self.names.index(name)]


def build(frame: pl.DataFrame, roles: Roles, view: ColumnView | None = None) -> Features:
    """Compute every feature that the roles of a table allow.

    Args:
        frame: (rows, columns) typed table.
        roles: the role of each column.
        view: of the same table, where there is one already.
    """
    view = view or ColumnView(frame, roles)
    values = np.full((frame.height, len(NAMES)), np.nan, dtype=np.float32, order="F")

    def compute(module: FeatureModule) -> None:
        for name, column in module.compute(view).items():
            values[:, NAMES.index(name)] = Features.stored(column)

    is_large = frame.height >= ROWS_PER_THREAD
    # Most modules need these groups; two threads that ask at the same time would both compute them.
    in_threads(view.entities.groups, ("actor", "counterpart") if is_large else (), enough=is_large)
    in_threads(compute, MODULES if frame.height else (), enough=is_large)
    return Features(NAMES, values)


def _varies(x: npt.NDArray[np.float32]) -> bool:
    finite = x[np.isfinite(x)]
    return len(finite) > 0 and bool(finite.min() < finite.max())
