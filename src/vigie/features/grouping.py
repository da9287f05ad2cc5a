"""Which rows must be together for which features: what lets a table be scored in pieces.

A feature of a row needs the row alone, or all rows of one entity it shows: its customer, its counterparty, a device, an
ip, a contact, or an account that sends here and receives there. So a table that no memory holds is brought together
once for each kind of entity, in pieces that hold whole entities, and every feature of that kind is computed there by
the same code as for a whole table, to the same bits. Must not know what brings the rows together, a disk or a cluster.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from vigie.arrays import Floats
from vigie.features import COMPUTED, NAMES, Features
from vigie.features.columns import CATEGORY_ROLES, ENTITY_ROLES, ColumnView
from vigie.features.related import related_signals, relations
from vigie.fitted_state import FeatureState, ScoringState
from vigie.roles.definitions import role_names
from vigie.roles.inference import Roles

SENDER_RECEIVER = "account"
"""Accounts that send and receive: each row shows two of them."""

_TIMES = ("time", "year", "month", "day", "hour", "amount")
_PLACES = ("latitude", "longitude", "counter_latitude", "counter_longitude")
_SENT = ("flow_through", "flow_match", "flow_in_out_balance", "flow_reciprocal")
_RECEIVED = ("flow_received_day", "flow_receiver_sends", "flow_receiver_match")
ROW_HASH, IS_FIRST_OF_ACTOR = "v:print", "v:newcomer"
SENDER, RECEIVER = "v:sender", "v:receiver"
"""Columns beside those of the table: fingerprint of the row; first of its actor; whose piece an account's row is in."""


@dataclass(frozen=True)
class EntityGrouping:
    """Rows that belong together.

    Attributes:
        name: as `Facts.groups` takes it, or `account`.
        keys: the columns that show the entity; two for accounts.
        columns: of the table, all that the features of this kind look at.
        needs_first_of_actor: whether its features need to know which rows are the first of their actor.
    """

    name: str
    keys: tuple[str, ...]
    columns: tuple[str, ...]
    needs_first_of_actor: bool = False


ROW_LEVEL = EntityGrouping("row", (), ())
"""What each row tells by itself, in pieces of any kind."""


def groupings_of(view: ColumnView) -> tuple[EntityGrouping, ...]:
    """The kinds that tell something of a table, the actor first: others may need to know who is new.

    Args:
        view: of the table, or of a sample of whole customers.
    """
    roles = view.roles
    actor, counterpart = roles.actor(), roles.counterpart()
    found: list[EntityGrouping] = []
    if actor is not None and view.has_repeats("actor"):
        found.append(
            EntityGrouping("actor", (actor,), _columns(roles, (*ENTITY_ROLES, *CATEGORY_ROLES, *_PLACES)))
        )
    if counterpart is not None and view.counterpart is not None:
        newcomers = view.time is not None and view.has_repeats("actor")
        found.append(EntityGrouping("counterpart", (counterpart,), _columns(roles, ()), newcomers))
    for role in role_names(lambda role: role.shared):
        column = roles.first(role)
        if column is not None and column != actor and view.codes(role) is not None:
            found.append(EntityGrouping(role, (column,), _columns(roles, (role,))))
    if (
        actor is not None
        and counterpart is not None
        and view.time is not None
        and view.shared_ids is not None
    ):
        found.append(EntityGrouping(SENDER_RECEIVER, (actor, counterpart), _columns(roles, ())))
    return tuple(found)


def _columns(roles: Roles, more: Iterable[str]) -> tuple[str, ...]:
    wanted = {column for role in (*_TIMES, *more) for column in roles.all(role)}
    wanted |= {column for column in (roles.actor(), roles.counterpart()) if column is not None}
    return tuple(sorted(wanted))


def column_view(kind: EntityGrouping, frame: pl.DataFrame, roles: Roles, state: FeatureState) -> ColumnView:
    """A piece of the table as this kind sees it.

    Args:
        kind: what brought the rows together.
        frame: (rows, columns) a piece that holds all rows of each entity, in the order of their fingerprints.
        roles: of the table.
        state: what is known of the table as a whole.
    """
    first = frame[IS_FIRST_OF_ACTOR].to_numpy().astype(float) if kind.needs_first_of_actor else None
    view = ColumnView(frame, roles, state, frozenset({kind.name}), first)
    if ROW_HASH in frame.columns:
        # Some columns are not here, and entities may be: only whoever has the whole row can tell.
        view.row_hashes = frame[ROW_HASH].to_numpy()
    return view


def grouping_features(kind: EntityGrouping, view: ColumnView) -> dict[str, npt.NDArray[np.float32]]:
    """(rows,) each feature of this kind; what belongs to an account of another piece is NaN.

    Args:
        kind: what brought the rows together.
        view: as `facts_of` makes them.
    """
    found: dict[str, npt.NDArray[np.float32]] = {}
    for module in COMPUTED:
        for name, values in module.compute(view).items():
            found[name] = Features.stored(values)
    if kind.name == SENDER_RECEIVER:
        for names, side in ((_SENT, SENDER), (_RECEIVED, RECEIVER)):
            here = view.frame[side].to_numpy()
            found |= {
                name: np.where(here, found[name], np.float32(np.nan)) for name in names if name in found
            }
    return found


def grouping_related_signals(
    kind: EntityGrouping, view: ColumnView, energy: Floats, state: ScoringState
) -> dict[str, Floats]:
    """(rows,) what related rows say, for the kind they are related by; nothing for the others.

    Args:
        kind: what brought the rows together.
        view: as `facts_of` makes them.
        energy: (rows,) suspicion of each row of the piece.
        state: what is known of the table as a whole, beside what features need.
    """
    said = related_signals(view, energy, state)
    mine = tuple(f"peers_{who}_" for who, entity in relations(view).items() if entity == kind.name)
    return {name: values for name, values in said.items() if name.startswith(mine)}


def merge_features(pieces: Iterable[Mapping[str, Floats | npt.NDArray[np.float32]]], rows: int) -> Features:
    """The features of some rows from what each kind told of them.

    Where several kinds tell the same feature, such as how many share a device or an ip, the largest counts.

    Args:
        pieces: of each kind, and of the rows alone, in any order.
        rows: how many.
    """
    values = np.full((rows, len(NAMES)), np.nan, dtype=np.float32, order="F")
    for piece in pieces:
        for name, column in piece.items():
            at = NAMES.index(name)
            values[:, at] = np.fmax(values[:, at], column)
    return Features(NAMES, values)
