"""The columns of a table by role, as arrays. Features read "the amount" or "the actor" and never a column by its name."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from functools import cached_property

import polars as pl

from vigie.arrays import Codes, Floats
from vigie.features.cell_hashes import CellHashes
from vigie.features.entity_columns import EntityColumns
from vigie.features.number_columns import NumberColumns
from vigie.features.time_columns import TimeColumns
from vigie.fitted_state import CategoryCodes, FeatureState
from vigie.roles.definitions import category_roles, role_names
from vigie.roles.inference import Roles

ENTITY_ROLES = role_names(lambda role: role.entity)
CATEGORY_ROLES = category_roles()


class ColumnView:
    """The typed columns of a table by role; each array is computed when it is first asked for.

    Args:
        frame: (rows, columns) typed as `table.parse` returns it.
        roles: the role of each column.
        state: what is known of the whole table; unfitted where it is not given.
        complete: where these are some rows of a table, what is complete here: `row` for features of single rows, and the
            entities all of whose rows are here (`actor`, `counterpart`, a role, or `account`); None where all is.
        first_of_actor: (rows,) 1 where a row is the first of its actor, else 0; where actors are not complete.
        partition: (rows,) from 0; entities of different partitions are different, whatever their cells.

    Attributes:
        numbers: the columns as numbers.
        hashes: hashes of cells and rows.
        times: the times of the rows.
        entities: the entities of the rows.
    """

    def __init__(
        self,
        frame: pl.DataFrame,
        roles: Roles,
        state: FeatureState | None = None,
        complete: AbstractSet[str] | None = None,
        first_of_actor: Floats | None = None,
        partition: Codes | None = None,
    ) -> None:
        self.frame = frame
        self.roles = roles
        self.n_rows = frame.height
        self.state = state or FeatureState()
        self.numbers = NumberColumns(frame, roles, self.state)
        self.hashes = CellHashes(frame, roles, self.state)
        self.times = TimeColumns(frame, roles, self.state, self.numbers, self.hashes)
        self.entities = EntityColumns(
            frame, roles, self.state, self.times, complete, first_of_actor, partition
        )

    @property
    def has_row_features(self) -> bool:
        """Whether features of single rows are computed here."""
        return self.entities.has_all_rows_of("row")

    @cached_property
    def categories(self) -> list[tuple[str, Codes]]:
        """Name and (rows,) codes of every category column with few values; the same codes for any rows of the table."""
        columns = [c for role in CATEGORY_ROLES for c in self.roles.all(role)]
        few = self.state.category_columns.get(lambda: [c for c in columns if self._has_few_values(c)])
        return [(column, self._category_codes(column)) for column in few]

    def _category_codes(self, column: str) -> Codes:
        cells = self.frame[column]
        return self.state.columns[column].categories.get(lambda: CategoryCodes.fit(cells)).codes(cells)

    def _has_few_values(self, column: str) -> bool:
        return 2 <= self.frame[column].drop_nulls().n_unique() <= max(20, self.n_rows // 5)
