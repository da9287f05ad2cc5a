"""`ModelStorageService`: the front of an earlier implementation, on the catalog, the stores and the cache of this one.

It is for code that was written for that implementation; its names are compared in docs/en/old-names.md. Files are fetched and
verified as everywhere else: nothing is opened before its SHA-256 was compared with the catalog.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from vigie import relocate, resources, settings
from vigie.arrays import Floats
from vigie.bundles.bundle import Bundle
from vigie.catalog import ModelVersion
from vigie.db import database
from vigie.errors import MigrationIncomplete, UsageRefused
from vigie.i18n.messages import msg
from vigie.models.base import ReferenceModel
from vigie.models.load import load_model
from vigie.models.model_inputs import build_inputs
from vigie.roles import inference
from vigie.settings import Settings
from vigie.starter_models import registry
from vigie.table import from_frame
from vigie.table.interchange import to_polars

DEFAULT_PREFIX = "automl_models"


@dataclass(frozen=True)
class ModelPipeline:
    """A reference model that is ready to score tables.

    Attributes:
        entry: its row of the catalog.
        bundle: its files, verified.
        model: the loaded model.
    """

    entry: ModelVersion
    bundle: Bundle
    model: ReferenceModel

    def log_odds(self, table: Any) -> Floats:
        """Return (rows,) the log-odds of fraud that this model alone gives, in the order of the table.

        For an imported model `1 / (1 + exp(-x))` of them is what the original pipeline returned as `predict_proba`, where the
        table has all its columns, under any names. It is not calibrated.

        Args:
            table: a file's path, or a polars, pandas or Arrow table.
        """
        frame = from_frame(to_polars(table)).typed if not isinstance(table, str | Path) else _typed(table)
        roles = inference.infer(frame)
        inputs = build_inputs(frame, roles)
        columns = {column.name: column.role for column in self.entry.columns}
        vote = self.model.vote(frame, roles, inputs, columns)
        out = np.empty(frame.height)
        out[inputs.order] = vote.margin
        return out


class ModelStorageService:
    """Loads models of the catalog from a folder, S3, GCS or Azure through the cache, and moves them to S3.

    Args:
        config: settings; by default those of the environment, as for every command.
    """

    def __init__(self, config: Settings | None = None) -> None:
        self._config = config or settings.load()

    def load_model_pipeline(self, reference_model: str | ModelVersion) -> ModelPipeline:
        """Fetch, verify and load a model from wherever the catalog says that it is.

        Args:
            reference_model: `NAME`, `NAME@VERSION` or a row of the catalog.

        Raises:
            NotFound: there is no such model.
            DamagedBundle: a file is not the registered one.
            StoreUnavailable: the store does not answer and the cache does not have the files.
        """
        entry = self._find(reference_model)
        bundle = resources.bundle_loader(self._config)(entry)
        return ModelPipeline(entry, bundle, load_model(bundle.booster, bundle.features))

    def upload_model_to_s3(
        self, reference_model: str | ModelVersion, bucket: str = "", prefix: str = DEFAULT_PREFIX
    ) -> ModelVersion:
        """Move all versions of a model to an S3 bucket, read them back, and change their location in the catalog.

        The files at the old location are kept. A model that is there already is compared and left.

        Args:
            reference_model: `NAME`, or a row of the catalog.
            bucket: of S3; by default S3_MODEL_BUCKET.
            prefix: folder in it.

        Returns:
            The row of the catalog with the new location.

        Raises:
            NotFound: there is no such model.
            UsageRefused: no bucket is named.
            MigrationIncomplete: a file could not be copied.
        """
        entry = self._find(reference_model)
        chosen = bucket or self._config.bucket
        if not chosen:
            raise UsageRefused(msg("no bucket was named"), hint="pass bucket, or set S3_MODEL_BUCKET")
        engine = database.open(self._config.database_url)
        try:
            done = relocate.run(
                engine, f"s3://{chosen}/{prefix}", names={entry.name}, starter_models=registry.MODELS
            )
        finally:
            engine.dispose()
        if not done.complete:
            raise MigrationIncomplete(
                done.models_out, done.models_in, what="arrived", failed=done.failures, hint=done.hint
            )
        return self._find(replace(entry, id=None))

    def clear_cache(self) -> int:
        """Remove every local copy of files in a cloud store, and return how many bytes that freed."""
        return resources.open_cache(self._config).clear()

    def _find(self, reference_model: str | ModelVersion) -> ModelVersion:
        if isinstance(reference_model, ModelVersion):
            name, version = reference_model.name, reference_model.version
        else:
            name, _, version = reference_model.partition("@")
        with resources.open_catalog(self._config) as catalog:
            return catalog.find(name, version or None)


def _typed(path: str | Path) -> pl.DataFrame:
    from vigie.table import read

    return read(str(path)).typed
