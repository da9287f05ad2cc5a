"""Which columns each input of the trees needs, found by taking the columns away one at a time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from vigie import features
from vigie.features import NAMES
from vigie.models.trained.table_model import RANK_INPUTS, TableEncoder
from vigie.roles.inference import Roles

Needs = npt.NDArray[np.bool_]


def needs(frame: pl.DataFrame, roles: Roles, own: TableEncoder) -> Needs:
    """(inputs, columns) whether an input is unknown without the column.

    Args:
        frame: some rows of the training table, whole customers.
        roles: of its columns.
        own: what the head keeps of the table.
    """
    columns = [item.column for item in roles.columns if not item.definition.excluded]
    position = {name: i for i, name in enumerate(columns)}
    out = np.zeros((len(own.inputs), len(columns)), dtype=bool)
    at = 0
    for encoder in own.encoders:
        size = len(encoder.outputs)
        out[at : at + size, position[encoder.column]] = True
        at += size
    if own.features:
        wanted = [NAMES.index(name) for name in own.features]
        for name in columns:
            out[at : at + len(wanted), position[name]] = _lost(frame, roles, name)[wanted]
        for offset, other in enumerate(RANK_INPUTS):
            for entity in _entities(roles, other):
                out[at + len(wanted) + offset, position[entity]] = True
    return out


def _lost(frame: pl.DataFrame, roles: Roles, name: str) -> Needs:
    """(features,) those known with the column and unknown without it."""
    fewer = Roles(tuple(item for item in roles.columns if item.column != name))
    if not fewer.columns:
        return np.ones(len(NAMES), dtype=bool)
    return ~features.build(frame.drop(name), fewer).known()


def _entities(roles: Roles, other: str) -> list[str]:
    found = {"peers_actor": roles.actor(), "peers_counterpart": roles.counterpart()}
    return [column for start, column in found.items() if column is not None and other.startswith(start)]
