"""Hashes of the cells and the rows of a table, which do not depend on where a row is."""

from __future__ import annotations

from functools import cached_property, partial

import numpy as np
import numpy.typing as npt
import polars as pl

from vigie.arrays import Codes
from vigie.features.cells import column_hash
from vigie.fitted_state import FeatureState
from vigie.roles.inference import Roles


class CellHashes:
    """Hashes of the cells of a table's rows; each column is hashed when it is first asked for.

    Args:
        frame: (rows, columns) typed table.
        roles: the role of each column.
        state: what is known of the table.

    Attributes:
        known: column -> (rows,) hashes of its cells, of those that were asked for.
    """

    def __init__(self, frame: pl.DataFrame, roles: Roles, state: FeatureState) -> None:
        self._frame = frame
        self._roles = roles
        self._state = state
        self.known: dict[str, Codes] = {}

    def of(self, column: str) -> Codes:
        """Return (rows,) a hash of each cell of a column, of empty cells too."""
        if column not in self.known:
            self.known[column] = self._frame[column].hash(seed=0).to_numpy().view(np.int64)
        return self.known[column]

    @cached_property
    def rows(self) -> npt.NDArray[np.uint64]:
        """(rows,) a hash of each row, which depends on its cells alone."""
        total = np.zeros(self._frame.height, dtype=np.uint64)
        for column in (item.column for item in self._roles.columns):
            cells = self.of(column).view(np.uint64)
            # Columns are not interchangeable: each is multiplied by an odd number of its own.
            total += cells * np.uint64(self._state.columns[column].hash.get(partial(column_hash, cells)) | 1)
        return total
