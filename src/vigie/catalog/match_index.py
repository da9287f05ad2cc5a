"""In-memory index of `Catalog.match`, so that a match costs one small query.

A registered version never changes, so each model is read once; a change of the catalog only makes the list of active
models be read again. Quantiles and whole rows are large and are read for the few models that need them.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from vigie.arrays import Floats
from vigie.catalog.model_version import IMPORTED, STARTER, TRAINED, ModelVersion
from vigie.catalog.tables import catalog_state, reference_models
from vigie.errors import CatalogChanged, DamagedModelRow
from vigie.matching import MatchReason, ModelIndex, ModelVector, TableProfile, explain, shortlist, total
from vigie.matching.distributions import Quantiles, distances, distribution_similarity

log = logging.getLogger("vigie.catalog")

_ROWS = reference_models.c
_ROWS_PER_QUERY, _ROWS_PER_RANGE = 500, 5_000
_MAX_QUANTILES = 1024
_MAX_ENTRIES = 64
_MAX_OWN_TABLES = 512
_MAX_ATTEMPTS = 3
_CANDIDATES_PER_STEP = 8

Ranked = tuple[ModelVersion, tuple[MatchReason, ...]]
_Candidate = tuple[float, int, Floats | None]
"""Similarity with its sign changed, position in the index, and distances of the distributions."""
_DAMAGE = (DamagedModelRow, AttributeError, KeyError, TypeError, ValueError, OverflowError)
"""What values that cannot be used raise."""
T = TypeVar("T")


@dataclass(frozen=True)
class OwnTable:
    """What the catalog knows of the table that a trained or an imported model was made from.

    Attributes:
        id: primary key of the model's row.
        columns: name and role of each column; empty where the fingerprint has them.
        fingerprint: what the columns are recognised by; None of a model that an earlier version imported.
    """

    id: int
    columns: tuple[tuple[str, str], ...]
    fingerprint: Mapping[str, Any] | None


class _RowRemoved(Exception):
    """A model was removed between two statements."""


class _RowDamaged(Exception):
    """The row `number` cannot be read."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def read_changes(connection: sa.Connection) -> int:
    """Return the counter of the catalog's changes."""
    return int(connection.execute(sa.select(catalog_state.c.changes)).scalar_one())


def read_vectors(connection: sa.Connection, wanted: Sequence[int]) -> dict[int, ModelVector]:
    """Return the vectors of models by their ids, from the documents of each model.

    Models whose rows cannot be read are left out.
    """
    vectors = {}
    for row in _mappings(connection, (_ROWS.id, _ROWS.domain, _ROWS.columns, _ROWS.roles), wanted):
        with suppress(_RowDamaged), _guarded(row):
            vectors[row["id"]] = ModelVector.of_documents(
                row["domain"],
                [(str(c["name"]), str(c["role"]), str(c["type"])) for c in row["columns"]],
                row["roles"],
            )
    return vectors


class MatchIndex:
    """Matching data of the active models of one catalog; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._changes = -1
        self._ids: list[int] = []
        self._own = np.zeros(0, dtype=np.bool_)
        self._reads_columns = np.zeros(0, dtype=np.bool_)
        self._trained = np.zeros(0, dtype=np.bool_)
        self._index = ModelIndex([])
        self._vectors: dict[int, ModelVector] = {}
        self._quantiles: dict[int, Quantiles] = {}
        self._entries: dict[int, ModelVersion] = {}
        self._own_tables: dict[int, OwnTable] = {}
        self._damaged: set[int] = set()

    def best(
        self,
        connection: sa.Connection,
        table: TableProfile,
        top: int,
        minimum: float,
        *,
        own_only: bool = False,
        spare_last: bool = False,
    ) -> list[Ranked]:
        """Return the models that fit best with the reasons for their points; the best first, ties in the order of their names.

        Args:
            connection: to the catalog.
            table: profile of the table.
            top: maximum number of models.
            minimum: similarity that a model must exceed.
            own_only: leave out the models that come with Vigie.
            spare_last: keep the last place for a trained model, and leave out imported ones while others fit.

        Raises:
            CatalogChanged: models were removed while they were read, in each of three attempts.
        """
        return self._read(
            connection,
            lambda: self._rank(connection, table, top, minimum, own_only=own_only, spare_last=spare_last),
        )

    def like_own_table(
        self, connection: sa.Connection, table: TableProfile, limit: int
    ) -> tuple[OwnTable, ...]:
        """Return what is known of the own tables most like a table, of trained and imported models, sorted by name.

        Args:
            connection: to the catalog.
            table: without quantiles: its roles, names and types.
            limit: of the models; all are returned where there are no more.

        Raises:
            CatalogChanged: models were removed while they were read, in each of three attempts.
        """
        return self._read(connection, lambda: self._like_own_table(connection, table, limit))

    def _read(self, connection: sa.Connection, read: Callable[[], T]) -> T:
        """Return what a function reads from the current index; again where models are removed meanwhile.

        Models whose rows cannot be read are left out, so that they do not end every prediction.
        """
        removed = 0
        with self._lock:
            while removed < _MAX_ATTEMPTS:
                try:
                    self._refresh(connection)
                    return read()
                except _RowRemoved:
                    removed += 1
                except _RowDamaged as damaged:
                    log.warning("the row of a model cannot be read", extra={"id": damaged.number})
                    self._damaged.add(damaged.number)
                self._changes = -1
        raise CatalogChanged(
            "the catalog", found="models removed while reading them", expected="a quiet moment"
        )

    def _like_own_table(
        self, connection: sa.Connection, table: TableProfile, limit: int
    ) -> tuple[OwnTable, ...]:
        places = np.flatnonzero(self._reads_columns)
        if len(places) > limit:
            alike = total(self._index.parts(table)[places], None)
            places = np.sort(places[np.argsort(-alike, kind="stable")[:limit]])
        ids = [self._ids[place] for place in places.tolist()]
        known = self._read_own(connection, ids)
        return tuple(known[number] for number in ids)

    def _rank(
        self,
        connection: sa.Connection,
        table: TableProfile,
        top: int,
        minimum: float,
        *,
        own_only: bool,
        spare_last: bool,
    ) -> list[Ranked]:
        parts = self._index.parts(table)

        def nearest(which: npt.NDArray[np.bool_], count: int) -> list[_Candidate]:
            return self._nearest(connection, table, parts, np.flatnonzero(which), count, minimum)

        if own_only:
            found = nearest(self._own, top)
        elif spare_last:
            found = self._with_spare_place(nearest, top)
        else:
            found = nearest(np.ones(len(parts), dtype=np.bool_), top)
        return self._explained(connection, table, parts, found)

    def _with_spare_place(
        self, nearest: Callable[[npt.NDArray[np.bool_], int], list[_Candidate]], top: int
    ) -> list[_Candidate]:
        """Return the best models, a trained one in the last place where one fits, and imported ones only where others do not."""
        trained = nearest(self._trained, 1) if top > 1 else []
        found = [*nearest(~self._reads_columns, top - len(trained)), *trained]
        if len(found) < top:
            taken = {candidate[1] for candidate in found}
            further = [one for one in nearest(self._reads_columns, top) if one[1] not in taken]
            found += further[: top - len(found)]
        return sorted(found, key=lambda one: one[:2])

    def _nearest(
        self,
        connection: sa.Connection,
        table: TableProfile,
        parts: Floats,
        chosen: npt.NDArray[np.intp],
        top: int,
        minimum: float,
    ) -> list[_Candidate]:
        """Return the best of the chosen models."""
        if not len(chosen) or top < 1:
            return []
        places, bounds = shortlist(parts[chosen], table, top, minimum)
        near = chosen[places].tolist()
        seen: list[_Candidate] = []
        for start in range(0, len(near), _CANDIDATES_PER_STEP):
            if len(seen) >= top and bounds[start] < -seen[top - 1][0]:
                break  # no other model can be among the best
            some = near[start : start + _CANDIDATES_PER_STEP]
            distance = self._distances(connection, table, [self._ids[i] for i in some])
            reached = np.round(
                total(parts[some], None if distance is None else distribution_similarity(distance)), 3
            )
            for row, i in enumerate(some):
                seen.append((-float(reached[row]), i, None if distance is None else distance[row : row + 1]))
            seen.sort(key=lambda one: one[:2])
        return [one for one in seen[:top] if -one[0] > minimum]

    def _explained(
        self, connection: sa.Connection, table: TableProfile, parts: Floats, found: Sequence[_Candidate]
    ) -> list[Ranked]:
        best = [(self._ids[i], i, distance) for _, i, distance in found]
        entries = self._read_entries(connection, [number for number, _, _ in best])
        return [
            (entries[number], explain(table, self._vectors[number], parts[i : i + 1], distance))
            for number, i, distance in best
        ]

    def _distances(self, connection: sa.Connection, table: TableProfile, ids: Sequence[int]) -> Floats | None:
        if table.quantiles is None:
            return None
        known = self._read_quantiles(connection, ids)
        return distances(table.quantiles, [known[i] for i in ids])

    def _refresh(self, connection: sa.Connection) -> None:
        # The counter first: the next call sees a change that commits after this read.
        changes = read_changes(connection)
        if changes == self._changes:
            return
        rows = connection.execute(
            sa.select(_ROWS.id, _ROWS.name, _ROWS.provenance["source"].as_string())
            .where(_ROWS.active)
            .order_by(_ROWS.id)
        ).all()
        newest = {name: number for number, name, _ in rows if number not in self._damaged}
        sources = {number: source for number, _, source in rows}
        # By name: the order of the index decides ties.
        self._ids = [newest[name] for name in sorted(newest)]
        self._own = np.array([sources[number] != STARTER for number in self._ids], dtype=np.bool_)
        self._reads_columns = np.array(
            [sources[number] in {TRAINED, IMPORTED} for number in self._ids], dtype=np.bool_
        )
        self._trained = np.array([sources[number] == TRAINED for number in self._ids], dtype=np.bool_)
        self._read_vectors(connection, [i for i in self._ids if i not in self._vectors])
        self._vectors = {i: self._vectors[i] for i in self._ids}
        self._index = ModelIndex(list(self._vectors.values()))
        self._entries.clear()
        if len(self._ids) <= _MAX_ENTRIES:
            # Few rows: one query now is cheaper than one each at the first matches.
            self._read_quantiles(connection, self._ids)
            self._read_entries(connection, self._ids)
        self._changes = changes

    def _read_vectors(self, connection: sa.Connection, wanted: Sequence[int]) -> None:
        unpacked = []
        for row in _rows(connection, (_ROWS.id, _ROWS.domain, _ROWS.match_vector), wanted):
            number, domain, packed = row
            try:  # not _guarded: a context manager for each of thousands of rows costs as much as reading them
                vector = ModelVector.from_bytes(domain, packed or b"")
            except _DAMAGE as error:
                raise _RowDamaged(number) from error
            if vector is None:
                unpacked.append(number)
            else:
                self._vectors[number] = vector
        read = read_vectors(connection, unpacked)
        for number in unpacked:
            if number not in read:
                raise _RowDamaged(number)
        self._vectors.update(read)

    def _read_quantiles(self, connection: sa.Connection, wanted: Sequence[int]) -> Mapping[int, Quantiles]:
        kept = self._quantiles
        for row in _mappings(connection, (_ROWS.id, _ROWS.quantiles), [i for i in wanted if i not in kept]):
            with _guarded(row):
                kept[row["id"]] = Quantiles.from_bytes(row["quantiles"])
        return _recent(kept, wanted, _MAX_QUANTILES)

    def _read_own(self, connection: sa.Connection, wanted: Sequence[int]) -> Mapping[int, OwnTable]:
        kept = self._own_tables
        # Of the profile the part that is needed: the whole of it is ten times as long. The columns are in it.
        what = (_ROWS.id, _ROWS.profile["own"].label("own"))
        unknown = []
        for row in _mappings(connection, what, [i for i in wanted if i not in kept]):
            if row["own"] is None:
                unknown.append(row["id"])
            else:
                kept[row["id"]] = OwnTable(row["id"], (), row["own"])
        for row in _mappings(connection, (_ROWS.id, _ROWS.columns), unknown):
            with _guarded(row):
                columns = tuple((str(c["name"]), str(c["role"])) for c in row["columns"])
                kept[row["id"]] = OwnTable(row["id"], columns, None)
        return _recent(kept, wanted, _MAX_OWN_TABLES)

    def _read_entries(self, connection: sa.Connection, wanted: Sequence[int]) -> Mapping[int, ModelVersion]:
        kept = self._entries
        for row in _mappings(connection, (reference_models,), [i for i in wanted if i not in kept]):
            with _guarded(row):
                kept[row["id"]] = ModelVersion.from_row(row)
        return _recent(kept, wanted, _MAX_ENTRIES)


@contextmanager
def _guarded(row: sa.RowMapping) -> Iterator[None]:
    """Raise _RowDamaged where the values of a row cannot be used."""
    try:
        yield
    except _DAMAGE as error:
        raise _RowDamaged(row["id"]) from error


def _mappings(
    connection: sa.Connection, what: Iterable[Any], wanted: Sequence[int]
) -> Iterator[sa.RowMapping]:
    """Yield the wanted rows with the columns `what`, by their names."""
    return (row._mapping for row in _rows(connection, what, wanted))


def _rows(connection: sa.Connection, what: Iterable[Any], wanted: Sequence[int]) -> Iterator[Any]:
    """Yield the wanted rows with the columns `what`, the first of which is the id."""
    found, ids, start, columns = 0, sorted(wanted), 0, tuple(what)
    while start < len(ids):
        # A range of ids is parsed sooner than a list of hundreds, and may be longer.
        some = ids[start : start + _ROWS_PER_RANGE]
        dense = some[-1] - some[0] < 2 * len(some)
        some = some if dense else ids[start : start + _ROWS_PER_QUERY]
        dense = some[-1] - some[0] < 2 * len(some)
        chosen = _ROWS.id.between(some[0], some[-1]) if dense else _ROWS.id.in_(some)
        kept = frozenset(some)
        for row in connection.execute(sa.select(*columns).where(chosen)).all():
            if row[0] in kept:
                found += 1
                yield row
        start += len(some)
    if found < len(wanted):
        raise _RowRemoved


def _recent(kept: dict[int, T], wanted: Sequence[int], limit: int) -> Mapping[int, T]:
    """Return the wanted items of a least-recently-used cache, and drop its oldest beyond `limit`."""
    found = {i: kept.pop(i) for i in wanted}
    kept.update(found)
    while len(kept) > max(limit, len(wanted)):
        del kept[next(iter(kept))]
    return found
