"""The catalog of reference models: registration, activation, location and matching.

Each version of a model is one row of `reference_models`. A registered version never changes, except for its storage
location and whether it is active. The catalog never reads a bundle: it keeps the digests to verify one against.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from vigie.catalog.match_index import MatchIndex, OwnTable, read_changes, read_vectors
from vigie.catalog.model_version import ROW_STATE_COLUMNS, TRAINED, ModelVersion, StorageLocation
from vigie.catalog.tables import catalog_state, reference_models
from vigie.db.database import reading, writing
from vigie.errors import AlreadyThere, CatalogChanged, InputRefused, NotFound
from vigie.i18n.messages import msg
from vigie.matching import MatchReason, ModelVector, TableProfile, similarity
from vigie.stores.open import storage_types

_ROWS = reference_models.c
_STATE_COLUMNS = tuple(_ROWS[name] for name in ROW_STATE_COLUMNS)
_CHUNK = 500
_Key = tuple[str, str]


@dataclass(frozen=True)
class Match:
    """A model proposed for a table.

    Attributes:
        entry: the model.
        reasons: points of the similarity, and why.
    """

    entry: ModelVersion
    reasons: tuple[MatchReason, ...]

    @property
    def similarity(self) -> float:
        """The sum of the points, in [0, 1]."""
        return similarity(self.reasons)


class Catalog:
    """The reference models of one database; safe to share between threads.

    `match` keeps an index in memory and reads it again only after a change of the catalog.

    Attributes:
        engine: of the database.
        on_change: called after a model was registered, activated, deactivated or removed, with the action and the model.

    Every method raises DatabaseUnavailable where the database does not answer.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self.on_change: Callable[[str, ModelVersion], None] = _ignore
        self._index = MatchIndex()

    def register(self, entry: ModelVersion) -> ModelVersion:
        """Add one model; see `register_all`."""
        return self.register_all([entry])[0]

    def register_all(self, entries: Iterable[ModelVersion]) -> tuple[ModelVersion, ...]:
        """Add models, all or none; one that is registered with the same digests stays as it is.

        Returns:
            The models as registered, in the order of `entries`.

        Raises:
            AlreadyThere: a version is registered with other digests, or occurs twice in `entries`.
            InputRefused: no installed store has the storage type of an entry.
        """
        wanted = list(entries)
        _check_storage_types(wanted)
        keys = [(entry.name, entry.version) for entry in wanted]
        for key, count in Counter(keys).items():
            if count > 1:
                raise _taken(key)
        with reading(self.engine) as connection:
            registered = _registered(connection, wanted)
        if not _unregistered(wanted, registered):
            return tuple(registered[key] for key in keys)
        with writing(self.engine) as connection:
            # First: the counter's row is the lock that serialises writers.
            _count_change(connection)
            missing = _unregistered(wanted, _registered(connection, wanted))
            now = datetime.now(UTC)
            for start in range(0, len(missing), _CHUNK):
                rows = [entry.to_row(now) for entry in missing[start : start + _CHUNK]]
                connection.execute(sa.insert(reference_models), rows)
            registered = _registered(connection, wanted)
        for entry in missing:
            self.on_change("register model", registered[entry.name, entry.version])
        return tuple(registered[key] for key in keys)

    def find(self, name: str, version: str | None = None) -> ModelVersion:
        """Return one model; without a version the newest active one, or the newest if none is active.

        Raises:
            NotFound: there is no such model or version.
            DamagedModelRow: its row cannot be read.
        """
        with reading(self.engine) as connection:
            where = [_ROWS.name == name] + ([_ROWS.version == version] if version is not None else [])
            newest = sa.select(reference_models).where(*where).order_by(_ROWS.active.desc(), _ROWS.id.desc())
            row = connection.execute(newest.limit(1)).mappings().first()
            if row is not None:
                return ModelVersion.from_row(row)
            known = connection.execute(sa.select(_ROWS.name, _ROWS.version)).all()
        versions = [known_version for known_name, known_version in known if known_name == name]
        if versions and version is not None:
            raise NotFound(
                msg("version of model {name!r}:", name=name),
                version,
                hint=msg("it has {versions}", versions=", ".join(versions[-5:])),
            )
        raise NotFound("model", name, known=sorted({known_name for known_name, _ in known}))

    def list(self, *, active_only: bool = True, own_only: bool = False) -> tuple[ModelVersion, ...]:
        """Return the models, sorted by name, the oldest version first.

        Args:
            active_only: leave out those that are not matched.
            own_only: leave out those that come with Vigie.
        """
        query = sa.select(reference_models).order_by(_ROWS.name, _ROWS.id)
        with reading(self.engine) as connection:
            rows = connection.execute(query.where(_ROWS.active) if active_only else query).mappings()
            entries = map(ModelVersion.from_row, rows)
            return tuple(entry for entry in entries if entry.own or not own_only)

    def storage_locations(self) -> dict[tuple[str, str], StorageLocation]:
        """Return the storage location of every version by name and version, without reading whole rows."""
        query = sa.select(_ROWS.name, _ROWS.version, _ROWS.storage_type, _ROWS.s3_bucket, _ROWS.s3_prefix)
        with reading(self.engine) as connection:
            return {(row[0], row[1]): StorageLocation(*row[2:]) for row in connection.execute(query)}

    def trained(self) -> tuple[ModelVersion, ...]:
        """Return the newest active version of every model trained on a labelled table, sorted by name."""
        source = _ROWS.provenance["source"].as_string()
        query = sa.select(reference_models).where(_ROWS.active, source == TRAINED).order_by(_ROWS.id)
        with reading(self.engine) as connection:
            newest = {row["name"]: row for row in connection.execute(query).mappings()}
        return tuple(ModelVersion.from_row(newest[name]) for name in sorted(newest))

    def like_own_table(self, table: TableProfile, *, limit: int = 32) -> tuple[OwnTable, ...]:
        """Return what is known of the own tables most like a table, of trained and imported models, sorted by name.

        These read the columns of a table, whose names may be others, so they are then matched column by column. Of each
        model its newest active version counts.

        Args:
            table: profile from `matching.describe`, without features.
            limit: of the models; all are returned where there are no more.
        """
        with reading(self.engine) as connection:
            return self._index.like_own_table(connection, table, limit)

    def by_id(self, number: int) -> ModelVersion:
        """Return the model of a row.

        Raises:
            CatalogChanged: it was removed meanwhile.
        """
        with reading(self.engine) as connection:
            query = sa.select(reference_models).where(_ROWS.id == number)
            row = connection.execute(query).mappings().first()
        if row is None:
            raise CatalogChanged("the catalog", found="a model removed meanwhile", expected="the same models")
        return ModelVersion.from_row(row)

    def activate(self, name: str, version: str | None = None) -> ModelVersion:
        """Let `match` propose the model; raise NotFound where there is none."""
        return self._set_active(name, version, active=True)

    def deactivate(self, name: str, version: str | None = None) -> ModelVersion:
        """Keep the model but let `match` no longer propose it; raise NotFound where there is none."""
        return self._set_active(name, version, active=False)

    def remove(self, name: str, version: str | None = None) -> ModelVersion:
        """Remove the model from the catalog and return it; its bundle stays in its store.

        Raises:
            NotFound: there is no such model or version.
            CatalogChanged: it was removed meanwhile.
        """
        entry = self.find(name, version)
        with writing(self.engine) as connection:
            _count_change(connection)
            _change_one(connection, entry, sa.delete(reference_models).where(_ROWS.id == entry.id))
        self.on_change("remove model", entry)
        return entry

    def remove_damaged(self, name: str, version: str) -> None:
        """Remove a model whose row cannot be read.

        Raises:
            NotFound: there is no such model or version.
        """
        with writing(self.engine) as connection:
            _count_change(connection)
            row = sa.delete(reference_models).where(_ROWS.name == name, _ROWS.version == version)
            if connection.execute(row).rowcount == 0:
                raise NotFound("model", f"{name}@{version}")

    def relocate(
        self,
        moves: Sequence[tuple[ModelVersion, StorageLocation]],
        *,
        connection: sa.Connection | None = None,
    ) -> tuple[ModelVersion, ...]:
        """Set new storage locations, all in one transaction or none.

        Args:
            moves: models as they were read, each with its new location.
            connection: a transaction of `database.writing` to join, so that a journal commits with it.

        Raises:
            CatalogChanged: a model has been moved or removed since it was read.
            InputRefused: no installed store has the storage type of a new location.
        """
        if connection is None:
            with writing(self.engine) as own:
                return self.relocate(moves, connection=own)
        moved = [replace(entry, storage=storage) for entry, storage in moves]
        _check_storage_types(moved)
        _count_change(connection)
        for entry, storage in moves:
            statement = sa.update(reference_models).where(
                _ROWS.id == entry.id,
                _ROWS.storage_type == entry.storage.storage_type,
                _ROWS.s3_bucket == entry.storage.bucket,
                _ROWS.s3_prefix == entry.storage.prefix,
            )
            _change_one(connection, entry, statement.values(**storage.to_row()))
        return tuple(moved)

    def changes(self) -> int:
        """Return a counter that grows with every change of the catalog."""
        with reading(self.engine) as connection:
            return read_changes(connection)

    def match(
        self,
        table: TableProfile,
        *,
        top: int = 3,
        minimum: float = 0.5,
        own_only: bool = False,
        spare_last: bool = False,
    ) -> tuple[Match, ...]:
        """Return the models that fit a table best, of each model its newest active version.

        Args:
            table: profile from `matching.describe`.
            top: maximum number of matches.
            minimum: similarity that a match must exceed, in [0, 1].
            own_only: leave out the models that come with Vigie.
            spare_last: keep the last place for a model that `vigie train` made, where one exceeds the minimum, and leave
                out imported ones while others fit.

        Returns:
            The best first; ties in the order of their names.
        """
        with reading(self.engine) as connection:
            found = self._index.best(
                connection, table, top, minimum, own_only=own_only, spare_last=spare_last
            )
        return tuple(Match(entry, reasons) for entry, reasons in found)

    def pack_vectors(self) -> int:
        """Pack the columns and roles of models that an earlier version registered; the first match reads them faster.

        What a match finds does not depend on it, so it may be repeated.

        Returns:
            The number of models that were packed.
        """
        packed = sa.select(_ROWS.id, _ROWS.domain, _ROWS.match_vector).order_by(_ROWS.id)
        with reading(self.engine) as connection:
            if not _unpacked(connection.execute(packed).all()):
                return 0
        with writing(self.engine) as connection:
            _count_change(connection)
            wanted = _unpacked(connection.execute(packed).all())
            vectors = read_vectors(connection, wanted)
            statement = sa.update(reference_models).where(_ROWS.id == sa.bindparam("number"))
            rows = [{"number": key, "match_vector": vector.to_bytes()} for key, vector in vectors.items()]
            if rows:
                connection.execute(statement, rows)
        return len(rows)

    def _set_active(self, name: str, version: str | None, *, active: bool) -> ModelVersion:
        entry = self.find(name, version)
        if entry.active != active:
            with writing(self.engine) as connection:
                _count_change(connection)
                statement = sa.update(reference_models).where(_ROWS.id == entry.id).values(active=active)
                _change_one(connection, entry, statement)
            self.on_change("activate model" if active else "deactivate model", entry)
        return replace(entry, active=active)


def _ignore(action: str, entry: ModelVersion) -> None:
    """Do nothing after a change."""


def _unpacked(rows: Iterable[Any]) -> list[int]:
    """Return the ids of the rows without a vector that this version can read."""
    return [number for number, domain, data in rows if ModelVector.from_bytes(domain, data or b"") is None]


def _registered(connection: sa.Connection, wanted: Sequence[ModelVersion]) -> dict[_Key, ModelVersion]:
    """Return those of `wanted` that are registered, in their registered state, without reading their profiles."""
    by_key = {(entry.name, entry.version): entry for entry in wanted}
    names = sorted({entry.name for entry in wanted})
    found = {}
    for start in range(0, len(names), _CHUNK):
        query = sa.select(*_STATE_COLUMNS).where(_ROWS.name.in_(names[start : start + _CHUNK]))
        for row in connection.execute(query).mappings():
            key = (row["name"], row["version"])
            if key in by_key:
                # Equal digests mean equal files, and so equal profiles.
                found[key] = by_key[key].with_row_state(row)
    return found


def _unregistered(wanted: Sequence[ModelVersion], registered: dict[_Key, ModelVersion]) -> list[ModelVersion]:
    missing = []
    for entry in wanted:
        found = registered.get((entry.name, entry.version))
        if found is None:
            missing.append(entry)
        elif found.digests != entry.digests:
            raise _taken((entry.name, entry.version))
    return missing


def _taken(key: _Key) -> AlreadyThere:
    return AlreadyThere(
        "the catalog, with other digests",
        " ".join(key),
        hint="a registered version never changes: use another version",
    )


def _count_change(connection: sa.Connection) -> None:
    connection.execute(sa.update(catalog_state).values(changes=catalog_state.c.changes + 1))


def _change_one(connection: sa.Connection, entry: ModelVersion, statement: sa.Update | sa.Delete) -> None:
    if connection.execute(statement).rowcount == 1:
        return
    row = connection.execute(sa.select(reference_models).where(_ROWS.id == entry.id)).mappings().first()
    found = (
        msg("it at {place}", place=ModelVersion.from_row(row).storage) if row else "no such model any more"
    )
    raise CatalogChanged(entry.label, found=found, expected=msg("it at {place}", place=entry.storage))


def _check_storage_types(entries: Iterable[ModelVersion]) -> None:
    known = storage_types()
    for entry in entries:
        if entry.storage.storage_type not in known:
            raise InputRefused(
                msg(
                    "storage type: found {storage_type!r}, expected one of {storage_types}",
                    storage_type=entry.storage.storage_type,
                    storage_types=", ".join(known),
                )
            )
