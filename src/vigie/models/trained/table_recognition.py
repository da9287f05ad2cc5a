"""Recognition of a table that a trained or an imported model is of, or of the next extract of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import polars as pl

from vigie.models import imported_columns, imported_matching
from vigie.models.column_assignment import ColumnMatch
from vigie.models.imported import trust_in
from vigie.models.imported_columns import ImportedColumn
from vigie.models.trained.column_matching import KNOWN_RAMP, match_columns, share_known, sketch_columns
from vigie.models.trained.column_sketch import Sketch
from vigie.roles.inference import Roles

MIN_SCORE = 0.4
"""Score, weighted by the gain of the columns, from which a table is recognised."""

SURE_SCORE, SURE_SIMILARITY = 0.5, 0.75
"""Score of a pair, or similarity of its distributions, from which the column keeps the role it had in training."""


@dataclass(frozen=True)
class TableMatch:
    """The model that was trained on such a table.

    Attributes:
        which: position of its profile.
        found: training column -> its match.
        score: from 0 to 1.
        roles: column of the table -> the role it had in training.
    """

    which: int
    found: Mapping[str, ColumnMatch]
    score: float
    roles: Mapping[str, str]


def fingerprint(sketches: Sequence[Sketch], salt: str, gains: Mapping[str, float]) -> dict[str, Any]:
    """Return what a profile stores to recognise the table, as plain JSON.

    Args:
        sketches: of all columns.
        salt: of the model.
        gains: column -> its share of the gain of the trees, summing to 1; without columns that are not used.
    """
    return {"salt": salt, "worth": dict(gains), "columns": [item.to_json() for item in sketches]}


def match_tables(
    profiles: Sequence[Mapping[str, Any]], frame: pl.DataFrame, roles: Roles
) -> tuple[TableMatch, ...]:
    """Return the models whose table is like this one, the best match first.

    Args:
        profiles: fingerprints of the models.
        frame: (rows, columns) typed.
        roles: of its columns, as inferred without any model.
    """
    matches = []
    table = _Table(frame, roles)
    for which, profile in enumerate(profiles):
        found, kept = _find(profile, table)
        score = sum(found[name].score * gain for name, gain in profile["worth"].items() if name in found)
        if score >= MIN_SCORE:
            matches.append((score, TableMatch(which, found, round(score, 4), kept)))
    return tuple(match for _, match in sorted(matches, key=lambda one: -one[0]))


def rank_as_in_training(roles: Roles, known: TableMatch) -> Roles:
    """Return the roles with columns of one role ranked as in training, whatever their names are now."""
    order = {known.found[name].column: i for i, name in enumerate(sorted(known.found))}
    step = 1 / (2 * max(len(order), 1))
    columns = (
        replace(c, confidence=round(1 - step * order[c.column], 6)) if c.column in known.roles else c
        for c in roles.columns
    )
    return Roles(tuple(columns))


class _Table:
    """A table to be matched; what a kind of model compares is computed when the first one needs it."""

    def __init__(self, frame: pl.DataFrame, roles: Roles) -> None:
        self._frame, self._roles = frame, roles

    @cached_property
    def sketches(self) -> list[Sketch]:
        return sketch_columns(self._frame, self._roles)

    @cached_property
    def columns(self) -> list[imported_matching.TableColumn]:
        return imported_matching.table_columns(self._frame, self._roles)


def _find(profile: Mapping[str, Any], table: _Table) -> tuple[dict[str, ColumnMatch], dict[str, str]]:
    """Return the matches of a model's columns, and column of the table -> the role it had in training.

    The roles of an imported model were inferred from names alone, so a table keeps its own. A table on which a model would not be
    trusted is not its own, and it takes no place of a better match.
    """
    if profile.get("kind") == imported_columns.KIND:
        known = [ImportedColumn.from_json(item) for item in profile["columns"]]
        found = imported_matching.match_imported(known, table.columns)
        trusted = trust_in(imported_matching.coverage_of(profile["worth"], found), None) > 0
        return found if trusted else {}, {}
    sketches = [Sketch.from_json(item) for item in profile["columns"]]
    found = match_columns(sketches, table.sketches, profile["salt"])
    if share_known(found, len(table.sketches)) <= KNOWN_RAMP[0]:
        return {}, {}
    sure = {s.name: s.role for s in sketches if s.name in found and _sure(s, found[s.name])}
    return found, {found[name].column: role for name, role in sure.items()}


def _sure(column: Sketch, found: ColumnMatch) -> bool:
    """Return whether a match is certain; that of a date column always is, since its distribution moves on."""
    return found.score >= SURE_SCORE or found.similarity >= SURE_SIMILARITY or column.kind == "moment"
