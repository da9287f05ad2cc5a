"""The shipped starter models, their registration and their training samples."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from vigie import relocate, resources, settings, simulator
from vigie.bundles import bundle
from vigie.bundles.verification import open_bundle
from vigie.calibration.calibrator import Calibrator
from vigie.catalog import Catalog
from vigie.db import database
from vigie.features import NAMES
from vigie.models.load import load_model
from vigie.models.model_inputs import INPUTS
from vigie.models.transferable import TransferableModel
from vigie.roles.inference import ROLES
from vigie.starter_models import registry
from vigie.starter_models.specs import DOMAINS_WITHOUT_HISTORY, columns_of_view, model_specs
from vigie.starter_models.training_samples import (
    EXTRACT_FRAUD_SHARE,
    MAX_FRAUDS,
    MAX_LEGITIMATE,
    TrainingSample,
    make_sample,
)

MOST_BYTES = 12_000_000
FOLDERS = sorted(path for path in registry.MODELS.glob("*") if path.is_dir())


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    """An empty catalog."""
    engine = database.open(f"sqlite:///{tmp_path / 'catalog.sqlite'}")
    yield Catalog(engine)
    engine.dispose()


def read(folder: Path) -> bundle.Bundle:
    """Return a shipped bundle, verified."""
    manifest = bundle.read_manifest((folder / bundle.MANIFEST).read_bytes())
    files = {bundle.MANIFEST: (folder / bundle.MANIFEST).read_bytes()}
    for name in manifest.files:
        stem, _, rest = name.partition(".")
        (stored,) = folder.glob(f"{stem}-*.{rest}")
        files[name] = stored.read_bytes()
    return bundle.unpack(files)


def test_forty_specs_with_unique_names() -> None:
    wanted = model_specs()
    assert len(wanted) == 40
    assert len({r.name for r in wanted}) == len({r.seed for r in wanted}) == 40
    assert {r.domain for r in wanted} == set(simulator.DOMAINS)
    for domain in simulator.DOMAINS:
        views = [r.view for r in wanted if r.domain == domain]
        assert {"full", "bare"} <= set(views)
        assert len(views) in (2, 3)


def test_the_bare_view() -> None:
    """It has the columns that nearly every table has."""
    roles = {"a": "amount", "t": "time", "c": "customer", "d": "device", "r": "risk_signal", "n": "number"}
    assert columns_of_view(roles, "transfers", "full") == list(roles)
    assert columns_of_view(roles, "transfers", "bare") == ["a", "t", "c"]
    assert columns_of_view(roles, "lending", "bare") == ["a", "r", "n"]
    assert set(simulator.DOMAINS) >= set(DOMAINS_WITHOUT_HISTORY)


def test_the_shipped_models_are_complete_and_small() -> None:
    """Forty folders, as in the index, at most 12 MB in all."""
    index = json.loads((registry.MODELS / registry.INDEX).read_text())
    assert sorted(index["models"]) == [folder.name for folder in FOLDERS]
    assert {spec.name for spec in model_specs()} == set(index["models"])
    files = [path for path in registry.MODELS.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= MOST_BYTES
    assert len(files) == 1 + 40 * 6


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_shipped_model(folder: Path) -> None:
    """Verified bytes, usable trees, measures on other tables, a profile, one calibration."""
    found = read(folder)
    assert found.name == folder.name
    assert found.version == json.loads((registry.MODELS / registry.INDEX).read_text())["version"]
    model = load_model(found.booster, found.features)
    assert isinstance(model, TransferableModel)
    assert set(model.inputs) <= set(INPUTS)
    answer = model.margin_of(np.full((3, len(INPUTS)), 0.5, dtype=np.float32))
    assert np.isfinite(answer).all()
    calibrator = Calibrator.from_json(found.calibration)
    assert calibrator is not None
    assert calibrator.prevalence(0.05).low <= calibrator.prevalence(0.05).high
    for where in ("own", "other"):
        shown = found.performance[where]
        assert shown["worlds"] >= 1
        assert 0 <= shown["roc_auc_low"] <= shown["roc_auc"] <= 1
        assert 0 <= shown["average_precision"] <= 1
        assert 0 <= shown["precision_at_1_percent"] <= 1
    assert found.performance["own"]["roc_auc"] > 0.6, "worse than meaning alone would be"


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_shipped_profile(folder: Path) -> None:
    profile = read(folder).profile
    spec = next(r for r in model_specs() if r.name == folder.name)
    assert (profile["domain"], profile["view"]) == (spec.domain, spec.view)
    assert profile["typologies"]
    assert profile["columns"]
    assert {column["role"] for column in profile["columns"]} <= set(profile["roles"]) <= set(ROLES)
    assert all(0 < share <= 1.0001 for share in profile["roles"].values())
    assert 0 < profile["prevalence"] < 0.5
    assert profile["rows"] > 1000
    # A table of anonymous numbers has few features.
    assert len(profile["quantiles"]) > (2 if folder.name == "anonymised_bare" else 10)
    for name, levels in profile["quantiles"].items():
        assert name in NAMES
        assert len(levels) == 21
        assert levels == sorted(levels), name


def test_a_flipped_byte_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / FOLDERS[0].name
    shutil.copytree(FOLDERS[0], folder)
    booster = next(folder.glob("booster-*"))
    data = bytearray(booster.read_bytes())
    data[len(data) // 2] ^= 1
    booster.write_bytes(bytes(data))
    with pytest.raises(Exception, match="sha256"):
        read(folder)


def test_registering_twice_changes_nothing(catalog: Catalog) -> None:
    assert registry.register(catalog) == 40
    changes = catalog.changes()
    first = catalog.list()
    assert registry.register(catalog) == 0
    assert catalog.changes() == changes
    assert catalog.list() == first
    assert len(first) == 40


def test_a_registered_model_opens(catalog: Catalog) -> None:
    registry.register(catalog)
    entry = catalog.find("transfers_full")
    assert open_bundle(entry.store, entry.bundle).name == "transfers_full"
    assert entry.provenance["source"] == "starter library"


def test_a_deactivated_model_stays_inactive(catalog: Catalog) -> None:
    registry.register(catalog)
    catalog.deactivate("transfers_full")
    assert registry.register(catalog) == 0
    assert "transfers_full" not in {entry.name for entry in catalog.list()}


def test_a_moved_installation(catalog: Catalog, tmp_path: Path) -> None:
    """Models get their new folder; an installation that still exists is unchanged."""
    old, new = tmp_path / "old", tmp_path / "new"
    shutil.copytree(registry.MODELS, old)
    assert registry.register(catalog, old) == 40
    shutil.copytree(old, new)
    assert registry.register(catalog, new) == 0, "both are there: the catalog need not change"
    shutil.rmtree(old)
    assert registry.register(catalog, new) == 40
    assert registry.register(catalog, new) == 0
    entry = catalog.find("lending_bare")
    assert entry.storage.bucket == str(new.resolve())
    assert open_bundle(entry.store, entry.bundle).name == "lending_bare"


@pytest.mark.parametrize("left_over", ["nothing", "empty folders"])
def test_a_catalog_of_the_version_before_the_folder_was_renamed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, left_over: str
) -> None:
    """Its rows name `vigie/library/models`; every model opens, predictions work, a rollback finds the new folder."""
    old = tmp_path / "site-packages" / "vigie" / "library" / "models"
    url = f"sqlite:///{tmp_path / 'old.sqlite'}"
    monkeypatch.setenv("DATABASE_URL", url)
    engine = database.open(url)
    registry.register(Catalog(engine))
    relocate.run(engine, (tmp_path / "store").as_uri())
    entries = Catalog(engine).list()
    with engine.begin() as connection:
        for statement in (
            "UPDATE migration_steps SET old_bucket = :old",
            "UPDATE reference_models SET storage_type = 'local', s3_bucket = :old, s3_prefix = name "
            "WHERE name LIKE 'transfers%'",
        ):
            connection.execute(sa.text(statement), {"old": str(old)})
    if left_over == "empty folders":
        for entry in entries:
            (old / entry.name).mkdir(parents=True)
    chosen = settings.load()
    load = resources.bundle_loader(chosen)
    with resources.open_catalog(chosen) as opened:
        assert {load(entry).name for entry in opened.list()} == {entry.name for entry in entries}
        moved = [e for e in opened.list() if e.name.startswith("transfers")]
        assert {e.storage.bucket for e in moved} == {str(registry.MODELS.resolve())}
        opened.relocate([(e, next(s.storage for s in entries if s.name == e.name)) for e in moved])
    done = relocate.rollback(engine, starter_models=registry.MODELS)
    assert len(done.restored) == 40
    assert {e.storage.bucket for e in Catalog(engine).list()} == {str(registry.MODELS.resolve())}
    engine.dispose()


def test_starter_models_of_an_earlier_version_are_deactivated(catalog: Catalog, tmp_path: Path) -> None:
    """They stay registered, and other models stay active."""
    name = model_specs()[0].name
    old = tmp_path / "models"
    old.mkdir()
    shutil.copytree(registry.MODELS / name, old / name)
    (old / registry.INDEX).write_text(json.dumps({"version": "0-older", "models": [name]}))
    earlier = replace(registry.read_entry(old / name), version="0-older")
    own = replace(earlier, name="our_own", provenance={"source": "training"})
    catalog.register_all([earlier, own])
    assert registry.register(catalog) == len(model_specs())
    active = {(entry.name, entry.version) for entry in catalog.list()}
    assert (name, "0-older") not in active
    assert ("our_own", "0-older") in active
    assert len(active) == len(model_specs()) + 1
    catalog.activate(name, "0-older")
    assert registry.register(catalog) == 0
    assert (name, "0-older") in {(entry.name, entry.version) for entry in catalog.list()}


def test_a_folder_without_models(catalog: Catalog, tmp_path: Path) -> None:
    """Nothing is registered."""
    assert registry.register(catalog, tmp_path) == 0
    assert catalog.list() == ()


@pytest.mark.parametrize(("domain", "view", "seed"), [("card_present", "full", 3), ("lending", "bare", 4)])
def test_samples_are_deterministic(domain: str, view: str, seed: int) -> None:
    first, again = make_sample(domain, view, seed), make_sample(domain, view, seed)
    assert isinstance(first, TrainingSample)
    assert isinstance(again, TrainingSample)
    np.testing.assert_array_equal(first.inputs, again.inputs)
    np.testing.assert_array_equal(first.label, again.label)
    np.testing.assert_array_equal(first.quantiles, again.quantiles)
    assert first.columns == again.columns
    assert 3 <= first.label.sum() <= MAX_FRAUDS
    assert 0 < (~first.label).sum() <= MAX_LEGITIMATE
    assert first.inputs.shape == (len(first.label), len(INPUTS))
    assert 0 < first.share < 0.5
    assert first.typologies
    assert "mislabelled" not in first.typologies


def test_a_view_with_too_few_columns_gives_no_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "vigie.starter_models.training_samples.columns_of_view", lambda roles, domain, view: list(roles)[:1]
    )
    assert make_sample("card_present", "full", 3) is None


def test_an_extract_has_every_fraud_and_fewer_legitimate_rows() -> None:
    whole, extract = make_sample("orders", "full", 67), make_sample("orders", "full", 67, extract=True)
    assert whole is not None
    assert extract is not None
    assert round(extract.share * extract.rows) == round(whole.share * whole.rows)
    assert extract.rows < whole.rows
    assert EXTRACT_FRAUD_SHARE[0] * 0.99 <= extract.share <= EXTRACT_FRAUD_SHARE[1] * 1.01
