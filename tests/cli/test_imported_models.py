"""An owner's AutoML folders, made without Vigie: registered, recognised under French headers, leading, calibrated."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner, Result
from tests.waiting import LIMIT

from vigie import resources, settings
from vigie.cli.commands import cli
from vigie.engine.options import Options, ScoringContext
from vigie.engine.pipeline import fit_table
from vigie.table import read

SCRIPT = Path(__file__).resolve().parents[1] / "helpers" / "automl_folders.py"
NAMES = ("transfers", "cards", "claims")


def vigie(*arguments: object) -> Result:
    """Run a command in this process."""
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The owner's folders and next files; the script that makes them cannot import Vigie."""
    place = tmp_path_factory.mktemp("owner")
    hidden = "import runpy, sys; sys.modules['vigie'] = None; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"
    subprocess.run([sys.executable, "-I", "-c", hidden, SCRIPT, place], check=True, timeout=LIMIT)
    return place


def _summary(*arguments: object) -> dict[str, Any]:
    done = vigie("predict", *arguments, "--json")
    assert done.exit_code == 0, done.stderr
    summary: dict[str, Any] = json.loads(done.stdout)
    return summary


def test_the_owners_models_lead_on_the_next_files(folders: Path, tmp_path: Path) -> None:
    """Each on its own next file, by at least nine tenths of the vote, with the scores of the original pipeline."""
    done = vigie("populate", "--from", folders / "automl_models")
    assert done.exit_code == 0, done.output
    assert "3 registered, 0 already there, 0 refused" in done.stderr
    config = settings.load()
    for name in NAMES:
        table = read(str(folders / f"{name}_next.csv"))
        with resources.open_catalog(config) as catalog:
            context = ScoringContext(catalog, resources.bundle_loader(config), Options(reasons=False))
            made = fit_table(table, context)
        leader, weight = made.fitted.scorer.members[0], made.fitted.score.weights[0]
        assert (leader.name, weight >= 0.9) == (name, True)
        assert len(leader.bound) == table.typed.width
        expected = np.load(folders / f"{name}_expected.npy")[made.fitted.inputs.order]
        own = 1 / (1 + np.exp(-made.fitted.votes[0].margin))
        np.testing.assert_allclose(own, expected, rtol=1e-5, atol=1e-6)
        whole = made.fitted.score.score
        ranks = [np.argsort(np.argsort(x, kind="stable")) for x in (whole, expected)]
        assert np.corrcoef(*ranks)[0, 1] > 0.99


def test_without_a_calibrator_and_with_one(folders: Path, tmp_path: Path) -> None:
    """First a ranking, the model's own alerts and the reason why there is no probability; then probabilities."""
    assert vigie("models", "import", folders / "automl_models" / "cards").exit_code == 0
    following, out = folders / "cards_next.csv", tmp_path / "out.csv"
    first = _summary(following, "-o", out)
    leader = first["matches"][0]
    expected = np.load(folders / "cards_expected.npy")
    assert (leader["name"], leader["skill_by"], first["calibrated"]) == ("cards", "makers", False)
    assert "vigie models calibrate cards" in first["abstained_because"]
    assert "vigie models calibrate cards" in first["abstained_because_fr"]
    assert first["alerts"] == (expected >= 0.5).sum() > 0
    assert pl.read_csv(out)["fraud_probability"].null_count() == len(expected)
    refused = vigie("models", "calibrate", "cards", "--labelled", folders / "claims_labelled.csv")
    assert refused.exit_code == 3
    assert "of the 6 columns of model cards" in refused.stderr
    done = vigie("models", "calibrate", "cards", "--labelled", folders / "cards_labelled.csv", "--json")
    assert done.exit_code == 0, done.output
    measured = json.loads(done.stdout)
    assert measured["columns"]["currency"] == "devise"
    assert 0.8 < measured["performance"]["roc_auc"] < 1
    second = _summary(following, "-o", out)
    assert second["matches"][0]["version"] in measured["registered"]
    assert (second["matches"][0]["skill_by"], second["calibrated"]) == ("held_out", True)
    probability = pl.read_csv(out)["fraud_probability"]
    assert probability.null_count() == 0
    assert abs(probability.mean() - 0.05) < 0.03
    shown = vigie("models", "show", "cards").stdout
    assert "measured on a labelled table of its owner" in shown
    again = vigie("models", "import", folders / "automl_models" / "cards")
    assert "already registered" in again.stderr
