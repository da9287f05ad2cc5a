"""The rows that must be together for features: what allows a table to be scored in parts.

A feature of a row needs the row alone, or all rows of one of its entities: its actor, its counterparty, a device, an IP address,
a contact, or an account that sends and receives. A table that does not fit in memory is therefore partitioned once for each kind
of entity, and the features of that kind are computed on each partition by the code for whole tables, to the same bits.
Must not know the backend that partitions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from vigie.arrays import Floats
from vigie.features import NAMES, Features
from vigie.features.columns import CATEGORY_ROLES, ENTITY_ROLES, ColumnView
from vigie.features.flows import RECEIVER_FEATURES, SENDER_FEATURES
from vigie.features.registry import MODULES
from vigie.features.related import related_signals, relations
from vigie.fitted_state import FeatureState, ScoringState
from vigie.roles.definitions import role_names
from vigie.roles.inference import Roles

SENDER_RECEIVER = "account"
"""Accounts that send and receive: each row has two of them."""

_COMMON_ROLES = ("time", "year", "month", "day", "hour", "amount")
_COORDINATES = ("latitude", "longitude", "counter_latitude", "counter_longitude")
ROW_HASH, IS_FIRST_OF_ACTOR = "v:print", "v:newcomer"
SENDER, RECEIVER = "v:sender", "v:receiver"
"""Columns beside those of the table: hash of the row; first of its actor; the side that a row is in the partition for."""


@dataclass(frozen=True)
class EntityGrouping:
    """One way to group the rows of a table.

    Attributes:
        name: an entity as `EntityColumns.groups` takes it, `account`, or `row` for no grouping.
        keys: the columns of the entity; two for accounts.
        columns: the columns that features of this grouping read.
        needs_first_of_actor: whether they need to know which rows are the first of their actor.
    """

    name: str
    keys: tuple[str, ...]
    columns: tuple[str, ...]
    needs_first_of_actor: bool = False

    @property
    def kind(self) -> str:
        """The grouping as `FeatureModule.groupings` has it."""
        return "shared" if self.name in role_names(lambda role: role.shared) else self.name


ROW_LEVEL = EntityGrouping("row", (), ())
"""Features of single rows, on any partition."""


def groupings_of(view: ColumnView) -> tuple[EntityGrouping, ...]:
    """Return the groupings that a table allows, the actor first: others may need to know the first rows of actors.

    Args:
        view: of the table, or of a sample of whole customers.
    """
    roles, entities = view.roles, view.entities
    actor, counterpart = roles.actor(), roles.counterpart()
    has_history, has_time = entities.has_repeats("actor"), view.times.values is not None
    found: list[EntityGrouping] = []
    if actor is not None and has_history:
        read = _columns(roles, (*ENTITY_ROLES, *CATEGORY_ROLES, *_COORDINATES))
        found.append(EntityGrouping("actor", (actor,), read))
    if counterpart is not None and entities.counterpart is not None:
        read = _columns(roles, ())
        found.append(EntityGrouping("counterpart", (counterpart,), read, has_time and has_history))
    for role in role_names(lambda role: role.shared):
        column = roles.first(role)
        if column is not None and column != actor and entities.codes(role) is not None:
            found.append(EntityGrouping(role, (column,), _columns(roles, (role,))))
    if actor is not None and counterpart is not None and has_time and entities.shared_ids is not None:
        found.append(EntityGrouping(SENDER_RECEIVER, (actor, counterpart), _columns(roles, ())))
    return tuple(found)


def _columns(roles: Roles, more: Iterable[str]) -> tuple[str, ...]:
    found = {column for role in (*_COMMON_ROLES, *more) for column in roles.all(role)}
    found |= {column for column in (roles.actor(), roles.counterpart()) if column is not None}
    return tuple(sorted(found))


def column_view(
    grouping: EntityGrouping, frame: pl.DataFrame, roles: Roles, state: FeatureState
) -> ColumnView:
    """Return the view of one partition.

    Args:
        grouping: by which the table is partitioned.
        frame: (rows, columns) all rows of each entity of the partition, in the order of their hashes.
        roles: of the table.
        state: what is known of the table.
    """
    first = frame[IS_FIRST_OF_ACTOR].to_numpy().astype(float) if grouping.needs_first_of_actor else None
    view = ColumnView(frame, roles, state, frozenset({grouping.name}), first)
    if ROW_HASH in frame.columns:
        # The hash of a row takes all of its columns, and some are not here.
        view.hashes.rows = frame[ROW_HASH].to_numpy()
    return view


def grouping_features(grouping: EntityGrouping, view: ColumnView) -> dict[str, npt.NDArray[np.float32]]:
    """Return (rows,) each feature of a grouping, NaN for accounts of other partitions.

    Args:
        grouping: by which the table is partitioned.
        view: as `column_view` returns it.
    """
    found = {
        name: Features.stored(values)
        for module in MODULES
        if grouping.kind in module.groupings
        for name, values in module.compute(view).items()
    }
    if grouping.name == SENDER_RECEIVER:
        for names, side in ((SENDER_FEATURES, SENDER), (RECEIVER_FEATURES, RECEIVER)):
            is_here = view.frame[side].to_numpy()
            for name in found.keys() & set(names):
                found[name] = np.where(is_here, found[name], np.float32(np.nan))
    return found


def grouping_related_signals(
    grouping: EntityGrouping, view: ColumnView, anomaly: Floats, state: ScoringState
) -> dict[str, Floats]:
    """Return (rows,) each signal of the rows that this grouping relates; none where it relates none.

    Args:
        grouping: by which the table is partitioned.
        view: as `column_view` returns it.
        anomaly: (rows,) anomaly score of each row, in nats.
        state: what is known of the table.
    """
    signals = related_signals(view, anomaly, state)
    names = tuple(f"peers_{one}_" for one, entity in relations(view).items() if entity == grouping.name)
    return {name: values for name, values in signals.items() if name.startswith(names)}


def merge_features(parts: Iterable[Mapping[str, Floats | npt.NDArray[np.float32]]], n_rows: int) -> Features:
    """Return the features of rows from those of each grouping.

    Where several groupings have the same feature, such as the rows that share a device or an IP address, the largest counts.

    Args:
        parts: (n_rows,) features by name, of each grouping and of the single rows, in any order.
        n_rows: how many.
    """
    values = np.full((n_rows, len(NAMES)), np.nan, dtype=np.float32, order="F")
    for part in parts:
        for name, column in part.items():
            at = NAMES.index(name)
            values[:, at] = np.fmax(values[:, at], column)
    return Features(NAMES, values)
