"""A damaged model does not vote; the others do, and a warning names it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner
from tests.predict.conftest import opener

from vigie import resources, settings, table
from vigie.bundles.bundle import Bundle
from vigie.catalog import Catalog, ModelVersion, StorageLocation
from vigie.cli.commands import cli
from vigie.engine import pipeline
from vigie.engine.backends import spill
from vigie.engine.backends.disk import DiskBackend
from vigie.engine.options import Options, ScoringContext
from vigie.engine.output import Prediction
from vigie.errors import DamagedBundle, NewerBundle, StoreUnavailable, VigieError
from vigie.i18n.translator import Translator
from vigie.simulator import SimulatedTable

DAMAGED = DamagedBundle("x", "booster.ubj.zst", found="other bytes", expected="those registered")
NEWER = NewerBundle("x", found=9, newest=1)


def without(names: set[str], error: VigieError) -> object:
    """Return a loader that cannot load some models."""

    def load(entry: ModelVersion) -> Bundle:
        if entry.name in names:
            raise error
        return opener(entry)

    return load


def predict(catalog: Catalog, frame: pl.DataFrame, load: object) -> Prediction:
    """Score a table with a loader."""
    return pipeline.predict(table.from_frame(frame), ScoringContext(catalog, load, Options()))  # type: ignore[arg-type]


@pytest.mark.parametrize("error", [DAMAGED, NEWER])
@pytest.mark.parametrize("position", [0, 2])
def test_the_others_vote(
    catalog: Catalog,
    simulated: SimulatedTable,
    scored: Prediction,
    quick: None,
    error: VigieError,
    position: int,
) -> None:
    """Also when the best match is the damaged one; the result is the same every time."""
    names = [match["name"] for match in scored.summary["matches"]]
    assert len(names) == 3
    assert "warnings" not in scored.summary
    load = without({names[position]}, error)
    found = predict(catalog, simulated.frame, load)
    assert [m["name"] for m in found.summary["matches"]] == [n for n in names if n != names[position]]
    (warning,) = found.summary["warnings"]
    assert names[position] in Translator("en").message(warning)
    assert "ne vote pas" in Translator("fr").message(warning)
    assert found.additions.height == simulated.frame.height
    assert found.additions.equals(predict(catalog, simulated.frame, load).additions)


def test_a_table_longer_than_memory(
    catalog: Catalog, simulated: SimulatedTable, scored: Prediction, quick: None, tmp_path: Path
) -> None:
    """The passes over the disk give the same warning."""
    name = scored.summary["matches"][1]["name"]
    rows = spill.spill_table(table.from_frame(simulated.frame), tmp_path / "typed")
    context = ScoringContext(catalog, without({name}, DAMAGED))  # type: ignore[arg-type]
    found = pipeline.predict_out_of_core(DiskBackend(rows, tmp_path, context.sizes), context)
    assert name in Translator("en").message(found.summary["warnings"][0])
    assert len(found.summary["matches"]) == 2


def test_no_model_is_left(
    catalog: Catalog, simulated: SimulatedTable, scored: Prediction, quick: None
) -> None:
    """Then there is an error, not a result of the anomaly score alone."""
    names = {match["name"] for match in scored.summary["matches"]}
    with pytest.raises(DamagedBundle):
        predict(catalog, simulated.frame, without(names, DAMAGED))


def test_a_store_that_cannot_be_read_is_an_error(
    catalog: Catalog, simulated: SimulatedTable, scored: Prediction, quick: None
) -> None:
    """It may be back in a minute, and the result must not depend on that."""
    name = scored.summary["matches"][0]["name"]
    with pytest.raises(StoreUnavailable):
        predict(catalog, simulated.frame, without({name}, StoreUnavailable("away")))


def test_the_command_names_the_model(
    simulated: SimulatedTable, scored: Prediction, quick: None, tmp_path: Path, vigie_home: Path
) -> None:
    """On the report and in the JSON, with files that are missing from a store."""
    name = scored.summary["matches"][0]["name"]
    with resources.open_catalog(settings.load()) as catalog:
        entry = catalog.find(name)
        copy = tmp_path / "store" / name
        shutil.copytree(Path(entry.storage.bucket) / entry.storage.prefix, copy)
        next(copy.glob("booster-*")).unlink()
        catalog.relocate([(entry, StorageLocation("local", str(tmp_path / "store"), name))])
    source = tmp_path / "table.csv"
    simulated.frame.head(400).write_csv(source)
    done = CliRunner().invoke(cli, ["predict", str(source), "-o", str(tmp_path / "out.csv")])
    assert done.exit_code == 0, done.output
    assert f"Warning: the model '{name}" in " ".join(done.stdout.split())
    done = CliRunner().invoke(cli, ["predict", str(source), "-o", str(tmp_path / "out.csv"), "--json"])
    assert json.loads(done.stdout)["warnings"][0]["values"]["model"].startswith(name)
