"""The catalog of reference models."""

from vigie.catalog.catalog import Catalog, Match
from vigie.catalog.match_index import OwnTable
from vigie.catalog.model_version import IMPORTED, STARTER, TRAINED, ModelVersion, StorageLocation

__all__ = [
    "IMPORTED",
    "STARTER",
    "TRAINED",
    "Catalog",
    "Match",
    "ModelVersion",
    "OwnTable",
    "StorageLocation",
]
