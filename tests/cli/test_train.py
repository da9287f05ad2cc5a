"""`vigie train`: one table, and a folder of them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner, Result

from vigie.cli.commands import cli


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    """A folder with a table that can be learned from, one that cannot, and a note."""
    rng = np.random.default_rng(0)
    fraud = rng.random(1200) < 0.1
    frame = pl.DataFrame(
        {
            "montant": np.where(fraud, rng.lognormal(5, 1, 1200), rng.lognormal(3, 1, 1200)).round(2),
            "id_client": [f"C{i:04d}" for i in rng.integers(0, 150, 1200)],
            "canal": rng.choice(["web", "guichet"], 1200),
            "fraude": np.where(fraud, "oui", "non"),
        }
    )
    folder = tmp_path / "labelled"
    folder.mkdir()
    frame.write_csv(folder / "paiements.csv")
    frame.head(20).write_csv(folder / "trop_court.csv")
    (folder / "notes.md").write_text("not a table")
    return folder


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def test_a_folder_is_trained_once(tables: Path, vigie_home: Path) -> None:
    """What cannot be learned from is refused and named; a second run leaves what is there."""
    first = run("train", "--batch", tables, "--time-budget", "1", "--json")
    assert first.exit_code == 3
    rows = {row["table"]: row for row in json.loads(first.stdout)}
    assert rows["paiements.csv"]["outcome"] == "trained"
    assert rows["trop_court.csv"]["outcome"] == "refused"
    assert 0.5 < rows["paiements.csv"]["roc_auc"] <= 1
    assert len(list((vigie_home / "cards").glob("paiements-*.html"))) == 1
    second = run("train", "--batch", tables, "--time-budget", "1")
    assert "already there: paiements.csv" in second.stderr
    listed = json.loads(run("models", "show", "paiements", "--json").stdout)
    assert listed["provenance"]["source"] == "vigie train"


def test_so_many_sets_of_parameters_are_tried_and_no_more(tables: Path) -> None:
    """The same number of sets gives the same model, however long it took."""
    made = [
        json.loads(run("train", tables / "paiements.csv", "--trials", "2", "--name", name, "--json").stdout)
        for name in ("one", "two")
    ]
    first, second = (one["performance"] for one in made)
    assert first["tuning"].pop("trials") == second["tuning"].pop("trials") == 2
    for one in (first, second):
        one["tuning"].pop("seconds")
    assert first == second


def test_a_dry_run_trains_nothing(tables: Path) -> None:
    """It says what would be done: the label found by its name, the rows held out."""
    done = run("train", tables / "paiements.csv", "--dry-run", "--json")
    plan = json.loads(done.stdout)
    assert plan["label"] == "fraude"
    assert plan["held_out"]["by"] == "customer"
    assert run("models", "show", "paiements").exit_code == 4


def test_a_table_below_other_lines_is_trained_on_with_its_options(tables: Path, tmp_path: Path) -> None:
    """The options of reading are those of `predict`: a header that is named is the one that is read."""
    lines = (tables / "paiements.csv").read_text("utf-8").splitlines()
    separator = ";" if ";" in lines[0] else ","
    above = separator.join("abcdefghijklmnopqrstuvwxyz"[: len(lines[0].split(separator))])
    (tmp_path / "t.csv").write_text("\n".join([above, *lines]), "utf-8")
    assert run("train", tmp_path / "t.csv", "--dry-run").exit_code == 3
    done = run("train", tmp_path / "t.csv", "--header-row", "2", "--dry-run", "--json")
    assert json.loads(done.stdout)["label"] == "fraude"


@pytest.mark.parametrize(
    ("arguments", "code", "stated"),
    [
        ((), 2, "name either a table or --batch FOLDER"),
        (("paiements.csv", "--batch", "."), 2, "name either a table or --batch FOLDER"),
        (("--batch", "nowhere"), 4, "no folder 'nowhere'"),
        (("paiements.csv", "--label", "montant"), 3, "different values, expected two"),
        (("paiements.csv", "--label", "fraud"), 3, "no column 'fraud'"),
        (("trop_court.csv",), 3, "frauds in 20 rows"),
        (("paiements.csv", "--name", "a b"), 2, "expected letters, digits"),
    ],
)
def test_what_cannot_be_done_is_refused(
    tables: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], code: int, stated: str
) -> None:
    """By the exit code that says whose turn it is."""
    monkeypatch.chdir(tables)
    done = run("train", *arguments)
    assert done.exit_code == code
    assert stated in done.stderr
