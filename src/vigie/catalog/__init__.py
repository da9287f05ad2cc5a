"""The catalog of reference models."""

from vigie.catalog.catalog import TRAINED, Catalog, Match
from vigie.catalog.model_version import ModelVersion, StorageLocation

__all__ = ["TRAINED", "Catalog", "Match", "ModelVersion", "StorageLocation"]
