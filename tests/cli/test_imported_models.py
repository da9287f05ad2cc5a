"""An owner's AutoML folders, made without Vigie: registered, recognised under French headers, leading, calibrated."""

from __future__ import annotations

import json
import re
import shutil
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
from vigie.cli.migrate import to_bucket
from vigie.engine.options import Options, ScoringContext
from vigie.engine.pipeline import fit_table
from vigie.stores.open import connect
from vigie.table import read

SCRIPT = Path(__file__).resolve().parents[1] / "helpers" / "automl_folders.py"
NAMES = ("transfers", "cards", "claims")
TRUSTED = """
import sys, joblib, xgboost
path = sys.argv[1] + "/xgboost_model.joblib"
joblib.dump(joblib.load(path).set_params(callbacks=[xgboost.callback.EarlyStopping(rounds=3)]), path)
"""
OWN_CLASS = """
import sys, joblib
class Engineer:
    def __init__(self, inner):
        self.inner = inner
    def transform(self, rows):
        return self.inner.transform(rows) * 2
path = sys.argv[1] + "/feature_engineer.joblib"
joblib.dump(Engineer(joblib.load(path)), path)
"""


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
    assert "vigie models calibrate cards" in first["abstained_because_fr"] != first["abstained_because"]
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


@pytest.mark.parametrize("server", ["s3", pytest.param("radosgw", marks=pytest.mark.radosgw)])
def test_a_migration_before_the_models_are_registered(
    folders: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
    server: str,
) -> None:
    """It says what is not registered; --register registers it first, and --only own leaves out what comes with Vigie."""
    bucket = str(request.getfixturevalue(server)).removeprefix("s3://")
    monkeypatch.chdir(folders)
    (folders / "data").mkdir(exist_ok=True)
    if not (folders / "data" / "automl_models").exists():
        (folders / "data" / "automl_models").symlink_to(folders / "automl_models")

    def move(*arguments: str) -> Result:
        return CliRunner().invoke(
            to_bucket, ["--bucket", bucket, "--prefix", server, "--only", "own", *arguments]
        )

    first = move()
    assert first.exit_code == 0, first.output
    assert "3 models in data/automl_models are not registered: cards, claims, transfers" in first.stderr
    assert "--register" in first.stderr
    assert "all 0 models" in first.stdout
    second = move("--register")
    assert second.exit_code == 0, second.output
    assert "3 models in, 3 out" in second.stdout
    assert "3 of them are yours\n" in second.stdout
    stored = [head.key for head in connect(f"s3://{bucket}/{server}").list("")]
    assert len(stored) == 3 * (5 + 1), "five files and a manifest of each"
    everything = CliRunner().invoke(to_bucket, ["--bucket", bucket, "--prefix", server, "--dry-run"])
    assert "3 of them are yours, 40 come with Vigie" in everything.stdout
    assert "not registered" not in everything.stderr
    found = _summary(folders / "claims_next.csv", "-o", tmp_path / "out.csv", "--only", "own")
    assert [match["name"] for match in found["matches"]] == ["claims"]


def test_populate_takes_trust(folders: Path, tmp_path: Path) -> None:
    """A file with names that are not allowed is loaded where its digest is given; own classes are refused either way."""
    for name, value in {"trusted": "callback", "own": "class"}.items():
        place = tmp_path / "models" / name
        shutil.copytree(folders / "automl_models" / "cards", place)
        script = TRUSTED if value == "callback" else OWN_CLASS
        subprocess.run([sys.executable, "-c", script, place], check=True, timeout=LIMIT)
    first = vigie("populate", "--from", tmp_path / "models")
    assert first.exit_code == 3
    assert "0 registered, 0 already there, 2 refused" in first.stderr
    own, trusted = first.stderr.split("refused: trusted")
    assert "feature_engineer.joblib: found __main__.Engineer" in own
    assert "trusted or not" in own
    assert "xgboost_model.joblib" in trusted
    (digest,) = re.findall("--trust ([0-9a-f]{64})", first.stderr)
    requested = vigie("populate", "--from", tmp_path / "models", "--trust", digest)
    assert (requested.exit_code, "--yes" in requested.stderr) == (2, True)
    second = vigie("populate", "--from", tmp_path / "models", "--trust", digest, "--yes")
    assert "1 registered, 0 already there, 1 refused" in second.stderr
