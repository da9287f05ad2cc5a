"""A version of a reference model, and its row in the catalog."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from vigie.bundles.bundle import MANIFEST, Bundle, FileDigest
from vigie.bundles.location import BundleLocation
from vigie.errors import DamagedModelRow, InputRefused
from vigie.i18n.messages import msg
from vigie.matching import Column, ModelVector
from vigie.matching.distributions import Quantiles
from vigie.stores.base import Location

ROW_STATE_COLUMNS = (
    *("id", "name", "version", "storage_type", "s3_bucket", "s3_prefix"),
    *("digests", "manifest_sha256", "provenance", "active", "created_at"),
)
"""Columns that `ModelVersion.with_row_state` reads: all but what the bundle's documents contain."""

TRAINED = "vigie train"
"""Provenance source of models trained on a labelled table."""
IMPORTED = "import"
"""Provenance source of models imported from files of a third party."""
STARTER = "starter library"
"""Provenance source of the models that come with Vigie."""


@dataclass(frozen=True)
class StorageLocation:
    """Address of a bundle.

    Attributes:
        storage_type: kind of store, one of `stores.open.storage_types()` when registered; a plugin may be missing later.
        bucket: bucket or container; for `local`, the absolute folder of the store.
        prefix: folder of the bundle in the store.
    """

    storage_type: str
    bucket: str
    prefix: str

    def __str__(self) -> str:
        return f"{self.storage_type}:{self.bucket}/{self.prefix}"

    def to_row(self) -> dict[str, str]:
        """Return the row's columns, which have the names of an earlier implementation for every kind of store."""
        return {"storage_type": self.storage_type, "s3_bucket": self.bucket, "s3_prefix": self.prefix}


@dataclass(frozen=True)
class ModelVersion:
    """A version of a reference model.

    Attributes:
        columns: columns of its training tables, by role.
        roles: role -> share of its training tables that had it, in [0, 1].
        performance: measures on tables it was not trained on, as in performance.json.
        profile: profile.json, quantiles included.
        size: total size of its files in bytes.
        storage: where its bundle is.
        digests: file name -> SHA-256 and size.
        manifest_sha256: digest of the manifest.
        provenance: who made it, from what; free.
        created_at: time of registration, None before it.
        id: primary key of its row, None before registration.
    """

    name: str
    version: str
    domain: str
    columns: tuple[Column, ...]
    roles: Mapping[str, float]
    performance: Mapping[str, Any]
    profile: Mapping[str, Any]
    size: int
    storage: StorageLocation
    digests: Mapping[str, FileDigest]
    manifest_sha256: str
    provenance: Mapping[str, Any] = field(default_factory=dict)
    active: bool = True
    created_at: datetime | None = None
    id: int | None = None

    @classmethod
    def from_documents(
        cls,
        stored: BundleLocation,
        version: str,
        store: Location,
        *,
        profile: Mapping[str, Any],
        performance: Mapping[str, Any],
        provenance: Mapping[str, Any] | None = None,
    ) -> ModelVersion:
        """Build a version to register from a stored bundle's documents.

        Args:
            stored: name, prefix in the store and digests of the bundle.
            version: version of the model.
            store: where the bundle is stored; its prefix is not used.
            profile: profile.json.
            performance: performance.json.
            provenance: who made the model, from what.

        Raises:
            InputRefused: the profile lacks a domain, columns or roles, its quantiles or measures are no numbers, or there
                are no digests.
        """
        try:
            columns = columns_of(profile["columns"])
            roles = {str(role): float(share) for role, share in profile["roles"].items()}
            domain = str(profile["domain"])
            Quantiles.from_json(profile.get("quantiles", {}))
            for measures in (performance, performance.get("own", {}), performance.get("transferable", {})):
                float(measures.get("roc_auc") or 0)
            if not all(0 <= share <= 1 for share in roles.values()):
                raise ValueError("a share outside its range")
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputRefused(
                msg(
                    "bundle {name!r}: profile.json lacks a usable domain, columns or roles ({name2})",
                    name=stored.name,
                    name2=type(error).__name__,
                ),
                hint="columns are objects with name, role and type; roles map a role to a share between 0 and 1",
            ) from error
        if not stored.files:
            raise InputRefused(
                msg("bundle {name!r}: found no digests, expected one for each file", name=stored.name)
            )
        return cls(
            name=stored.name,
            version=version,
            domain=domain,
            columns=columns,
            roles=roles,
            performance=performance,
            profile=profile,
            size=sum(file.size for file in stored.files.values()),
            storage=StorageLocation(store.kind, store.bucket, stored.prefix),
            digests=dict(stored.files),
            manifest_sha256=stored.manifest_sha256,
            provenance=provenance or {},
        )

    @classmethod
    def from_bundle(
        cls,
        bundle: Bundle,
        stored: BundleLocation,
        store: Location,
        provenance: Mapping[str, Any] | None = None,
    ) -> ModelVersion:
        """Build a version to register from a bundle in memory; see `from_documents`."""
        return cls.from_documents(
            stored,
            bundle.version,
            store,
            profile=bundle.profile,
            performance=bundle.performance,
            provenance=provenance,
        )

    @classmethod
    def from_row(cls, row: sa.RowMapping) -> ModelVersion:
        """Build the version from a whole row of `reference_models`.

        Raises:
            DamagedModelRow: a value of the row is not what registering writes.
        """
        with reading_row(row):
            return cls(
                name=row["name"],
                version=row["version"],
                domain=row["domain"],
                columns=columns_of(row["columns"]),
                roles={str(role): float(share) for role, share in row["roles"].items()},
                performance=dict(row["performance"]),
                profile=dict(row["profile"]),
                size=int(row["size"]),
                **_row_state(row),
            )

    def with_row_state(self, row: sa.RowMapping) -> ModelVersion:
        """Return this version with the state of a row of `ROW_STATE_COLUMNS`.

        Raises:
            DamagedModelRow: a value of the row is not what registering writes.
        """
        with reading_row(row):
            return replace(self, **_row_state(row))

    def to_row(self, now: datetime) -> dict[str, Any]:
        """Return the row to insert, registered `now`."""
        return {
            "name": self.name,
            "version": self.version,
            "domain": self.domain,
            "columns": [{"name": c.name, "role": c.role, "type": c.type} for c in self.columns],
            "roles": dict(self.roles),
            "performance": dict(self.performance),
            "profile": dict(self.profile),
            "quantiles": Quantiles.from_json(self.profile.get("quantiles", {})).to_bytes(),
            "match_vector": ModelVector.of(self.domain, self.columns, self.roles).to_bytes(),
            "size": self.size,
            **self.storage.to_row(),
            "digests": {n: {"sha256": file.sha256, "size": file.size} for n, file in self.digests.items()},
            "manifest_sha256": self.manifest_sha256,
            "created_at": self.created_at or now,
            "active": self.active,
            "provenance": dict(self.provenance),
        }

    @property
    def own(self) -> bool:
        """Whether the model is the user's: trained, imported or added, not one that comes with Vigie."""
        return self.provenance.get("source") != STARTER

    @property
    def label(self) -> str:
        """Name and version, for messages."""
        return f"{self.name} {self.version}"

    @property
    def store(self) -> Location:
        """Location of the store that has its bundle."""
        return Location(self.storage.storage_type, self.storage.bucket)

    @property
    def bundle(self) -> BundleLocation:
        """Its bundle in that store, with the digests to verify it against."""
        return BundleLocation(self.name, self.storage.prefix, self.manifest_sha256, self.digests)

    def resolve_storage(self, storage: StorageLocation, starter_models: Path) -> StorageLocation:
        """Return `storage`, or the folder of a starter model that an earlier installation of Vigie had elsewhere.

        Args:
            storage: where the bundle is or was.
            starter_models: folder of the starter models of this installation.
        """
        if self.provenance.get("source") != STARTER or storage.storage_type != "local":
            return storage
        # Not the folder alone: an upgrade removes its files, and may leave it empty.
        if Path(storage.bucket, storage.prefix, MANIFEST).is_file():
            return storage
        return replace(storage, bucket=str(starter_models.resolve()))


@contextmanager
def reading_row(row: sa.RowMapping) -> Iterator[None]:
    """Raise DamagedModelRow where the values of a row, which has its name and version, cannot be used."""
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
        found = type(error).__name__
        raise DamagedModelRow(row["name"], row["version"], found=found) from error


def columns_of(documents: Any) -> tuple[Column, ...]:
    """Convert the columns of a profile from JSON."""
    return tuple(Column(str(c["name"]), str(c["role"]), str(c["type"])) for c in documents)


def _row_state(row: sa.RowMapping) -> dict[str, Any]:
    """Return the attributes that registration adds or may change."""
    digests = {
        str(name): FileDigest(str(file["sha256"]), int(file["size"])) for name, file in row["digests"].items()
    }
    if not digests or row["created_at"] is None:
        raise ValueError
    return {
        "id": row["id"],
        "storage": StorageLocation(row["storage_type"], row["s3_bucket"], row["s3_prefix"]),
        "digests": digests,
        "manifest_sha256": row["manifest_sha256"],
        "provenance": dict(row["provenance"]),
        "active": bool(row["active"]),
        "created_at": row["created_at"],
    }
