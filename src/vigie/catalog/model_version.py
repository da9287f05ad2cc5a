"""A reference model as the catalog keeps it, and the row it is kept in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from vigie.bundles.bundle import Bundle, FileDigest
from vigie.bundles.transfer import BundleLocation
from vigie.errors import InputRefused
from vigie.i18n.messages import msg
from vigie.matching import Column
from vigie.matching.distributions import Quantiles
from vigie.stores.base import Location

KEPT_COLUMNS = (
    *("id", "name", "version", "storage_type", "s3_bucket", "s3_prefix"),
    *("digests", "manifest_sha256", "provenance", "active", "created_at"),
)
"""The small columns, those that say what the catalog did with an entry."""

STORAGE_TYPES = ("local", "s3", "gcs", "azure")


@dataclass(frozen=True)
class StorageLocation:
    """Where a bundle lies.

    Attributes:
        storage_type: one of `STORAGE_TYPES`.
        bucket: bucket or container; for `local`, the absolute folder of the store.
        prefix: the bundle's own folder in it.
    """

    storage_type: str
    bucket: str
    prefix: str

    def __post_init__(self) -> None:
        if self.storage_type not in STORAGE_TYPES:
            raise InputRefused(
                msg(
                    "storage type: found {storage_type!r}, expected one of {storage_types}",
                    storage_type=self.storage_type,
                    storage_types=", ".join(STORAGE_TYPES),
                )
            )

    def __str__(self) -> str:
        return f"{self.storage_type}:{self.bucket}/{self.prefix}"

    def to_row(self) -> dict[str, str]:
        """The columns of a row that say it; named as in the seed, on any cloud."""
        return {"storage_type": self.storage_type, "s3_bucket": self.bucket, "s3_prefix": self.prefix}


@dataclass(frozen=True)
class ModelVersion:
    """A version of a reference model as the catalog keeps it.

    Attributes:
        columns: what its training tables had, by role.
        roles: role -> share of its training tables that had it.
        performance: what it has shown on other worlds, as in performance.json.
        profile: profile.json, quantiles included.
        size: bytes of its files.
        digests: what each file's bytes must be.
        manifest_sha256: what the manifest's bytes must be.
        provenance: who made it, from what; free.
        created_at: when it was registered; nothing before that.
        id: its row; nothing before it is registered.
    """

    name: str
    version: str
    domain: str
    columns: tuple[Column, ...]
    roles: Mapping[str, float]
    performance: Mapping[str, Any]
    profile: Mapping[str, Any]
    size: int
    place: StorageLocation
    digests: Mapping[str, FileDigest]
    manifest_sha256: str
    provenance: Mapping[str, Any] = field(default_factory=dict)
    active: bool = True
    created_at: datetime | None = None
    id: int | None = None

    @classmethod
    def from_bundle_parts(
        cls,
        name: str,
        version: str,
        profile: Mapping[str, Any],
        performance: Mapping[str, Any],
        digests: Mapping[str, FileDigest],
        manifest_sha256: str,
        storage_type: str,
        bucket: str,
        prefix: str,
        provenance: Mapping[str, Any] | None = None,
    ) -> ModelVersion:
        """An entry to register, from a bundle's own documents; refuses a profile that is not one."""
        try:
            columns = columns_of(profile["columns"])
            roles = {str(role): float(share) for role, share in profile["roles"].items()}
            domain = str(profile["domain"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputRefused(
                msg(
                    "bundle {name!r}: profile.json lacks a usable domain, columns or roles ({name2})",
                    name=name,
                    name2=type(error).__name__,
                ),
                hint="columns are objects with name, role and type; roles map a role to a share between 0 and 1",
            ) from error
        if not digests:
            raise InputRefused(
                msg("bundle {name!r}: found no digests, expected one for each file", name=name)
            )
        return cls(
            name=name,
            version=version,
            domain=domain,
            columns=columns,
            roles=roles,
            performance=performance,
            profile=profile,
            size=sum(file.size for file in digests.values()),
            place=StorageLocation(storage_type, bucket, prefix),
            digests=dict(digests),
            manifest_sha256=manifest_sha256,
            provenance=provenance or {},
        )

    @classmethod
    def of(
        cls,
        bundle: Bundle,
        stored: BundleLocation,
        store: Location,
        provenance: Mapping[str, Any] | None = None,
    ) -> ModelVersion:
        """An entry to register of a bundle that lies in the store at `store`, where `stored.prefix` says."""
        return cls.from_bundle_parts(
            bundle.name,
            bundle.version,
            bundle.profile,
            bundle.performance,
            stored.files,
            stored.manifest_sha256,
            store.kind,
            store.bucket,
            stored.prefix,
            provenance,
        )

    @classmethod
    def from_row(cls, row: sa.RowMapping) -> ModelVersion:
        """The entry kept in a row of `reference_models`."""
        return cls(
            name=row["name"],
            version=row["version"],
            domain=row["domain"],
            columns=columns_of(row["columns"]),
            roles=row["roles"],
            performance=row["performance"],
            profile=row["profile"],
            size=row["size"],
            place=StorageLocation(row["storage_type"], row["s3_bucket"], row["s3_prefix"]),
            digests=_digests(row["digests"]),
            manifest_sha256=row["manifest_sha256"],
            provenance=row["provenance"],
            active=row["active"],
            created_at=row["created_at"],
            id=row["id"],
        )

    def as_kept(self, row: sa.RowMapping) -> ModelVersion:
        """This entry with what a row of `KEPT_COLUMNS` says of it."""
        return replace(
            self,
            id=row["id"],
            place=StorageLocation(row["storage_type"], row["s3_bucket"], row["s3_prefix"]),
            digests=_digests(row["digests"]),
            manifest_sha256=row["manifest_sha256"],
            provenance=row["provenance"],
            active=row["active"],
            created_at=row["created_at"],
        )

    def to_row(self, now: datetime) -> dict[str, Any]:
        """The row that keeps it, registered `now`."""
        return {
            "name": self.name,
            "version": self.version,
            "domain": self.domain,
            "columns": [asdict(column) for column in self.columns],
            "roles": dict(self.roles),
            "performance": dict(self.performance),
            "profile": dict(self.profile),
            "quantiles": Quantiles.from_json(self.profile.get("quantiles", {})).to_bytes(),
            "size": self.size,
            **self.place.to_row(),
            "digests": {name: asdict(file) for name, file in self.digests.items()},
            "manifest_sha256": self.manifest_sha256,
            "created_at": self.created_at or now,
            "active": self.active,
            "provenance": dict(self.provenance),
        }

    @property
    def label(self) -> str:
        """How messages name it."""
        return f"{self.name} {self.version}"

    @property
    def location(self) -> Location:
        """The store its bundle lies in."""
        return Location(self.place.storage_type, self.place.bucket)

    @property
    def stored(self) -> BundleLocation:
        """Its bundle in that store, with the digests to verify it against."""
        return BundleLocation(self.name, self.place.prefix, self.manifest_sha256, self.digests)


def columns_of(documents: Any) -> tuple[Column, ...]:
    """The columns of a profile from their JSON."""
    return tuple(Column(str(c["name"]), str(c["role"]), str(c["type"])) for c in documents)


def _digests(documents: Mapping[str, Mapping[str, Any]]) -> dict[str, FileDigest]:
    return {name: FileDigest(str(file["sha256"]), int(file["size"])) for name, file in documents.items()}
