"""Roles to unit-free features: the way every table looks the same to a reference model.

`build` fills a fixed vocabulary; what a table cannot tell is NaN. Must not know any column name, and must not
look at anything but the table it is given.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

import numpy as np
import numpy.typing as npt
import polars as pl

from vigie.features import amounts, flows, geo, novelty, sharing, signals, temporal, text
from vigie.features.columns import ColumnView
from vigie.features.vocabulary import BY_NAME, NAMES, VOCABULARY, Feature
from vigie.parallel import ROWS_PER_THREAD, in_threads
from vigie.roles.inference import Roles

MOST = 1e38
"""The largest feature that float32 holds."""

COMPUTED = (signals, amounts, temporal, novelty, sharing, flows, geo, text)
"""The modules that compute features, the longest work first."""
COUNTING = (amounts, novelty, text)
"""Those that ask how often a value occurs in the whole table."""

__all__ = ["BY_NAME", "COMPUTED", "NAMES", "VOCABULARY", "ColumnView", "Feature", "Features", "build"]


@dataclass(frozen=True)
class Features:
    """The features of a table.

    Attributes:
        names: the whole vocabulary, in its order.
        values: (rows, features) float32; NaN where the table cannot tell.
    """

    names: tuple[str, ...]
    values: npt.NDArray[np.float32]

    @staticmethod
    def stored(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
        """One feature as it is kept: what is not finite is unknown."""
        known = np.where(np.isfinite(values), values, np.nan)
        return np.clip(known, -MOST, MOST).astype(np.float32)

    def known(self) -> npt.NDArray[np.bool_]:
        """(features,) whether a feature is known for some row and is not constant."""
        return np.array([_varies(self.values[:, j]) for j in range(self.values.shape[1])], dtype=bool)

    def column(self, name: str) -> npt.NDArray[np.float32]:
        """(rows,) one feature."""
        return self.values[:, self.names.index(name)]


def build(frame: pl.DataFrame, roles: Roles, view: ColumnView | None = None) -> Features:
    """Computes every feature the table's roles allow.

    Args:
        frame: (rows, columns) typed table.
        roles: the role of each column.
        view: of this table, where somebody has asked it already.
    """
    view = view or ColumnView(frame, roles)
    values = np.full((frame.height, len(NAMES)), np.nan, dtype=np.float32, order="F")

    def tell(module: ModuleType) -> None:
        for name, column in module.compute(view).items():
            values[:, NAMES.index(name)] = Features.stored(column)

    many = frame.height >= ROWS_PER_THREAD
    # Most modules ask for these: two that ask at the same time would both work them out.
    in_threads(view.groups, ("actor", "counterpart") if many else (), enough=many)
    in_threads(tell, COMPUTED if frame.height else (), enough=many)
    return Features(NAMES, values)


def _varies(x: npt.NDArray[np.float32]) -> bool:
    finite = x[np.isfinite(x)]
    return len(finite) > 0 and bool(finite.min() < finite.max())
