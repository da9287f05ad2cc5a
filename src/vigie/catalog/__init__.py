"""The catalog: which reference models there are, where their bundles lie, and which fit a table.

One row of `reference_models` a version of a model. A registered version never changes; only where it lies and
whether it is active do. The catalog never touches a bundle: it keeps the digests others verify bytes against.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import sqlalchemy as sa

from vigie.catalog.match_index import MatchIndex, read_changes
from vigie.catalog.model_version import KEPT_COLUMNS, ModelVersion, StorageLocation
from vigie.db.database import catalog_state, reading, reference_models, writing
from vigie.errors import AlreadyThere, CatalogChanged, NotFound
from vigie.i18n.messages import msg
from vigie.matching import TableProfile
from vigie.matching.explanations import Evidence, similarity

__all__ = ["Catalog", "Match", "ModelVersion", "StorageLocation"]

_ROWS = reference_models.c
_SMALL = tuple(_ROWS[name] for name in KEPT_COLUMNS)
_CHUNK = 500
_Key = tuple[str, str]
TRAINED = "vigie train"
"""The source, in the provenance, of models that were trained on a labelled table."""


@dataclass(frozen=True)
class Match:
    """A model proposed for a table; the points of `evidence` sum to `similarity`."""

    entry: ModelVersion
    similarity: float
    evidence: tuple[Evidence, ...]


class Catalog:
    """The reference models of one database; safe to share between threads.

    `match` keeps what it compares in memory and asks the database one thing each time: has anything changed?
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._memory = MatchIndex()

    def register(self, entry: ModelVersion) -> ModelVersion:
        """Adds one model; see `register_all`."""
        return self.register_all([entry])[0]

    def register_all(self, entries: Iterable[ModelVersion]) -> tuple[ModelVersion, ...]:
        """Adds models, all or none; one that is there with the same digests is left as it is.

        Returns:
            The entries as the catalog has them, in the order given.

        Raises:
            AlreadyThere: the version is registered with other digests, or is given twice here.
        """
        wanted = list(entries)
        keys = [(entry.name, entry.version) for entry in wanted]
        for key, count in Counter(keys).items():
            if count > 1:
                raise _taken(key)
        with reading(self._engine) as connection:
            there = _there(connection, wanted)
        if not _missing(wanted, there):
            return tuple(there[key] for key in keys)
        with writing(self._engine) as connection:
            # First of all: the counter's row is the lock that lets one writer through at a time.
            _changed(connection)
            missing = _missing(wanted, _there(connection, wanted))
            now = datetime.now(UTC)
            for start in range(0, len(missing), _CHUNK):
                rows = [entry.to_row(now) for entry in missing[start : start + _CHUNK]]
                connection.execute(sa.insert(reference_models), rows)
            there = _there(connection, wanted)
        return tuple(there[key] for key in keys)

    def find(self, name: str, version: str | None = None) -> ModelVersion:
        """One model; without a version the newest active one, or the newest if none is active."""
        with reading(self._engine) as connection:
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

    def list(self, *, active_only: bool = True) -> tuple[ModelVersion, ...]:
        """Every model by name, oldest version first."""
        query = sa.select(reference_models).order_by(_ROWS.name, _ROWS.id)
        with reading(self._engine) as connection:
            rows = connection.execute(query.where(_ROWS.active) if active_only else query).mappings()
            return tuple(ModelVersion.from_row(row) for row in rows)

    def places(self) -> dict[tuple[str, str], StorageLocation]:
        """Where the bundle of each version lies, by name and version: one small query."""
        query = sa.select(_ROWS.name, _ROWS.version, _ROWS.storage_type, _ROWS.s3_bucket, _ROWS.s3_prefix)
        with reading(self._engine) as connection:
            return {(row[0], row[1]): StorageLocation(*row[2:]) for row in connection.execute(query)}

    def trained(self) -> tuple[ModelVersion, ...]:
        """The active models that somebody trained on a labelled table, of each its newest version, by name.

        Their columns may come back under other names, so they are looked for column by column.
        """
        source = _ROWS.provenance["source"].as_string()
        query = sa.select(reference_models).where(_ROWS.active, source == TRAINED).order_by(_ROWS.id)
        with reading(self._engine) as connection:
            newest = {row["name"]: row for row in connection.execute(query).mappings()}
        return tuple(ModelVersion.from_row(newest[name]) for name in sorted(newest))

    def activate(self, name: str, version: str | None = None) -> ModelVersion:
        """Lets `match` propose the model."""
        return self._set_active(name, version, active=True)

    def deactivate(self, name: str, version: str | None = None) -> ModelVersion:
        """Keeps the model and its bundle, but `match` no longer proposes it."""
        return self._set_active(name, version, active=False)

    def remove(self, name: str, version: str | None = None) -> ModelVersion:
        """Forgets the model; its bundle stays where it is. Returns what was removed."""
        entry = self.find(name, version)
        with writing(self._engine) as connection:
            _changed(connection)
            _touch_one(connection, entry, sa.delete(reference_models).where(_ROWS.id == entry.id))
        return entry

    def relocate(
        self,
        moves: Sequence[tuple[ModelVersion, StorageLocation]],
        *,
        connection: sa.Connection | None = None,
    ) -> tuple[ModelVersion, ...]:
        """Says that bundles now lie elsewhere: all of them in one transaction, or none.

        Args:
            moves: entries as they were read, and where each lies now. A row that no longer lies where its
                entry says is refused: somebody else moved it.
            connection: a transaction of `database.writing` to take part in, so that a journal is written with it.

        Raises:
            CatalogChanged: a model has been moved or removed since its entry was read.
        """
        if connection is None:
            with writing(self._engine) as own:
                return self.relocate(moves, connection=own)
        _changed(connection)
        for entry, place in moves:
            statement = sa.update(reference_models).where(
                _ROWS.id == entry.id,
                _ROWS.storage_type == entry.place.storage_type,
                _ROWS.s3_bucket == entry.place.bucket,
                _ROWS.s3_prefix == entry.place.prefix,
            )
            _touch_one(connection, entry, statement.values(**place.to_row()))
        return tuple(replace(entry, place=place) for entry, place in moves)

    def changes(self) -> int:
        """A number that grows with every change of the catalog."""
        with reading(self._engine) as connection:
            return read_changes(connection)

    def match(self, table: TableProfile, *, top: int = 3, minimum: float = 0.5) -> tuple[Match, ...]:
        """The active models that fit a table best, of each its newest active version.

        Args:
            table: what `matching.describe` says of the table.
            top: how many at most.
            minimum: only those above this similarity.

        Returns:
            Best first; equals by name.
        """
        with reading(self._engine) as connection:
            found = self._memory.best(connection, table, top, minimum)
        return tuple(Match(entry, similarity(evidence), evidence) for entry, evidence in found)

    def _set_active(self, name: str, version: str | None, *, active: bool) -> ModelVersion:
        entry = self.find(name, version)
        if entry.active != active:
            with writing(self._engine) as connection:
                _changed(connection)
                statement = sa.update(reference_models).where(_ROWS.id == entry.id).values(active=active)
                _touch_one(connection, entry, statement)
        return replace(entry, active=active)


def _there(connection: sa.Connection, wanted: Sequence[ModelVersion]) -> dict[_Key, ModelVersion]:
    """Those of `wanted` that are registered, as they are registered; the profiles are not read again."""
    given = {(entry.name, entry.version): entry for entry in wanted}
    names = sorted({entry.name for entry in wanted})
    found = {}
    for start in range(0, len(names), _CHUNK):
        query = sa.select(*_SMALL).where(_ROWS.name.in_(names[start : start + _CHUNK]))
        for row in connection.execute(query).mappings():
            key = (row["name"], row["version"])
            if key in given:
                # Where the digests are the same so is all that was read from the files.
                found[key] = given[key].as_kept(row)
    return found


def _missing(wanted: Sequence[ModelVersion], there: dict[_Key, ModelVersion]) -> list[ModelVersion]:
    missing = []
    for entry in wanted:
        kept = there.get((entry.name, entry.version))
        if kept is None:
            missing.append(entry)
        elif kept.digests != entry.digests:
            raise _taken((entry.name, entry.version))
    return missing


def _taken(key: _Key) -> AlreadyThere:
    return AlreadyThere(
        "the catalog, with other digests",
        " ".join(key),
        hint="a registered version never changes: use another version",
    )


def _changed(connection: sa.Connection) -> None:
    connection.execute(sa.update(catalog_state).values(changes=catalog_state.c.changes + 1))


def _touch_one(connection: sa.Connection, entry: ModelVersion, statement: sa.Update | sa.Delete) -> None:
    if connection.execute(statement).rowcount == 1:
        return
    row = connection.execute(sa.select(reference_models).where(_ROWS.id == entry.id)).mappings().first()
    found = msg("it at {place}", place=ModelVersion.from_row(row).place) if row else "no such model any more"
    raise CatalogChanged(entry.label, found=found, expected=msg("it at {place}", place=entry.place))
