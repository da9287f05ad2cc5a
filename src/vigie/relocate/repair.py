"""Finds the models that are damaged at their registered location, and where undamaged copies of their files may be."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa

from vigie.catalog import STARTER, ModelVersion, StorageLocation
from vigie.db.database import reading
from vigie.relocate.tables import migration_steps
from vigie.relocate.targets import StorePool, Target
from vigie.relocate.verification import DAMAGED, check_models
from vigie.relocate.worker_pool import Progress
from vigie.stores.open import storage_types

_S = migration_steps.c
_Key = tuple[str, str]


class SourceLocations:
    """Every location that a model has or had by the journal, and that of the starter models.

    Args:
        engine: the catalog's database.
        starter_models: folder of the models that come with Vigie; None not to use it.
    """

    def __init__(self, engine: sa.Engine, starter_models: Path | None) -> None:
        self._starter_models = starter_models
        self._earlier: dict[_Key, list[StorageLocation]] = {}
        olds = (_S.old_storage_type, _S.old_bucket, _S.old_prefix)
        news = (_S.new_storage_type, _S.new_bucket, _S.new_prefix)
        query = sa.select(_S.model, _S.version, *olds, *news).order_by(_S.id.desc())
        openable = storage_types()
        with reading(engine) as connection:
            for name, version, *places in connection.execute(query):
                found = self._earlier.setdefault((name, version), [])
                for place in (StorageLocation(*places[:3]), StorageLocation(*places[3:])):
                    if place not in found and place.storage_type in openable:
                        found.append(place)

    def list(self, entry: ModelVersion, target: StorageLocation) -> list[StorageLocation]:
        """Return where the files of `entry` may be besides `target`, its own location first."""
        found = [entry.storage, *self._earlier.get((entry.name, entry.version), ())]
        if self._starter_models is not None and entry.provenance.get("source") == STARTER:
            found.append(StorageLocation("local", str(self._starter_models.resolve()), entry.name))
        return [place for place in dict.fromkeys(found) if place != target]


def damaged_models(
    entries: Sequence[ModelVersion], target: Target, stores: StorePool, parallel: int, progress: Progress
) -> tuple[ModelVersion, ...]:
    """Read every byte of the models that are registered at `target`; return those with missing or wrong files.

    Raises:
        StoreUnavailable: the store failed for several models in a row.
    """
    there = [(entry, entry.storage) for entry in entries if entry.storage == target.location_of(entry)]
    checks = check_models(there, stores, parallel, progress) if there else []
    damaged = {(check.name, check.version) for check in checks if check.state == DAMAGED}
    return tuple(entry for entry in entries if (entry.name, entry.version) in damaged)
