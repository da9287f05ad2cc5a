"""`vigie.ModelStorageService`: loading from a folder, from S3 and from the cache, moving to S3, clearing the cache."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import joblib
import numpy as np
import polars as pl
import pytest
import xgboost
from click.testing import CliRunner

import vigie
from vigie import settings
from vigie.cli.commands import cli
from vigie.errors import DamagedBundle, NotFound, UsageRefused

ROWS = 600


def _table() -> pl.DataFrame:
    rng = np.random.default_rng(0)
    return pl.DataFrame(
        {
            "amount": rng.lognormal(3, 1, ROWS),
            "hour": rng.integers(0, 24, ROWS),
            "age": rng.integers(18, 80, ROWS),
        }
    )


@pytest.fixture
def model(tmp_path: Path) -> xgboost.XGBClassifier:
    """A model of an earlier installation, registered as dataset16."""
    table, folder = _table(), tmp_path / "dataset16"
    folder.mkdir()
    fitted = xgboost.XGBClassifier(n_estimators=10, max_depth=3, n_jobs=1)
    fitted.fit(table.to_numpy(), ((table["amount"] > 60) & (table["hour"] < 9)).to_numpy().astype(int))
    joblib.dump(fitted, folder / "xgboost_model.joblib")
    (folder / "dataset_metadata.json").write_text(json.dumps({"feature_columns": table.columns}))
    done = CliRunner().invoke(cli, ["models", "import", str(folder)])
    assert done.exit_code == 0, done.output
    return fitted


def test_a_model_is_loaded_moved_and_loaded_again(
    model: xgboost.XGBClassifier, tmp_path: Path, s3: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same verified model from the folder, from S3 and from the cache; it scores as the original does."""
    bucket = s3.removeprefix("s3://")
    monkeypatch.setenv("MODEL_CACHE_DIR", str(tmp_path / "cache"))
    service = vigie.ModelStorageService()
    local = service.load_model_pipeline("dataset16")
    assert local.entry.storage.storage_type == "local"
    renamed = (
        _table()
        .rename({"amount": "Montant", "hour": "Heure", "age": "Âge"})
        .select("Âge", "Montant", "Heure")
    )
    expected = model.predict_proba(_table().to_numpy())[:, 1]
    np.testing.assert_allclose(1 / (1 + np.exp(-local.log_odds(renamed))), expected, rtol=1e-5)
    with pytest.raises(UsageRefused, match="bucket"):
        service.upload_model_to_s3("dataset16")
    moved = service.upload_model_to_s3("dataset16", bucket)
    assert (moved.storage.storage_type, moved.storage.bucket) == ("s3", bucket)
    assert moved.storage.prefix.startswith("automl_models/dataset16/")
    assert service.upload_model_to_s3(moved, bucket).storage == moved.storage, "again it is left where it is"
    remote = service.load_model_pipeline(f"dataset16@{moved.version}")
    assert remote.bundle == local.bundle
    assert list((tmp_path / "cache").glob("sha256/*/*"))
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert service.load_model_pipeline(moved).bundle == local.bundle, "the store is not needed any more"
    assert service.clear_cache() > 0
    assert not list((tmp_path / "cache").glob("sha256/*/*"))


def test_what_cannot_be_loaded(model: xgboost.XGBClassifier, vigie_home: Path) -> None:
    """A name that is not registered, and a file that was changed since."""
    service = vigie.ModelStorageService(replace(settings.load()))
    with pytest.raises(NotFound, match="dataset17"):
        service.load_model_pipeline("dataset17")
    booster = next((vigie_home / "models" / "dataset16").rglob("booster-*"))
    booster.write_bytes(booster.read_bytes()[:-1] + b"!")
    with pytest.raises(DamagedBundle):
        service.load_model_pipeline("dataset16")
