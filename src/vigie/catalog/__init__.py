"""The catalog of reference models."""

from vigie.catalog.catalog import Catalog, Match
from vigie.catalog.model_version import STARTER, TRAINED, ModelVersion, StorageLocation

__all__ = ["STARTER", "TRAINED", "Catalog", "Match", "ModelVersion", "StorageLocation"]
