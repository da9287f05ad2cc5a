"""Whether a table is one that a model was trained on, or the next of its kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from vigie.models.trained.column_matching import ColumnMatch, find, upload
from vigie.models.trained.column_sketch import Sketch
from vigie.roles.inference import Roles

ENOUGH = 0.4
"""Points, weighted by what the columns are worth to the model, from which a table is called known."""

SURE, ALIKE = 0.5, 0.75
"""Points of a pair, or closeness of its spreads, from which the column keeps the role it had in training."""


@dataclass(frozen=True)
class TableMatch:
    """A table that a model knows.

    Attributes:
        which: position of the model among those asked.
        found: training column -> where it is.
        points: how well, 0 to 1.
        roles: column of this table -> the role it had in training.
    """

    which: int
    found: Mapping[str, ColumnMatch]
    points: float
    roles: Mapping[str, str]


def fingerprint(sketches: Sequence[Sketch], salt: str, worth: Mapping[str, float]) -> dict[str, Any]:
    """What a profile keeps to know the table again, as JSON.

    Args:
        sketches: of all columns.
        salt: of the model.
        worth: column -> what it is worth to the trees, summing to 1; columns that are not used are not in it.
    """
    return {"salt": salt, "worth": dict(worth), "columns": [item.to_json() for item in sketches]}


def match_table(
    profiles: Sequence[Mapping[str, Any]], frame: pl.DataFrame, roles: Roles
) -> TableMatch | None:
    """The best of some models' memories of a table, or None where none knows it.

    Args:
        profiles: as `remember` wrote them.
        frame: typed.
        roles: of its columns, as far as they are known without help.
    """
    best: TableMatch | None = None
    uploaded = upload(frame, roles) if profiles else []
    for which, profile in enumerate(profiles):
        sketches = [Sketch.from_json(item) for item in profile["columns"]]
        found = find(sketches, uploaded, profile["salt"])
        points = sum(found[name].points * worth for name, worth in profile["worth"].items() if name in found)
        if points >= ENOUGH and (best is None or points > best.points):
            sure = {s.name: s.role for s in sketches if s.name in found and _sure(s, found[s.name])}
            meant = {found[name].column: role for name, role in sure.items()}
            best = TableMatch(which, found, round(points, 4), meant)
    return best


def ranked(roles: Roles, known: TableMatch) -> Roles:
    """The roles with columns of one role in the order they had in training, whatever they are called now."""
    order = {known.found[name].column: i for i, name in enumerate(sorted(known.found))}
    step = 1 / (2 * max(len(order), 1))
    columns = (
        replace(c, confidence=round(1 - step * order[c.column], 6)) if c.column in known.roles else c
        for c in roles.columns
    )
    return Roles(tuple(columns))


def _sure(column: Sketch, found: ColumnMatch) -> bool:
    """Moments move on, so their spread says little: where one is found at all it is that one."""
    return found.points >= SURE or found.closeness >= ALIKE or column.kind == "moment"
