"""Which columns each input of the trees depends on, found by removing the columns one at a time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from vigie import features
from vigie.features import NAMES
from vigie.models.trained.table_model import RANK_INPUTS, TableEncoder
from vigie.roles.inference import Roles

Dependencies = npt.NDArray[np.bool_]


def input_dependencies(frame: pl.DataFrame, roles: Roles, table_encoder: TableEncoder) -> Dependencies:
    """Return (inputs, columns) whether an input is unknown without the column.

    Args:
        frame: some rows of the training table, whole customers.
        roles: of its columns.
        table_encoder: of the table-specific model.
    """
    columns = [item.column for item in roles.columns if not item.definition.excluded]
    position = {name: i for i, name in enumerate(columns)}
    out = np.zeros((len(table_encoder.inputs), len(columns)), dtype=bool)
    at = 0
    for encoder in table_encoder.encoders:
        size = len(encoder.outputs)
        out[at : at + size, position[encoder.column]] = True
        at += size
    if table_encoder.features:
        wanted = [NAMES.index(name) for name in table_encoder.features]
        for name in columns:
            out[at : at + len(wanted), position[name]] = _lost_features(frame, roles, name)[wanted]
        for offset, other in enumerate(RANK_INPUTS):
            for entity in _entities(roles, other):
                out[at + len(wanted) + offset, position[entity]] = True
    return out


def _lost_features(frame: pl.DataFrame, roles: Roles, name: str) -> Dependencies:
    """Return (features,) those unknown without the column."""
    fewer = Roles(tuple(item for item in roles.columns if item.column != name))
    if not fewer.columns:
        return np.ones(len(NAMES), dtype=bool)
    return ~features.build(frame.drop(name), fewer).known()


def _entities(roles: Roles, other: str) -> list[str]:
    found = {"peers_actor": roles.actor(), "peers_counterpart": roles.counterpart()}
    return [column for start, column in found.items() if column is not None and other.startswith(start)]
