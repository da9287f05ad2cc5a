"""The entities of a table's rows: actor, counterparty, device and others, as codes and as groups of rows."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from functools import cached_property

import numpy as np
import polars as pl

from vigie.arrays import Codes, Floats
from vigie.features.cells import as_codes
from vigie.features.groups import Groups
from vigie.features.time_columns import TimeColumns
from vigie.fitted_state import FeatureState
from vigie.roles.inference import Roles

_MIN_SHARED_IDS = 0.02
"""Share of the senders that must be among the receivers, for both columns to name the same accounts."""


class EntityColumns:
    """Codes and groups of entities; an entity is `actor`, `counterpart` or a role.

    Args:
        frame: (rows, columns) typed table.
        roles: the role of each column.
        state: what is known of the table.
        times: the same table's times.
        complete: entities all of whose rows are here; None where all are.
        first_of_actor: (rows,) 1 where a row is the first of its actor, else 0; where actors are not complete.
        partition: (rows,) from 0; entities of different partitions are different, whatever their cells.
    """

    def __init__(
        self,
        frame: pl.DataFrame,
        roles: Roles,
        state: FeatureState,
        times: TimeColumns,
        complete: AbstractSet[str] | None,
        first_of_actor: Floats | None,
        partition: Codes | None,
    ) -> None:
        self._frame = frame
        self._roles = roles
        self._state = state
        self._times = times
        self._complete = complete
        self._first_of_actor = first_of_actor
        self._partition = partition
        self._groups: dict[str, Groups] = {}
        self._codes: dict[str, Codes] = {}

    def codes(self, entity: str) -> Codes | None:
        """Return (rows,) codes of an entity, -1 where unknown; None where the table has no such column, or an empty one."""
        if entity == "actor":
            return self._codes_of(self._roles.actor())
        return self._codes_of(
            self._roles.counterpart() if entity == "counterpart" else self._roles.first(entity)
        )

    @property
    def actor(self) -> Codes | None:
        """(rows,) codes of the actor."""
        return self.codes("actor")

    @property
    def counterpart(self) -> Codes | None:
        """(rows,) codes of the counterparty."""
        return self.codes("counterpart")

    def _codes_of(self, column: str | None) -> Codes | None:
        if column is None:
            return None
        n_rows = self._frame.height
        if not self._state.columns[column].has_values.get(lambda: self._frame[column].null_count() < n_rows):
            return None
        if column not in self._codes:
            self._codes[column] = _by_partition(as_codes(self._frame[column]), self._partition)
        return self._codes[column]

    def has_all_rows_of(self, entity: str) -> bool:
        """Return whether all rows of the table that share an entity with a row here are here."""
        return self._complete is None or entity in self._complete

    def groups(self, entity: str) -> Groups | None:
        """Return the rows grouped by an entity; None where the table has no such column, or not all rows are here."""
        if entity not in self._groups:
            codes = self.codes(entity) if self.has_all_rows_of(entity) else None
            if codes is None:
                return None
            groups = Groups(codes, self._times.values, self._times.ranks)
            # Whether entities repeat is decided for the whole table, not for some of its rows.
            groups.repeats = self._state.entities.repeats[entity].get(lambda: groups.repeats)
            self._groups[entity] = groups
        return self._groups[entity]

    def repeating(self, entity: str) -> Groups | None:
        """Return the same groups; None as well where too few entities of the table repeat to have a history."""
        groups = self.groups(entity)
        return groups if groups is not None and groups.repeats else None

    def has_repeats(self, entity: str) -> bool:
        """Return whether the table has such a column and its entities repeat, even where not all of their rows are here."""
        return self._state.entities.repeats[entity].get(lambda: self._repeats(entity), default=False)

    def _repeats(self, entity: str) -> bool:
        codes = self.codes(entity)
        return codes is not None and Groups(codes).repeats

    @cached_property
    def is_first_of_actor(self) -> Floats:
        """(rows,) 1 where the row is the first of its actor, else 0.

        Raises:
            ValueError: the table has no actor, or not all rows of its actors are here.
        """
        if self._first_of_actor is not None:
            return self._first_of_actor
        actor = self.groups("actor")
        if actor is None:
            raise ValueError("no actor, or not all rows of the actors")
        return np.asarray(actor.position() == 0, dtype=np.float64)

    @cached_property
    def shared_ids(self) -> tuple[Codes, Codes] | None:
        """(rows,) actor and (rows,) counterparty with common codes, where receivers also send; else None."""
        a, b = self._roles.actor(), self._roles.counterpart()
        if a is None or b is None or a == b:
            return None
        left, right = self._frame[a].cast(pl.String), self._frame[b].cast(pl.String)
        partition = None if self._partition is None else np.tile(self._partition, 2)
        codes = _by_partition(as_codes(pl.concat([left.rename("x"), right.rename("x")])), partition)
        source, target = np.split(codes, 2)
        are_shared = self._state.entities.has_shared_ids.get(
            lambda: bool(np.isin(source, target).mean() > _MIN_SHARED_IDS)
        )
        return (source, target) if are_shared else None


def _by_partition(codes: Codes, partition: Codes | None) -> Codes:
    if partition is None:
        return codes
    return np.where(codes < 0, codes, codes + partition * (codes.max() + 1))
