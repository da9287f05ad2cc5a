"""Tuning: both kinds of boosters are tried and blended, and time decides only the number of trials."""

from __future__ import annotations

import numpy as np
import optuna
import polars as pl
import pytest

from vigie.roles.inference import infer
from vigie.training import splitting, tuning
from vigie.training.boosters import DEFAULT_PARAMETERS, Rows, TrainingSet


@pytest.fixture(scope="module")
def rows() -> TrainingSet:
    """Two columns and one feature, each of which explains a part."""
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(600, 3)).astype(np.float32)
    return TrainingSet(inputs, inputs.sum(axis=1) + rng.normal(size=600) > 2.2, np.ones(600))


@pytest.fixture(scope="module")
def folds(rows: TrainingSet) -> list[tuple[Rows, Rows]]:
    return splitting.folds(None, None, rows.label, 0)


def found(
    rows: TrainingSet, folds: list[tuple[Rows, Rows]], own: int, sets: int, trials: int
) -> tuning.TuningResult:
    return tuning.tune(rows, folds, own, trials=trials, seconds=1000, seed=0, threads=1, sets=sets)


def test_both_kinds_are_blended(rows: TrainingSet, folds: list[tuple[Rows, Rows]]) -> None:
    """With the default parameters among several sets, and with weights that sum to one."""
    tuned = found(rows, folds, own=2, sets=2, trials=6)
    assert [one.features for one in tuned.boosters] == [True, True, False, False]
    assert [one.parameters == DEFAULT_PARAMETERS for one in tuned.boosters] == [True, False, True, False]
    assert sum(one.weight for one in tuned.boosters) == pytest.approx(1, abs=1e-3)
    assert tuned.trials == 6


@pytest.mark.parametrize("sets", [1, 3])
def test_one_trial_gives_one_booster(rows: TrainingSet, folds: list[tuple[Rows, Rows]], sets: int) -> None:
    """No trial is left for the second kind: the first has the whole weight, and is measured."""
    tuned = found(rows, folds, own=2, sets=sets, trials=1)
    assert [(one.features, one.parameters, one.weight) for one in tuned.boosters] == [
        (True, DEFAULT_PARAMETERS, 1)
    ]
    assert tuned.trials == 1
    assert tuned.average_precision > rows.label.mean()


@pytest.mark.parametrize("own", [0, 3])
def test_without_columns_or_without_features_there_is_one_kind(
    rows: TrainingSet, folds: list[tuple[Rows, Rows]], own: int
) -> None:
    """It uses all inputs, and the best of its sets has the whole weight."""
    (only,) = found(rows, folds, own=own, sets=1, trials=3).boosters
    assert only.features
    assert only.weight == 1


def test_without_time_the_defaults_are_tried(
    rows: TrainingSet, folds: list[tuple[Rows, Rows]], capfd: pytest.CaptureFixture[str]
) -> None:
    """Each kind is tried once, whatever the budget; Optuna prints nothing, and a user's own studies still may."""
    verbosity = optuna.logging.get_verbosity()
    tuned = tuning.tune(rows, folds, 2, trials=40, seconds=0, seed=0, threads=1)
    assert tuned.trials == 2
    assert all(one.parameters == DEFAULT_PARAMETERS for one in tuned.boosters)
    assert capfd.readouterr().err == ""
    assert optuna.logging.get_verbosity() == verbosity


def test_parameters_are_tuned_on_the_last_part_of_the_time() -> None:
    """A fifth where that holds enough, up to a half where frauds are rare, else folds."""
    when = np.random.default_rng(0).permutation(1000).astype(float)
    for every, shares in ((3, [0.2]), (8, [0.5]), (20, [1 / 3] * 3)):
        fraud = np.arange(1000)[np.argsort(np.argsort(when))] % every == 0
        parts = splitting.folds(when, None, fraud, 0)
        assert [len(validated) / 1000 for _, validated in parts] == pytest.approx(shares, abs=0.01)
        if len(parts) == 1:
            fitted, validated = parts[0]
            assert when[fitted].max() < when[validated].min()


def test_a_date_in_parts_gives_the_times() -> None:
    """A table with year, month and day in separate columns is split by time, as one with a date is."""
    days = np.arange(400)
    dates = pl.Series(np.datetime64("2023-06-01") + days)
    frame = pl.DataFrame(
        {part: getattr(dates.dt, part)().cast(pl.Int64) for part in ("year", "month", "day")}
    )
    found = splitting.event_times(frame, infer(frame))
    assert found is not None
    assert (np.diff(found) == 86_400).all()
