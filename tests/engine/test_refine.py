"""Marks make the scores of a table better, a few of them a little, and contradicting ones win slowly."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner
from tests.predict.conftest import opener

from vigie import table as tables
from vigie.calibration import metrics
from vigie.catalog import Catalog
from vigie.cli.commands import cli
from vigie.db import database
from vigie.engine import pipeline, refine
from vigie.engine.options import Options, ScoringContext
from vigie.engine.output import Prediction
from vigie.errors import InputRefused, UnknownColumn, UsageRefused
from vigie.simulator import SimulatedTable, generate
from vigie.starter_models import registry

OPTIONS = Options(reasons=False)
HALF = 900
"""Rows of an earlier and of a later table."""


class Reviewer:
    """One table and what the shipped library says of it."""

    def __init__(self, catalog: Catalog, simulated: SimulatedTable) -> None:
        self.catalog, self.table, self.label = catalog, tables.from_frame(simulated.frame), simulated.label
        self.before = pipeline.predict(self.table, ScoringContext(catalog, opener, OPTIONS))

    def refined(self, marks: Mapping[int, bool]) -> Prediction:
        return refine.refine(self.table, ScoringContext(self.catalog, opener, OPTIONS), marks)

    def marked(self, count: int, seed: int = 0) -> dict[int, bool]:
        """Label the suggested rows with the truth, ten at a time."""
        marks: dict[int, bool] = {}
        found = self.before
        while len(marks) < count:
            for row in refine.suggest(found, marks, min(10, count - len(marks)), seed):
                marks[row] = bool(self.label[row])
            found = self.refined(marks) if len(marks) < count else found
        return marks

    def precision(self, found: Prediction, without: Mapping[int, bool]) -> float:
        """Average precision on the rows without a label."""
        rest = np.setdiff1d(np.arange(len(self.label)), list(without))
        return metrics.measure(self.label[rest], found.additions["fraud_score"].to_numpy()[rest])[1]


@pytest.fixture(scope="module")
def reviewer(tmp_path_factory: pytest.TempPathFactory) -> Reviewer:
    """Three thousand online payments, an eighth of them fraud, that the library ranks only moderately."""
    engine = database.open(f"sqlite:///{tmp_path_factory.mktemp('refine') / 'catalog.sqlite'}")
    catalog = Catalog(engine)
    registry.register(catalog)
    return Reviewer(catalog, generate("card_not_present", 4, 3000))


def test_marks_make_it_better(reviewer: Reviewer) -> None:
    """Thirty marks of suggested rows improve the ranking of the rows without a label."""
    marks = reviewer.marked(30)
    after = reviewer.refined(marks)
    assert reviewer.precision(after, marks) > reviewer.precision(reviewer.before, marks) + 0.05
    stated = after.summary["refined"]
    assert stated["marks"] == 30
    assert stated["frauds"] == sum(marks.values())
    assert sum(stated["weights"].values()) == pytest.approx(1, abs=1e-3)
    assert stated["new_in_top"]["rows"] > 0


@pytest.mark.parametrize("count", [1, 5, 8])
def test_a_few_marks_do_no_harm(reviewer: Reviewer, count: int) -> None:
    """On average over what is marked."""
    change = []
    for seed in range(3):
        rows = np.random.default_rng(seed).choice(len(reviewer.label), count, replace=False)
        marks = {int(row): bool(reviewer.label[row]) for row in rows}
        change.append(
            reviewer.precision(reviewer.refined(marks), marks) - reviewer.precision(reviewer.before, marks)
        )
    assert np.mean(change) > -0.02


def test_marks_that_contradict_win_slowly(reviewer: Reviewer) -> None:
    """Rows like those called fine fall, the more the more often it is said; one word alone changes little."""
    score = reviewer.before.additions["fraud_score"].to_numpy()
    best = np.argsort(-score, kind="stable")
    watched = best[60:120]

    def rank(found: Prediction) -> float:
        values = found.additions["fraud_score"].to_numpy()
        return float((values[watched][:, None] < values[None, :]).mean())

    fine = [int(row) for row in best[:60]]
    fraud = {int(row): True for row in best[1500:1510]}
    one, many = reviewer.refined({fine[0]: False}), reviewer.refined({**dict.fromkeys(fine, False), **fraud})
    assert rank(one) < rank(reviewer.before) + 0.05
    assert rank(many) > rank(reviewer.before) + 0.05
    assert many.summary["refined"]["pairs_in_order"]["before"] < 0.5
    assert many.summary["refined"]["weights"]["before"] < 0.5


def test_the_same_marks_give_the_same_scores(reviewer: Reviewer) -> None:
    """In whatever order they are given."""
    marks = {int(row): bool(reviewer.label[row]) for row in range(0, 3000, 75)}
    first = reviewer.refined(marks)
    again = reviewer.refined(dict(reversed(marks.items())))
    assert first.additions.equals(again.additions)


def test_suggestions_mix_the_most_suspicious_with_every_depth(reviewer: Reviewer) -> None:
    """Never a row that is marked, and the same ones with the same seed."""
    best = np.argsort(-reviewer.before.additions["fraud_score"].to_numpy(), kind="stable")
    marks = {int(row): True for row in best[:5]}
    rows = refine.suggest(reviewer.before, marks, 20, 1)
    assert len(set(rows)) == 20
    assert not set(rows) & set(marks)
    assert rows == refine.suggest(reviewer.before, marks, 20, 1)
    assert rows != refine.suggest(reviewer.before, marks, 20, 2)
    assert set(best[5:13].tolist()) <= set(rows)
    assert max(int(np.flatnonzero(best == row)[0]) for row in rows) > 100
    few = refine.suggest(reviewer.before, dict.fromkeys(range(2995), True), 20, 0)
    assert sorted(few) == [2995, 2996, 2997, 2998, 2999]


def test_reviewed_rows_bound_the_share_of_false_alerts(reviewer: Reviewer) -> None:
    """Rows of the reference decide how many alerts there are and teach nothing; others teach as without a bound."""
    bounded = ScoringContext(reviewer.catalog, opener, replace(OPTIONS, max_false_alerts=0.85))
    rows = refine.suggest(reviewer.before, {}, 40, bounding=True)
    assert refine.reference_of(reviewer.table)[rows].all()
    known = {row: bool(reviewer.label[row]) for row in rows}
    found = refine.refine(reviewer.table, bounded, known)
    scores = found.additions["fraud_score"]
    assert scores.equals(reviewer.before.additions["fraud_score"])
    bound, alert = found.summary["false_alert_bound"], found.additions["alert"].to_numpy() == 1
    assert bound["labelled"] == 40
    assert 0 < alert.sum() <= bound["count"]
    assert reviewer.label[alert].mean() >= 0.15
    assert not any(alert[row] for row, is_fraud in known.items() if not is_fraud)
    first = np.flatnonzero(~refine.reference_of(reviewer.table))[:30]
    more = known | {int(row): bool(reviewer.label[row]) for row in first}
    assert not refine.refine(reviewer.table, bounded, more).additions["fraud_score"].equals(scores)
    without = pipeline.predict(reviewer.table, bounded)
    assert without.summary["alerts"] == 0
    assert without.summary["false_alert_bound"]["labelled"] == 0


def test_a_number_and_a_share_of_alerts_contradict() -> None:
    """One of them decides."""
    with pytest.raises(UsageRefused, match="expected one of them"):
        Options(alert_budget=5, max_false_alerts=0.5)
    with pytest.raises(UsageRefused, match="max_false_alerts"):
        Options(max_false_alerts=1.5)


def test_marks_of_rows_that_are_not_there_are_refused(reviewer: Reviewer) -> None:
    """None at all are refused too."""
    with pytest.raises(InputRefused, match="found 2 marks of rows it does not have"):
        reviewer.refined({-1: True, 3000: False, 4: True})
    with pytest.raises(InputRefused, match="found no marks"):
        reviewer.refined({})


def test_the_command_line_learns_from_a_file(reviewer: Reviewer, tmp_path: Path) -> None:
    """Predictions in, marks by row number, predictions out with the upload untouched."""
    upload, before, after, marks = (
        tmp_path / name for name in ("in.csv", "out.csv", "better.csv", "marks.csv")
    )
    reviewer.table.frame.head(600).write_csv(upload)
    runner = CliRunner()
    assert runner.invoke(cli, ["predict", str(upload), "-o", str(before), "--no-reasons"]).exit_code == 0
    named = runner.invoke(cli, ["suggest", str(before), "-n", "12", "--json"])
    rows = [one["row"] for one in json.loads(named.stdout)]
    assert len(rows) == 12
    french = runner.invoke(cli, ["suggest", str(before), "-n", "12", "--lang", "fr"]).stdout.splitlines()
    assert french[0].split() == ["ligne", "score", "raisons"]
    assert [int(line.split()[0]) for line in french[1:]] == rows
    assert all("0," in line for line in french[1:])
    words = ["fraud" if reviewer.label[row - 1] else "fine" for row in rows]
    pl.DataFrame({"row": rows, "verdict": words}).write_csv(marks)
    done = runner.invoke(cli, ["refine", str(before), "--labels", str(marks), "-o", str(after), "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["refined"]["marks"] == 12
    first, second = (pl.read_csv(path, infer_schema_length=0) for path in (before, after))
    assert second.columns == first.columns
    assert second.select(first.columns[:-7]).equals(first.select(first.columns[:-7]))
    assert not second["fraud_score"].equals(first["fraud_score"])


@pytest.mark.parametrize(
    ("document", "error", "stated"),
    [
        ("row,fraud\n1,1\n1,0\n", InputRefused, "row 1 both as fraud and as fine"),
        ("row,fraud\n1,blue\n2,0\n", InputRefused, "1 cells that mean neither fraud nor legitimate"),
        ("row,fraud,who\n1,1,ann\n", InputRefused, "expected a row and its label"),
        ("thing,fraud\n1,1\n2,0\n", InputRefused, "expected a row and its label"),
        ("id,fraud\nA1,1\nB9,0\n", InputRefused, "found 1 values that no row of the predictions has"),
    ],
    ids=["contradiction", "colour", "three columns", "no key", "unknown id"],
)
def test_a_file_of_marks_that_makes_no_sense_is_refused(
    tmp_path: Path, document: str, error: type[Exception], stated: str
) -> None:
    """By file, column and count, never by value."""
    from vigie import settings
    from vigie.cli.refine import read_labels

    labels = tmp_path / "marks.csv"
    labels.write_text(document)
    table = tables.from_frame(pl.DataFrame({"id": ["A1", "A2", "A3"], "amount": [1.0, 2.5, 3.0]}))
    with pytest.raises(error, match=stated):
        read_labels(table, str(labels), None, settings.load())
    with pytest.raises(UnknownColumn):
        read_labels(table, str(labels), "nothing", settings.load())


def test_a_file_that_is_no_prediction_is_refused(tmp_path: Path) -> None:
    """Its last columns are not ours."""
    path = tmp_path / "upload.csv"
    path.write_text("id,amount\nA1,3\nA2,4\n")
    done = CliRunner().invoke(cli, ["suggest", str(path)])
    assert done.exit_code == 3
    assert "not those that `vigie predict` writes" in done.stderr


def test_labels_of_an_earlier_table_improve_a_later_one(reviewer: Reviewer, tmp_path: Path) -> None:
    """Alone and beside its own, also by the command line; a table with other columns is refused."""
    height = 2 * HALF
    earlier, later = (tables.from_frame(reviewer.table.frame[start : start + HALF]) for start in (0, HALF))
    context = ScoringContext(reviewer.catalog, opener, OPTIONS)
    rng = np.random.default_rng(0)
    rows = np.r_[rng.permutation(np.flatnonzero(reviewer.label[:HALF]))[:20], rng.permutation(HALF)[:40]]
    labels = {int(row): bool(reviewer.label[row]) for row in rows}
    truth = reviewer.label[HALF:height]
    source = refine.EarlierTable(earlier, labels)
    before = pipeline.predict(later, context)
    after = refine.refine(later, context, {}, source)
    found = [metrics.measure(truth, one.additions["fraud_score"].to_numpy())[1] for one in (before, after)]
    assert found[1] > found[0] + 0.05
    assert after.summary["refined"]["marks"] == 0
    assert after.summary["refined"]["earlier"] == {
        "source": earlier.source,
        "marks": len(labels),
        "frauds": sum(labels.values()),
    }
    both = refine.refine(later, context, {0: bool(truth[0])}, source)
    assert both.summary["refined"]["marks"] == 1
    assert not both.additions.equals(after.additions)
    other = tables.from_frame(reviewer.table.frame.rename({reviewer.table.frame.columns[0]: "other"}))
    with pytest.raises(InputRefused, match="other columns"):
        refine.refine(later, context, {}, refine.EarlierTable(other, labels))

    names = [tmp_path / f"{name}.csv" for name in ("earlier", "later", "labels", "out")]
    for path, prediction in zip(names, (pipeline.predict(earlier, context), before), strict=False):
        tables.write(prediction.table, prediction.additions, path)
    names[2].write_text("row,fraud\n" + "".join(f"{row + 1},{int(fraud)}\n" for row, fraud in labels.items()))
    run = CliRunner().invoke(
        cli,
        [
            "refine",
            str(names[1]),
            "--earlier",
            str(names[0]),
            "--earlier-labels",
            str(names[2]),
            "-o",
            str(names[3]),
            "--json",
        ],
    )
    assert run.exit_code == 0, run.output
    assert json.loads(run.stdout)["refined"]["earlier"]["marks"] == len(labels)
