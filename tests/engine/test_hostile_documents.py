"""Documents and trees of a model with the right digests that no Vigie wrote: the model does not vote, and nothing else ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from vigie.bundles.bundle import Bundle, pack, unpack
from vigie.bundles.location import BundleLocation
from vigie.catalog import ModelVersion
from vigie.cli.publish import find
from vigie.engine.model_documents import open_model
from vigie.errors import DamagedBundle, InputRefused
from vigie.starter_models.registry import MODELS
from vigie.stores.base import Location


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    """A model that comes with Vigie, added by another user."""
    return unpack(find((MODELS / "mobile_money_bare").as_uri()).files)


def entry(bundle: Bundle) -> ModelVersion:
    location = BundleLocation(
        bundle.name, "p", "0" * 64, find((MODELS / "mobile_money_bare").as_uri()).stored.files
    )
    return ModelVersion.from_bundle(bundle, location, Location("local", "/nowhere"))


def test_a_whole_model_is_opened(bundle: Bundle) -> None:
    """The others differ from it in one place each."""
    assert open_model(entry(bundle), bundle) is not None


HOSTILE: dict[str, Callable[[Bundle], Bundle]] = {
    "fewer inputs": lambda b: replace(b, features={**b.features, "inputs": b.features["inputs"][1:]}),
    "an unknown input": lambda b: replace(
        b, features={**b.features, "inputs": ["?", *b.features["inputs"][1:]]}
    ),
    "no inputs": lambda b: replace(b, features={**b.features, "inputs": None}),
    "a threshold": lambda b: replace(b, features={**b.features, "own": {"threshold": 1}}),
    "ratios of another length": lambda b: replace(b, calibration={**b.calibration, "ratio": [0.0]}),
    "ratios that are text": lambda b: replace(b, calibration={**b.calibration, "ratio": ["x"] * 13}),
    "knots that fall": lambda b: replace(
        b, calibration={**b.calibration, "evidence": b.calibration["evidence"][::-1]}
    ),
    "an own calibration": lambda b: replace(b, calibration={**b.calibration, "own": [1]}),
    "trees cut short": lambda b: replace(b, booster=b.booster[: len(b.booster) // 2]),
    "trees with other bytes": lambda b: replace(
        b, booster=b.booster.replace(b"left_children", b"left_childrex")
    ),
}


@pytest.mark.parametrize("change", HOSTILE.values(), ids=list(HOSTILE))
def test_a_model_that_cannot_be_used_is_reported_as_damaged(
    bundle: Bundle, change: Callable[[Bundle], Bundle]
) -> None:
    """So that it does not vote, as one whose bytes differ, and a warning names it."""
    bad = change(bundle)
    with pytest.raises(DamagedBundle, match=bundle.name) as caught:
        open_model(entry(bad), bad)
    assert f"vigie models deactivate {bundle.name}" in caught.value.hint


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("performance", {"own": [1]}),
        ("performance", {"own": {"roc_auc": "high"}}),
        ("profile", {"roles": {"amount": 7}}),
        ("profile", {"columns": [1]}),
        ("profile", {"quantiles": {"a": 5}}),
        ("profile", {"quantiles": [1]}),
    ],
)
def test_documents_that_the_catalog_cannot_use_are_not_registered(
    bundle: Bundle, field: str, value: dict[str, Any]
) -> None:
    """They would end every match or list."""
    with pytest.raises(InputRefused, match=bundle.name):
        entry(replace(bundle, **{field: {**getattr(bundle, field), **value}}))


def test_a_file_larger_than_in_its_manifest_is_not_read(bundle: Bundle, tmp_path: Path) -> None:
    """Nor a signature of any size."""
    for name, data in pack(bundle, created="2026-01-01T00:00:00Z").items():
        (tmp_path / name).write_bytes(data)
    with (tmp_path / "features.json").open("ab") as file:
        file.truncate(2**40)  # sparse: a terabyte that takes no space
    with pytest.raises(DamagedBundle, match=r"features\.json"):
        find(tmp_path.as_uri())
    (tmp_path / "features.json").write_bytes(pack(bundle, created="2026-01-01T00:00:00Z")["features.json"])
    with (tmp_path / "model.sig").open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(DamagedBundle, match=r"model\.sig"):
        find(tmp_path.as_uri())
