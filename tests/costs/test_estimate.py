"""The estimate, compared with the figures of the first implementation: 40 models, 1.832 GB, 200 files, $0.04."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from tests.relocate.sample_models import populate

from vigie.catalog import Catalog
from vigie.costs.estimate import StorageLoad, estimate, storage_load
from vigie.costs.prices import load_prices
from vigie.errors import InputRefused, NotFound

SEED = StorageLoad(models=40, objects=200, size=1_832_000_000)
ROUND = {
    "read": "2026-01-01",
    "currency": "EUR",
    "providers": [
        {
            "key": "one",
            "name": "One",
            "source": "a test",
            "gb_bytes": 1e9,
            "storage_per_gb_month": 10,
            "writes_per_thousand": 1,
            "reads_per_thousand": 0.1,
            "transfer_out_per_gb": 2,
        }
    ],
}


def test_the_estimate_of_the_first_implementation() -> None:
    """40 models cost $0.04 a month: 1.706 GB of 2^30 bytes at $0.023, and 200 files read 30 times at $0.0004 per thousand."""
    s3 = {cost.provider.key: cost for cost in estimate(SEED, load_prices())}["s3"]
    assert s3.storage == pytest.approx(1.832e9 / 2**30 * 0.023)
    assert s3.read_requests == pytest.approx(200 * 30 * 0.0004 / 1000)
    assert s3.copy_requests == pytest.approx((240 * 0.005 + 200 * 0.0004) / 1000)
    assert f"{s3.storage:.2f}" == f"{s3.steady:.2f}" == f"{s3.first_month:.2f}" == "0.04"


def test_the_price_list_has_a_date_and_sources() -> None:
    """For S3, GCS, Azure and R2."""
    prices = load_prices()
    assert [provider.key for provider in prices.providers] == ["s3", "gcs", "azure", "r2"]
    assert prices.read == "2026-11-23"
    assert all(provider.source.startswith("https://") for provider in prices.providers)


def test_another_price_list(tmp_path: Path) -> None:
    """Round prices make round sums: 2 GB at 10, 1,000 objects and 500 lists written at 1, 30,000 reads at 0.1."""
    file = tmp_path / "prices.json"
    file.write_text(json.dumps(ROUND))
    (cost,) = estimate(StorageLoad(500, 1000, 2_000_000_000), load_prices(file))
    assert cost.storage == pytest.approx(20)
    assert cost.read_requests == pytest.approx(3)
    assert cost.copy_requests == pytest.approx(1.5 + 0.1)
    assert cost.steady == pytest.approx(23)
    assert cost.first_month == pytest.approx(24.6)
    assert cost.transfer_out == pytest.approx(120)


@pytest.mark.parametrize(
    "spoil",
    [{"providers": []}, {"providers": [{}]}, {"read": None, "providers": 3}, {"providers": [{"key": "x"}]}],
)
def test_a_malformed_price_list_is_refused(tmp_path: Path, spoil: dict[str, Any]) -> None:
    """The error names the file and the missing part."""
    file = tmp_path / "mine.json"
    file.write_text(json.dumps({**ROUND, **spoil}))
    with pytest.raises(InputRefused, match=r"mine\.json"):
        load_prices(file)
    with pytest.raises(NotFound):
        load_prices(tmp_path / "absent.json")


def test_a_negative_price_is_refused(tmp_path: Path) -> None:
    """The error names the provider."""
    file = tmp_path / "mine.json"
    file.write_text(json.dumps({**ROUND, "providers": [{**ROUND["providers"][0], "reads_per_thousand": -1}]}))  # type: ignore[dict-item]
    with pytest.raises(InputRefused, match="negative"):
        load_prices(file)


def test_the_load_of_a_catalog(engine: sa.Engine, tmp_path: Path) -> None:
    """Five files and a manifest per model, with registered sizes; inactive models count too."""
    entries = populate(engine, tmp_path.as_uri(), 7)
    load = storage_load(Catalog(engine).list(active_only=False))
    assert (load.models, load.objects) == (7, 42)
    assert load.size == sum(entry.size for entry in entries) > 7 * 2_000
